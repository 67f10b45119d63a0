// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"

	"github.com/frontline-screening/frontline/internal/seal"
)

// base fetches the groups and puts the file of the base together. Groups that
// an interrupted call put there already are kept; the digest of the whole
// decides whether they were right.
func (a *assembly) base(ctx context.Context) error {
	err := errResumed
	for errors.Is(err, errResumed) {
		err = a.assemble(ctx)
	}
	if err != nil && unusable(err) {
		return &wrongError{avoid: a.c.Base.Content, err: err}
	}
	return err
}

// errResumed means that what an earlier call had left was wrong. It is gone.
var errResumed = errors.New("a kept beginning was wrong")

func (a *assembly) assemble(ctx context.Context) (err error) {
	path := a.final(a.c.Base.Content) + growingSuffix
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the caller's directory
	if err != nil {
		return err
	}
	defer file.Close()
	sum := sha256.New()
	first, kept, err := a.kept(file, sum)
	if err != nil {
		return err
	}
	size := kept
	for _, group := range a.c.Groups[first:] {
		if err := a.group(ctx, group, io.MultiWriter(file, sum)); err != nil {
			return err
		}
		size += group.Size
	}
	if got := "sha256:" + hex.EncodeToString(sum.Sum(nil)); got != a.c.Base.Content || size != a.c.Base.Size {
		if err := os.Remove(path); err != nil {
			return err
		}
		if kept > 0 {
			return errResumed
		}
		return fmt.Errorf("base of v%d is %d bytes of %s instead of %d of %s: %w", a.c.Base.Release, size, got, a.c.Base.Size, a.c.Base.Content, ErrDigest)
	}
	return a.finish(file, a.c.Base.Content)
}

// kept finds how many whole groups an earlier call left in the file, and
// positions it and the sum behind them.
func (a *assembly) kept(file *os.File, sum hash.Hash) (groups int, size int64, err error) {
	info, err := file.Stat()
	if err != nil {
		return 0, 0, err
	}
	for _, group := range a.c.Groups {
		if size+group.Size > info.Size() {
			break
		}
		groups, size = groups+1, size+group.Size
	}
	if err := file.Truncate(size); err != nil {
		return 0, 0, err
	}
	_, err = io.Copy(sum, file)
	return groups, size, err
}

// group fetches, opens and unpacks one group.
func (a *assembly) group(ctx context.Context, g Group, w io.Writer) error {
	path, err := a.fetch(ctx, g.Layer)
	if err != nil {
		return err
	}
	if err := errors.Join(a.unpack(path, g, w), os.Remove(path)); err != nil {
		return fmt.Errorf("layer %s: %w", g.Layer, err)
	}
	a.transfer.Groups++
	return nil
}

func (a *assembly) unpack(path string, g Group, w io.Writer) error {
	source, err := os.Open(path) //nolint:gosec // written by fetchBlob
	if err != nil {
		return err
	}
	defer source.Close()
	plain, err := seal.Open(source, a.o.Identities...)
	if err != nil {
		return a.sealed.opening("group", err)
	}
	decoder, err := zstd.NewReader(plain, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return fmt.Errorf("%w (%w)", ErrMalformed, err)
	}
	defer decoder.Close()
	// One byte more than announced is enough to know that it is too much.
	out := &target{w: w}
	size, err := io.Copy(out, io.LimitReader(decoder, g.Size+1))
	switch {
	case out.err != nil:
		return out.err
	case errors.Is(err, seal.ErrDamaged):
		return a.sealed.opening("group", err)
	case err != nil:
		return fmt.Errorf("decompress: %w (%w)", ErrMalformed, err)
	case size > g.Size:
		return fmt.Errorf("more than the %d bytes announced: %w", g.Size, ErrTooLarge)
	case size < g.Size:
		return fmt.Errorf("%d bytes instead of %d: %w", size, g.Size, ErrMalformed)
	}
	return nil
}

// target remembers that writing failed, which no other layer would mend, and
// stops at a limit.
type target struct {
	w     io.Writer
	limit int64 // none when 0
	n     int64
	err   error
}

func (t *target) Write(data []byte) (int, error) {
	if t.limit > 0 && t.n+int64(len(data)) > t.limit {
		return 0, fmt.Errorf("more than the %d bytes announced: %w", t.limit, ErrTooLarge)
	}
	n, err := t.w.Write(data)
	t.n += int64(n)
	if err != nil {
		t.err = err
	}
	return n, err
}
