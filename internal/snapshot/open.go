// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

// ErrDigest is wrapped by Verify when the content is not what was ordered.
var ErrDigest = errors.New("snapshot is not the content ordered")

// Snapshot is an open snapshot. It is safe for concurrent reading; Close must come
// after the last reader.
type Snapshot struct {
	meta   Meta
	data   []byte
	table  []byte
	shards [Shards]shard
	unmap  func() error
	once   sync.Once
	err    error
}

type shard struct {
	rows uint32
	body []byte
}

// Open maps the file read-only and checks its structure. It does not read the rows:
// Verify does. A file that is replaced by rename stays valid; one changed in place does not.
func Open(path string) (*Snapshot, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() == 0 || info.Size() != int64(int(info.Size())) {
		return nil, fmt.Errorf("snapshot %s: size %d cannot be mapped", path, info.Size())
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map snapshot %s: %w", path, err)
	}
	s, err := parse(data)
	if err != nil {
		_ = unix.Munmap(data)
		return nil, fmt.Errorf("snapshot %s: %w", path, err)
	}
	s.unmap = func() error { return unix.Munmap(data) }
	return s, nil
}

// FromBytes opens a snapshot that is already in memory, as Build made it. The bytes
// must not change afterwards.
func FromBytes(data []byte) (*Snapshot, error) {
	s, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	s.unmap = func() error { return nil }
	return s, nil
}

func parse(data []byte) (*Snapshot, error) {
	rest, ok := bytes.CutPrefix(data, magic)
	if !ok {
		return nil, errors.New("not a snapshot of this version: unknown first bytes")
	}
	if len(rest) < 4 {
		return nil, io.ErrUnexpectedEOF
	}
	size := binary.LittleEndian.Uint32(rest)
	rest = rest[4:]
	if size > maxHeader || int(size) > len(rest) {
		return nil, fmt.Errorf("header of %d bytes does not fit", size)
	}
	s := &Snapshot{data: data}
	dec := json.NewDecoder(bytes.NewReader(rest[:size]))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s.meta); err != nil {
		return nil, errors.New("header cannot be read")
	}
	if s.meta.FormatVersion != FormatVersion {
		return nil, fmt.Errorf("layout version %d, this build reads %d", s.meta.FormatVersion, FormatVersion)
	}
	rest = rest[size:]
	if len(rest) < Shards*entrySize {
		return nil, io.ErrUnexpectedEOF
	}
	s.table, rest = rest[:Shards*entrySize], rest[Shards*entrySize:]
	total := 0
	for i := range s.shards {
		e := s.table[i*entrySize:]
		rows, n := binary.LittleEndian.Uint32(e), binary.LittleEndian.Uint64(e[4:])
		if n > uint64(len(rest)) || uint64(rows) > n {
			return nil, fmt.Errorf("shard %d is cut short", i)
		}
		s.shards[i] = shard{rows: rows, body: rest[:n:n]}
		rest = rest[n:]
		total += int(rows)
	}
	if len(rest) != 0 {
		return nil, fmt.Errorf("%d bytes after the last shard", len(rest))
	}
	if total != s.meta.Records {
		return nil, fmt.Errorf("header says %d records, table says %d", s.meta.Records, total)
	}
	return s, nil
}

// Meta is the header.
func (s *Snapshot) Meta() Meta { return s.meta }

// Records is the number of rows.
func (s *Snapshot) Records() int { return s.meta.Records }

// Size is the length of the file in bytes.
func (s *Snapshot) Size() int64 { return int64(len(s.data)) }

// Digest reads the whole file and returns sha256:HEX of it.
func (s *Snapshot) Digest() string {
	sum := sha256.Sum256(s.data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// RowsDigest is sha256:HEX over the shard table, as Built.RowsDigest.
func (s *Snapshot) RowsDigest() string {
	sum := sha256.Sum256(s.table)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Verify reads the whole file and compares its digest, sha256:HEX.
func (s *Snapshot) Verify(digest string) error {
	if got := s.Digest(); got != digest {
		return fmt.Errorf("%w: want %s, have %s; fetch it again", ErrDigest, digest, got)
	}
	return nil
}

// All yields every record, in the order of the file. It stops after the first error.
func (s *Snapshot) All() iter.Seq2[watchlist.Record, error] {
	return func(yield func(watchlist.Record, error) bool) {
		for i := range s.shards {
			body := s.shards[i].body
			for n := s.shards[i].rows; n > 0; n-- {
				size, m := binary.Uvarint(body)
				if m <= 0 || size > uint64(len(body)-m) {
					yield(watchlist.Record{}, fmt.Errorf("shard %d: %w", i, errRow))
					return
				}
				r, err := decodeRow(body[m : m+int(size)])
				if err != nil {
					yield(watchlist.Record{}, fmt.Errorf("shard %d: %w", i, err))
					return
				}
				if !yield(r, nil) {
					return
				}
				body = body[m+int(size):]
			}
			if len(body) != 0 {
				yield(watchlist.Record{}, fmt.Errorf("shard %d: %w", i, errRow))
				return
			}
		}
	}
}

// Close unmaps the file. Nothing read from a mapping is kept by records, but no
// iteration may still run. It is safe to call more than once.
func (s *Snapshot) Close() error {
	s.once.Do(func() {
		s.err = s.unmap()
		s.data, s.table = nil, nil
		s.shards = [Shards]shard{}
	})
	return s.err
}
