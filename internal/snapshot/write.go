// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

const (
	// Shards is how many shards the rows of every snapshot are grouped into.
	Shards = 256
	// FormatVersion is the version of the layout this package writes and reads.
	FormatVersion = 1
	// Builder names what turns records into rows. It changes when the same records would become other bytes.
	Builder = "frontline-snapshot/1"

	maxHeader = 64 << 10
	entrySize = 4 + 8 + sha256.Size
)

var magic = []byte("FLSNAP1\n")

// Meta is the header of a snapshot. It holds only what is content: no clock, no host,
// no build. Counts and FormatVersion are set by Write.
type Meta struct {
	FormatVersion int    `json:"formatVersion"`
	Builder       string `json:"builder"`
	// Format is the publisher's format the rows were read from.
	Format watchlist.Format `json:"format"`
	// ListDate is the publisher's own date of the content.
	ListDate time.Time `json:"listDate,omitzero"`
	Records  int       `json:"records"`
	Persons  int       `json:"persons"`
	Entities int       `json:"entities"`
	Objects  int       `json:"objects"`
}

// Built is a finished snapshot.
type Built struct {
	// Bytes is the whole file.
	Bytes []byte
	// Digest is sha256:HEX of Bytes.
	Digest string
	// RowsDigest is sha256:HEX over the shard table alone: equal for two lists of the
	// same records, whatever the publisher's date.
	RowsDigest string
	Meta       Meta
	// Records is the number of rows, Size the length of Bytes.
	Records int
	Size    int64
}

// Build makes a snapshot in memory. It is Write with its digests.
func Build(meta Meta, records []watchlist.Record) (Built, error) {
	var buf bytes.Buffer
	sum := sha256.New()
	meta, rows, err := write(io.MultiWriter(&buf, sum), meta, records)
	if err != nil {
		return Built{}, err
	}
	return Built{
		Bytes:  buf.Bytes(),
		Digest: digestOf(sum), RowsDigest: rows,
		Meta: meta, Records: meta.Records, Size: int64(buf.Len()),
	}, nil
}

// Write writes a snapshot of the records, which may be in any order and are not
// changed. Two records of the same id are refused: which of them is right is the
// publisher's to say. The error names their places in the input, not their content.
func Write(w io.Writer, meta Meta, records []watchlist.Record) error {
	_, _, err := write(w, meta, records)
	return err
}

// ShardOf is the shard of a record's id.
func ShardOf(id string) int {
	sum := sha256.Sum256([]byte(id))
	return int(sum[0])
}

type placed struct {
	index int
	shard int
}

func write(w io.Writer, meta Meta, records []watchlist.Record) (Meta, string, error) {
	order, err := arrange(records)
	if err != nil {
		return meta, "", err
	}
	meta.FormatVersion, meta.Builder, meta.ListDate = FormatVersion, Builder, meta.ListDate.UTC()
	meta.Records, meta.Persons, meta.Entities, meta.Objects = len(records), 0, 0, 0
	shards := make([][]byte, Shards)
	rows := make([]uint32, Shards)
	var row []byte
	for _, p := range order {
		r := &records[p.index]
		switch r.Type {
		case watchlist.Person:
			meta.Persons++
		case watchlist.Entity:
			meta.Entities++
		case watchlist.Object:
			meta.Objects++
		default:
			return meta, "", fmt.Errorf("record %d has no known type; the parser must set Person, Entity or Object", p.index+1)
		}
		row = appendRow(row[:0], r)
		shards[p.shard] = append(binary.AppendUvarint(shards[p.shard], uint64(len(row))), row...)
		rows[p.shard]++
	}
	header, err := json.Marshal(meta)
	if err != nil {
		return meta, "", fmt.Errorf("header: %w", err)
	}
	table := make([]byte, 0, Shards*entrySize)
	for i, body := range shards {
		sum := sha256.Sum256(body)
		table = binary.LittleEndian.AppendUint32(table, rows[i])
		table = binary.LittleEndian.AppendUint64(table, uint64(len(body)))
		table = append(table, sum[:]...)
	}
	head := append(slices.Clone(magic), binary.LittleEndian.AppendUint32(nil, uint32(len(header)))...)
	for _, part := range append([][]byte{head, header, table}, shards...) {
		if _, err := w.Write(part); err != nil {
			return meta, "", fmt.Errorf("write snapshot: %w", err)
		}
	}
	sum := sha256.New()
	sum.Write(table)
	return meta, digestOf(sum), nil
}

// arrange orders records by shard, then id.
func arrange(records []watchlist.Record) ([]placed, error) {
	if len(records) > 1<<31-1 {
		return nil, errors.New("a snapshot holds at most 2^31-1 records; split the list")
	}
	order := make([]placed, len(records))
	for i := range records {
		if records[i].ID == "" {
			return nil, fmt.Errorf("record %d has no id; every record needs the list's own reference", i+1)
		}
		order[i] = placed{index: i, shard: ShardOf(records[i].ID)}
	}
	slices.SortFunc(order, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.shard, b.shard), cmp.Compare(records[a.index].ID, records[b.index].ID), cmp.Compare(a.index, b.index))
	})
	for i := 1; i < len(order); i++ {
		if records[order[i].index].ID == records[order[i-1].index].ID {
			return nil, fmt.Errorf("records %d and %d have the same id; the list is ambiguous, ask its publisher for a corrected one",
				order[i-1].index+1, order[i].index+1)
		}
	}
	return order, nil
}

func digestOf(h hash.Hash) string { return "sha256:" + hex.EncodeToString(h.Sum(nil)) }
