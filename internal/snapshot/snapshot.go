// SPDX-License-Identifier: Apache-2.0

// Package snapshot writes and reads the file a matcher searches: the rows of one
// release in one deterministic order. The same records, given in any order, become
// the same bytes, so a release is known by its digest.
//
// # Layout
//
// Integers are little-endian; uvarint is that of encoding/binary.
//
//	magic    8 bytes  "FLSNAP1\n"
//	length   uint32   size of the header in bytes
//	header   JSON     Meta, canonical: keys in the order of the struct, no space
//	table    256 x    {rows uint32, bytes uint64, sha256 [32]byte} for each shard
//	rows     for shard 0 … 255, for each row in order of id: uvarint length, row
//
// A row's shard is the first byte of the SHA-256 of its id. Rows hold no offset into
// the file, so a shard is the same bytes wherever it stands: a later version of a list
// can be sent as the shards that changed.
package snapshot
