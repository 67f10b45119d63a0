// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

const (
	// maxRatio bounds how much compressed content may grow: lists grow some 20 times.
	maxRatio = 100
	// ratioSlack is what the smallest content may grow to whatever its ratio.
	ratioSlack = 64 << 10
)

var (
	magicGzip     = []byte("\x1f\x8b")
	magicZip      = []byte("PK\x03\x04")
	magicEmptyZip = []byte("PK\x05\x06")
)

// packed reports whether content that begins so is gzip or zip.
func packed(head []byte) bool {
	return bytes.HasPrefix(head, magicGzip) || bytes.HasPrefix(head, magicZip) || bytes.HasPrefix(head, magicEmptyZip)
}

// unwrap takes a gzip or a zip of one file off the content, told by its first bytes.
// What is inside must be plain.
func (a *account) unwrap(r io.Reader) (io.Reader, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	head, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var inner io.Reader
	switch {
	case bytes.HasPrefix(head, magicGzip):
		inner, err = ungzip(in)
	case packed(head):
		inner, err = a.unzip(r, in)
	default:
		return in, nil
	}
	if err != nil {
		return nil, err
	}
	plain := bufio.NewReaderSize(inner, 64<<10)
	head, err = plain.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, unpackCause(err)
	}
	if packed(head) {
		return nil, errors.New("an archive within an archive; wrap the file once")
	}
	return plain, nil
}

// unpackCause keeps the causes of this package and reduces those of decompressors.
func unpackCause(err error) error {
	if errors.Is(err, ErrLimit) || errors.Is(err, io.EOF) {
		return err
	}
	return errors.New("the compressed content is damaged")
}

// tally counts the bytes a decompressor has taken, and no read-ahead.
type tally struct {
	in *bufio.Reader
	n  int64
}

func (t *tally) Read(p []byte) (int, error) {
	n, err := t.in.Read(p)
	t.n += int64(n)
	return n, err
}

func (t *tally) ReadByte() (byte, error) {
	b, err := t.in.ReadByte()
	if err == nil {
		t.n++
	}
	return b, err
}

// inflated reads decompressed content and holds it to the ratio.
type inflated struct {
	r   io.Reader
	in  func() int64
	out int64
}

func (i *inflated) Read(p []byte) (int, error) {
	n, err := i.r.Read(p)
	i.out += int64(n)
	if i.out > maxRatio*i.in()+ratioSlack {
		return 0, fmt.Errorf("compressed content that grows more than %d times: %w", maxRatio, ErrLimit)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = unpackCause(err)
	}
	return n, err
}

func ungzip(in *bufio.Reader) (io.Reader, error) {
	t := &tally{in: in}
	z, err := gzip.NewReader(t)
	if err != nil {
		return nil, errors.New("the gzip is damaged")
	}
	return &inflated{r: z, in: func() int64 { return t.n }}, nil
}
