// SPDX-License-Identifier: Apache-2.0

// Package snapshot writes and reads the file a matcher searches: the rows of one
// release in one deterministic order. The same records, given in any order, become
// the same bytes, so a release is known by its digest.
//
// # Layout
//
// Integers are little-endian; uvarint is that of encoding/binary.
//
//	magic    8 bytes  "FLSNAP2\n"
//	length   uint32   size of the header in bytes
//	header   JSON     Meta: keys in the order of the struct, no space
//	table    shards x {rows uint32, bytes uint32}
//	rows     for each shard, for each of its rows in order of id: uvarint length, row
//
// The number of shards is a power of two from MinShards to MaxShards: the smallest
// for which every shard of more than one row has at most ShardSize bytes. A row's
// shard is the number in the top bits of the SHA-256 of its id.
//
// Rows hold no offset into the file and the table no digest, so a shard is the same
// bytes wherever it stands, and a later version of a list can be sent as what changed
// in the shards that changed. What proves a file is the digest of the whole; the
// header's salt, secret as the content is, keeps the digest from confirming a guess.
package snapshot

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"math/bits"
	"time"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

const (
	// MinShards and MaxShards bound how many shards the rows are grouped into.
	MinShards, MaxShards = 256, 65536
	// ShardSize is how many bytes a shard of more than one row has at most, below MaxShards.
	ShardSize = 1 << 20
	// MaxRow is how many bytes one row may have.
	MaxRow = 16 << 20
	// FormatVersion is the version of the layout this package writes and reads.
	FormatVersion = 2
	// Producer names what turns records into rows. It changes when the same records would become other bytes.
	Producer = "frontline-snapshot/2"

	maxHeader = 64 << 10
	maxSalt   = 64
	entrySize = 4 + 4
)

var magic = []byte("FLSNAP2\n")

// ErrStorage is wrapped by a Builder when a folder fails it, not the list.
var ErrStorage = errors.New("snapshot cannot be written")

// Meta is the header of a snapshot. It holds only what is content: no clock, no host,
// no build. FormatVersion, Builder, Shards and the counts are set by Builder.
type Meta struct {
	FormatVersion int    `json:"formatVersion"`
	Builder       string `json:"builder"`
	// Format is the publisher's format the rows were read from.
	Format watchlist.Format `json:"format"`
	// ListDate is the publisher's own date of the content.
	ListDate time.Time `json:"listDate,omitzero"`
	// Salt is a secret of the feed in hexadecimal digits; empty outside of a hub.
	Salt string `json:"salt,omitempty"`
	// Shards is the number of shards.
	Shards   int `json:"shards"`
	Records  int `json:"records"`
	Persons  int `json:"persons"`
	Entities int `json:"entities"`
	Objects  int `json:"objects"`
}

func (m *Meta) count(t watchlist.Type) bool {
	switch t {
	case watchlist.Person:
		m.Persons++
	case watchlist.Entity:
		m.Entities++
	case watchlist.Object:
		m.Objects++
	default:
		return false
	}
	m.Records++
	return true
}

// Built is a finished snapshot.
type Built struct {
	// Path is where Builder.Finish wrote the file.
	Path string
	// Bytes is the whole file, from Build alone.
	Bytes []byte
	// Digest is sha256:HEX of the file.
	Digest string
	// RowsDigest is sha256:HEX of the salt and all that follows the header: equal for
	// two lists of the same records, whatever the publisher's date.
	RowsDigest string
	Meta       Meta
	// Records is the number of rows, Size the length of the file.
	Records int
	Size    int64
}

// ShardOf is the shard of a record's id among so many, a power of two.
func ShardOf(id string, shards int) int {
	return shardOf(prefixOf([]byte(id)), shards)
}

// prefixOf is the finest shard of an id: the first 16 bits of its SHA-256.
func prefixOf(id []byte) uint16 {
	sum := sha256.Sum256(id)
	return binary.BigEndian.Uint16(sum[:])
}

func shardOf(prefix uint16, shards int) int {
	return int(prefix) >> (16 - bits.TrailingZeros(uint(shards)))
}

func validShards(n int) bool {
	return n >= MinShards && n <= MaxShards && n&(n-1) == 0
}

// AppendHead appends all that stands before the first row, given the rows and bytes
// of each of the header's shards. Readers of patches make the head of a new file by it.
func AppendHead(dst, header []byte, rows, sizes []uint32) []byte {
	dst = append(dst, magic...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(header)))
	dst = append(dst, header...)
	for i := range rows {
		dst = binary.LittleEndian.AppendUint32(dst, rows[i])
		dst = binary.LittleEndian.AppendUint32(dst, sizes[i])
	}
	return dst
}

func encodeHeader(m Meta) ([]byte, error) {
	header, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("snapshot: header: %w", err)
	}
	return header, nil
}

func digestOf(h hash.Hash) string { return "sha256:" + hex.EncodeToString(h.Sum(nil)) }
