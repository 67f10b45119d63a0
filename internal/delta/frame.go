// SPDX-License-Identifier: Apache-2.0

package delta

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// decoder reads the parts of a patch, none larger than its caller allows.
type decoder struct {
	in   *bufio.Reader
	zstd *zstd.Decoder
	// packed and plain are used again for each frame.
	packed, plain []byte
}

func newDecoder(patch io.Reader) (*decoder, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(2*MaxBatch), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return nil, err
	}
	return &decoder{in: bufio.NewReaderSize(patch, 64<<10), zstd: dec}, nil
}

// uvarint reads a number of at most limit.
func (d *decoder) uvarint(limit int) (int, error) {
	n := uint64(0)
	for shift := 0; shift < 56; shift += 7 {
		b, err := d.in.ReadByte()
		if err != nil {
			return 0, ended(err)
		}
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			if n > uint64(limit) {
				break
			}
			return int(n), nil
		}
	}
	return 0, fmt.Errorf("%w: a number over %d", ErrMalformed, limit)
}

// frame reads a frame and decodes it to at most limit bytes, which the next call
// overwrites.
func (d *decoder) frame(limit int, dict []byte) ([]byte, error) {
	size, err := d.uvarint(limit)
	if err != nil || size == 0 {
		return nil, err
	}
	// Compressed bytes are hardly ever more than plain ones.
	n, err := d.uvarint(size + size/64 + 1024)
	if err != nil {
		return nil, err
	}
	d.packed = slices.Grow(d.packed[:0], n)[:n]
	if err := d.full(d.packed); err != nil {
		return nil, err
	}
	if err := d.zstd.ResetWithOptions(nil, zstd.WithDecoderDictRaw(0, dict)); err != nil {
		return nil, err
	}
	d.plain = slices.Grow(d.plain[:0], size)
	plain, err := d.zstd.DecodeAll(d.packed, d.plain[:0:size])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if len(plain) != size {
		return nil, fmt.Errorf("%w: frame of %d bytes said to be %d", ErrMalformed, len(plain), size)
	}
	return plain, nil
}

func (d *decoder) full(p []byte) error {
	_, err := io.ReadFull(d.in, p)
	return ended(err)
}

func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it is cut short", ErrMalformed)
	}
	return err
}
