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
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// ErrDigest is wrapped by Verify when the content is not what was ordered.
var ErrDigest = errors.New("snapshot is not the content ordered")

// Snapshot is an open snapshot. It is safe for concurrent reading; Close must come
// after the last reader.
type Snapshot struct {
	meta   Meta
	data   []byte
	header []byte
	shards []shard
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
	meta, err := ParseHeader(rest[:size])
	if err != nil {
		return nil, err
	}
	s := &Snapshot{data: data, meta: meta, header: rest[:size]}
	rest = rest[size:]
	if len(rest) < meta.Shards*entrySize {
		return nil, io.ErrUnexpectedEOF
	}
	table, rest := rest[:meta.Shards*entrySize], rest[meta.Shards*entrySize:]
	s.shards = make([]shard, meta.Shards)
	total := int64(0)
	for i := range s.shards {
		e := table[i*entrySize:]
		rows, n := binary.LittleEndian.Uint32(e), binary.LittleEndian.Uint32(e[4:])
		if uint64(n) > uint64(len(rest)) || rows > n {
			return nil, fmt.Errorf("shard %d is cut short", i)
		}
		s.shards[i] = shard{rows: rows, body: rest[:n:n]}
		rest = rest[n:]
		total += int64(rows)
	}
	if len(rest) != 0 {
		return nil, fmt.Errorf("%d bytes after the last shard", len(rest))
	}
	if total != int64(meta.Records) {
		return nil, fmt.Errorf("header says %d records, table says %d", meta.Records, total)
	}
	return s, nil
}

// ParseHeader reads a header by itself, as a patch carries it.
func ParseHeader(header []byte) (Meta, error) {
	var m Meta
	if len(header) > maxHeader {
		return m, fmt.Errorf("header of %d bytes, at most %d", len(header), maxHeader)
	}
	dec := json.NewDecoder(bytes.NewReader(header))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil || dec.InputOffset() != int64(len(header)) {
		return Meta{}, errors.New("header cannot be read")
	}
	salt, err := hex.DecodeString(m.Salt)
	switch {
	case m.FormatVersion != FormatVersion:
		return Meta{}, fmt.Errorf("layout version %d, this build reads %d", m.FormatVersion, FormatVersion)
	case !validShards(m.Shards):
		return Meta{}, fmt.Errorf("%d shards, want a power of two from %d to %d", m.Shards, MinShards, MaxShards)
	case err != nil || len(salt) > maxSalt:
		return Meta{}, errors.New("header's salt cannot be read")
	}
	return m, nil
}

// Meta is the header.
func (s *Snapshot) Meta() Meta { return s.meta }

// Header is the header as it stands in the file. It must not be changed.
func (s *Snapshot) Header() []byte { return s.header }

// Records is the number of rows.
func (s *Snapshot) Records() int { return s.meta.Records }

// Size is the length of the file in bytes.
func (s *Snapshot) Size() int64 { return int64(len(s.data)) }

// Raw is the whole file. It must not be changed, nor used after Close.
func (s *Snapshot) Raw() []byte { return s.data }

// Head is all before the first row: Head and then each Shard make up Raw.
func (s *Snapshot) Head() []byte {
	return s.data[:len(magic)+4+len(s.header)+len(s.shards)*entrySize]
}

// ShardCount is the number of shards.
func (s *Snapshot) ShardCount() int { return len(s.shards) }

// Shard is the bytes of the i-th shard. They must not be changed, nor used after Close.
func (s *Snapshot) Shard(i int) []byte { return s.shards[i].body }

// ShardRows is how many rows the i-th shard has.
func (s *Snapshot) ShardRows(i int) int { return int(s.shards[i].rows) }

// Digest reads the whole file and returns sha256:HEX of it.
func (s *Snapshot) Digest() string {
	sum := sha256.Sum256(s.data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// RowsDigest reads the whole file and returns what Built.RowsDigest says of it.
func (s *Snapshot) RowsDigest() string {
	sum := sha256.New()
	sum.Write([]byte(s.meta.Salt))
	sum.Write(s.data[len(magic)+4+len(s.header):])
	return digestOf(sum)
}

// Verify reads the whole file and compares its digest, sha256:HEX.
func (s *Snapshot) Verify(digest string) error {
	if got := s.Digest(); got != digest {
		return fmt.Errorf("%w: want %s, have %s; fetch it again", ErrDigest, digest, got)
	}
	return nil
}

// Close unmaps the file. Nothing read from a mapping is kept by records, but no
// iteration may still run. It is safe to call more than once.
func (s *Snapshot) Close() error {
	s.once.Do(func() {
		s.err = s.unmap()
		s.data, s.header, s.shards = nil, nil, nil
	})
	return s.err
}
