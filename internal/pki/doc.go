// SPDX-License-Identifier: Apache-2.0

// Package pki is the small certificate authority of an installation: the hub
// has one for its registry and gateway, each region has one for its own
// workloads. It issues leaf certificates that carry a SPIFFE id, pins keys by
// their SubjectPublicKeyInfo, and builds the TLS configurations of both ends
// of a connection.
//
// No function reads the wall clock: each takes the time, so that certificates
// can be issued and judged at any moment in a test.
package pki
