// SPDX-License-Identifier: Apache-2.0

// Package artifact keeps snapshots and orders in OCI registries (OCI image
// specification 1.1, distribution specification 1.1) with oras-go. The same
// code speaks to the embedded registry over mutual TLS and to any conformant
// registry by its address.
//
// # Layout of a release
//
// A release of a feed for a region is one artifact, complete in itself, tagged
// "v" and its number in the repository of feed and region. Its layers are the
// groups of a base, which put together are the file of some release, and deltas
// between files. Its configuration (Config) says which ways lead from the base,
// or from a file at hand, to the content of the release. So an update moves the
// configuration and one delta; whoever holds nothing fetches base and deltas.
//
// Everything is sealed with age to the region's key of an epoch, the
// configuration to the hub too. Sealing is random, so a cut keeps the
// ciphertext of plaintext that has not changed: each layer's annotation names
// its plaintext by a keyed digest (package feedkey).
//
// A registry is transport: whoever holds it can delay, not lie. Every byte
// read here is compared with a digest the caller took from a signed order,
// except the order itself, which package trust verifies.
package artifact
