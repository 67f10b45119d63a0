// SPDX-License-Identifier: Apache-2.0

// Package delta makes and applies patches between two snapshots of one list, so that
// an update moves what changed and no more.
//
// # Format
//
// Integers are uvarint and zigzag varint of encoding/binary. A frame is {uvarint plain
// size, and if that is not 0: uvarint length, frame of Zstandard (RFC 8878)}, where
// said with a raw dictionary as `zstd --patch-from` has.
//
//	magic    8 bytes   "FLDELT1\n"
//	from     32 bytes  SHA-256 of the old file
//	to       32 bytes  SHA-256 of the new file
//	head     frame with the old header as dictionary, of
//	         {uvarint length, new header, for each shard {varint rows, varint bytes} more than before}
//	batches  until every shard is covered:
//	         uvarint shards  how many more shards it covers
//	         frame of steps
//	         frame of rows, with old rows as dictionary
//
// The steps of a batch go through the old rows of its shards. Each is a uvarint, how
// many rows to keep times 4 plus what comes then: 0 one row is replaced, 1 one is
// inserted, 2 one is dropped, 3 {uvarint dropped, uvarint inserted} follow. What is
// left after the last step is kept. The rows that are inserted, with their lengths,
// are the frame of rows.
//
// Its dictionary is what both sides have of the old file: pieces of the whole of it, and
// then the rows that the batch drops. The old version of a changed row is among the latter,
// near at hand, so a small change costs a few bytes; a row that is new finds the words
// that the list is made of in the former. An encoder that gets the whole new shard with
// the old one before it finds the same, and spends ten times the time to find what
// has not changed, which a walk over rows sorted by id knows.
//
// The dictionary stays below 1 MiB unless one shard drops over 384 KiB: the hash
// tables of the encoder cover no more, and lose old bytes without an error.
//
// Old and new have the same number of shards, or there is no patch.
package delta

import (
	"errors"
	"slices"

	"github.com/frontline-screening/frontline/internal/snapshot"
)

const (
	// BatchSize is how many bytes of rows a batch drops and inserts, from which on
	// the next shard begins another.
	BatchSize = 256 << 10
	// MaxBatch is how many bytes a batch may drop, and how many it may insert.
	MaxBatch = 32 << 20
	// MaxShare is how large a patch may be, in percent of the new file compressed by itself.
	MaxShare = 40

	hashSize = 32
	// pieces of pieceSize bytes each are the part of the dictionary every batch has.
	pieces, pieceSize = 32, 12 << 10
)

var (
	// ErrNoDelta is wrapped by Cut when a copy serves better than a patch.
	ErrNoDelta = errors.New("no patch between these snapshots")
	// ErrBase is wrapped by Apply when the patch is for another old file.
	ErrBase = errors.New("patch is for another snapshot")
	// ErrMalformed is wrapped by Apply when the patch is damaged or over a limit.
	ErrMalformed = errors.New("patch is malformed")
)

var magic = []byte("FLDELT1\n")

// What follows the rows that a step keeps.
const (
	replaceOne = iota
	insertOne
	dropOne
	many
)

// maxSize is how large the new file may be.
func maxSize(before int64) int64 { return 8*before + 64<<20 }

// sample is the part of the dictionary every batch has: pieces of the old rows at
// equal distances, or all of them when they are few.
func sample(before *snapshot.Snapshot) []byte {
	rows := before.Raw()[len(before.Head()):]
	if len(rows) <= pieces*pieceSize {
		return slices.Clip(rows)
	}
	dict := make([]byte, 0, pieces*pieceSize)
	for i := range pieces {
		at := int(int64(len(rows)-pieceSize) * int64(i) / (pieces - 1))
		dict = append(dict, rows[at:at+pieceSize]...)
	}
	return slices.Clip(dict)
}
