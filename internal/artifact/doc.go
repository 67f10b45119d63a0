// SPDX-License-Identifier: Apache-2.0

// Package artifact keeps snapshots and orders in OCI registries (OCI image
// specification 1.1, distribution specification 1.1) with oras-go. The same
// code speaks to the embedded registry over mutual TLS and to any conformant
// registry by its address.
//
// A registry is transport: whoever holds it can delay, not lie. Every byte
// read here is compared with a digest the caller took from a signed order,
// except the order itself, which package trust verifies.
package artifact
