// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/frontline-screening/frontline/internal/delta"
	"github.com/frontline-screening/frontline/internal/seal"
	"github.com/frontline-screening/frontline/internal/snapshot"
)

// step applies one delta to a file at hand. The digest of what it makes
// decides; when it is wrong, the file it was applied to is looked at before the
// delta is blamed.
func (a *assembly) step(ctx context.Context, edge Edge) error {
	path, ok := a.file(edge.From)
	if !ok {
		return &wrongError{content: edge.From, err: fmt.Errorf("the file of v%d is no longer at hand: %w", edge.FromRelease, ErrDelta)}
	}
	layer, err := a.fetch(ctx, edge.Layer)
	if err == nil {
		err = errors.Join(a.apply(ctx, edge, path, layer), os.Remove(layer))
	}
	if err == nil {
		a.transfer.Patches++
		return nil
	}
	if !unusable(err) || ctx.Err() != nil {
		return err
	}
	if got, readErr := digestOf(path); readErr != nil || got != edge.From {
		err = fmt.Errorf("the file at hand is not that of v%d: %w", edge.FromRelease, err)
		return &wrongError{content: edge.From, err: errors.Join(err, remove(a.final(edge.From)+stepSuffix))}
	}
	return &wrongError{avoid: edge.Layer, err: err}
}

// apply makes the file of the edge's end from the one at path.
func (a *assembly) apply(ctx context.Context, edge Edge, path, layer string) error {
	wrong := func(err error) error {
		return fmt.Errorf("delta from v%d to v%d: %w (%w)", edge.FromRelease, edge.ToRelease, ErrDelta, err)
	}
	old, err := snapshot.Open(path)
	if err != nil {
		return wrong(err)
	}
	defer old.Close()
	source, err := os.Open(layer) //nolint:gosec // written by fetchBlob
	if err != nil {
		return err
	}
	defer source.Close()
	patch, err := seal.Open(source, a.o.Identities...)
	if errors.Is(err, ErrKey) {
		return a.sealed.opening("delta", err)
	}
	if err != nil {
		return wrong(err)
	}
	name := a.final(edge.To) + resultSuffix
	if err := remove(name); err != nil {
		return err
	}
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the caller's directory
	if err != nil {
		return err
	}
	defer func() {
		_ = file.Close()
		_ = os.Remove(name) // gone already when it was finished
	}()
	sum := sha256.New()
	out := &target{w: io.MultiWriter(file, sum), limit: edge.ToSize}
	err = delta.Apply(ctx, old, patch, out)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case out.err != nil:
		return out.err
	case err != nil:
		return wrong(err)
	}
	if got := "sha256:" + hex.EncodeToString(sum.Sum(nil)); got != edge.To || out.n != edge.ToSize {
		return wrong(fmt.Errorf("it made %d bytes of %s instead of %d of %s: %w", out.n, got, edge.ToSize, edge.To, ErrDigest))
	}
	return a.finish(file, edge.To)
}
