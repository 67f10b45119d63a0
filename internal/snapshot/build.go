// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

// BuilderOptions are how a Builder works; none changes the rows.
type BuilderOptions struct {
	// Dir is the folder for rows that do not fit in memory. Empty keeps all in memory.
	Dir string
	// Salt goes into the header: a secret of the feed, at most 64 bytes.
	Salt []byte
	// Memory is how many bytes of rows are kept before they go to Dir; 32 MiB if 0.
	Memory int
}

const defaultMemory = 32 << 20

// Builder makes a snapshot of records given one by one, in any order. It keeps no
// record: rows are encoded at once, grouped by the first byte of their id's hash, and
// sorted a group at a time when the file is written. It is used by one goroutine.
type Builder struct {
	meta   Meta
	sorter sorter
	// rows and sizes count each of the finest shards.
	rows, sizes []uint32
	row         []byte
	places      int
	failed      error
}

// NewBuilder starts a snapshot. Of meta it takes Format and ListDate. The caller
// calls Close, after Finish too.
func NewBuilder(meta Meta, o BuilderOptions) (*Builder, error) {
	if len(o.Salt) > maxSalt {
		return nil, fmt.Errorf("snapshot: salt of %d bytes, at most %d", len(o.Salt), maxSalt)
	}
	if o.Memory <= 0 {
		o.Memory = defaultMemory
	}
	return &Builder{
		meta: Meta{
			FormatVersion: FormatVersion, Builder: Producer,
			Format: meta.Format, ListDate: meta.ListDate.UTC(), Salt: hex.EncodeToString(o.Salt),
		},
		sorter: sorter{dir: o.Dir, limit: o.Memory},
		rows:   make([]uint32, MaxShards),
		sizes:  make([]uint32, MaxShards),
	}, nil
}

// SetListDate sets the publisher's date, which a parser tells when it is done.
func (b *Builder) SetListDate(date time.Time) { b.meta.ListDate = date.UTC() }

// Records is how many records were added so far.
func (b *Builder) Records() int { return b.meta.Records }

// Add encodes a record. An error names its place in the input, not its content; after
// one, every call fails.
func (b *Builder) Add(r *watchlist.Record) error {
	b.row = appendRow(b.row[:0], r)
	return b.add(r.Type, []byte(r.ID), b.row)
}

func (b *Builder) add(t watchlist.Type, id, row []byte) error {
	if b.failed != nil {
		return b.failed
	}
	b.places++
	b.failed = b.put(t, id, row)
	return b.failed
}

func (b *Builder) put(t watchlist.Type, id, row []byte) error {
	switch {
	case b.places > math.MaxInt32:
		return errors.New("a snapshot holds at most 2^31-1 records; split the list")
	case len(id) == 0:
		return fmt.Errorf("record %d has no id; every record needs the list's own reference", b.places)
	case len(row) > MaxRow:
		return fmt.Errorf("record %d has %d bytes, at most %d; the publisher's templates or texts are too long", b.places, len(row), MaxRow)
	case !b.meta.count(t):
		return fmt.Errorf("record %d has no known type; the parser must set Person, Entity or Object", b.places)
	}
	prefix := prefixOf(id)
	size := uint64(b.sizes[prefix]) + uint64(uvarintLen(len(row))+len(row))
	if size > math.MaxUint32 {
		return fmt.Errorf("record %d: its shard is over 4 GiB; split the list", b.places)
	}
	b.rows[prefix]++
	b.sizes[prefix] = uint32(size)
	return b.sorter.put(prefix, b.places, row)
}

// Finish sorts the rows and writes the file by rename, readable by its owner alone.
// Two records of the same id are refused: which of them is right is the publisher's
// to say. The error names their places in the input.
func (b *Builder) Finish(path string) (Built, error) {
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o600))
	if err != nil {
		return Built{}, fmt.Errorf("%w: %w", ErrStorage, err)
	}
	defer func() { _ = f.Cleanup() }()
	w := bufio.NewWriterSize(f, 1<<20)
	built, err := b.finish(w)
	if err != nil {
		return Built{}, err
	}
	if err := w.Flush(); err != nil {
		return Built{}, fmt.Errorf("%w: %w", ErrStorage, err)
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return Built{}, fmt.Errorf("%w: %w", ErrStorage, err)
	}
	built.Path = path
	return built, nil
}

func (b *Builder) finish(w io.Writer) (Built, error) {
	if b.failed != nil {
		return Built{}, b.failed
	}
	b.failed = errors.New("snapshot: the builder has finished; make another one")
	b.meta.Shards = chooseShards(b.rows, b.sizes)
	header, err := encodeHeader(b.meta)
	if err != nil {
		return Built{}, err
	}
	rows, sizes := fold(b.rows, b.meta.Shards), fold(b.sizes, b.meta.Shards)
	head := AppendHead(nil, header, rows, sizes)
	whole, content := sha256.New(), sha256.New()
	content.Write([]byte(b.meta.Salt))
	content.Write(head[len(magic)+4+len(header):])
	out := &counter{w: io.MultiWriter(w, whole)}
	if _, err := out.Write(head); err != nil {
		return Built{}, fmt.Errorf("%w: %w", ErrStorage, err)
	}
	if err := b.sorter.each(b.meta.Shards, func(row []byte) error {
		content.Write(row)
		if _, err := out.Write(row); err != nil {
			return fmt.Errorf("%w: %w", ErrStorage, err)
		}
		return nil
	}); err != nil {
		return Built{}, err
	}
	return Built{
		Digest: digestOf(whole), RowsDigest: digestOf(content),
		Meta: b.meta, Records: b.meta.Records, Size: out.n,
	}, nil
}

// Close frees what the builder holds, in memory and in its folder.
func (b *Builder) Close() error {
	b.failed = errors.New("snapshot: the builder is closed")
	return b.sorter.close()
}

// Build makes a snapshot of records that are in memory, without a file. It is for
// lists of a few thousand records; a Builder holds no more of any list than it must.
func Build(meta Meta, records []watchlist.Record) (Built, error) {
	salt, err := hex.DecodeString(meta.Salt)
	if err != nil {
		return Built{}, errors.New("snapshot: salt is not in hexadecimal digits")
	}
	b, err := NewBuilder(meta, BuilderOptions{Salt: salt})
	if err != nil {
		return Built{}, err
	}
	defer func() { _ = b.Close() }()
	for i := range records {
		if err := b.Add(&records[i]); err != nil {
			return Built{}, err
		}
	}
	var buf bytes.Buffer
	built, err := b.finish(&buf)
	built.Bytes = buf.Bytes()
	return built, err
}

// chooseShards is the number of shards for so many rows and bytes in each of the
// finest ones. One row cannot be split, so a shard of one row has no say.
func chooseShards(rows, sizes []uint32) int {
	for n := MinShards; n < MaxShards; n *= 2 {
		if fits(rows, sizes, n) {
			return n
		}
	}
	return MaxShards
}

func fits(rows, sizes []uint32, shards int) bool {
	step := MaxShards / shards
	for i := 0; i < MaxShards; i += step {
		var n, size uint64
		for j := i; j < i+step; j++ {
			n += uint64(rows[j])
			size += uint64(sizes[j])
		}
		if n > 1 && size > ShardSize {
			return false
		}
	}
	return true
}

// fold sums the counts of the finest shards to so many. fits and the limit of 4 GiB a
// finest shard keep a sum from overflowing.
func fold(fine []uint32, shards int) []uint32 {
	out := make([]uint32, shards)
	for i, n := range fine {
		out[shardOf(uint16(i), shards)] += n
	}
	return out
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
