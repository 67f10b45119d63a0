// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// assembly makes the content of one artifact.
type assembly struct {
	r      *Registry
	repo   string
	sealed sealed
	c      Config
	o      FetchOptions

	layers   map[string]ocispec.Descriptor
	known    costs
	transfer Transfer
}

func newAssembly(r *Registry, repo string, s sealed, c Config, o FetchOptions) *assembly {
	if o.Spool == "" {
		o.Spool = o.Dir
	}
	a := &assembly{
		r: r, repo: repo, sealed: s, c: c, o: o,
		layers: map[string]ocispec.Descriptor{},
		known:  costs{bytes: map[string]int64{}, have: map[string]bool{}, avoid: map[string]bool{}},
	}
	for _, layer := range s.m.Layers {
		a.layers[layer.Digest.String()] = layer
		a.known.bytes[layer.Digest.String()] = layer.Size
	}
	return a
}

// run takes one way after another until one leads to the content.
func (a *assembly) run(ctx context.Context) error {
	if has, err := holds(a.final(a.c.Content), a.c.Content); err != nil || has {
		return err
	}
	a.look()
	for {
		way, ok := a.c.route(a.known)
		if !ok {
			// Only after a way was given up: an open configuration has one.
			return fmt.Errorf("no way to the content is left: %w", a.transfer.Cause)
		}
		err := a.walk(ctx, way)
		if err == nil {
			return nil
		}
		var wrong *wrongError
		if !errors.As(err, &wrong) || ctx.Err() != nil {
			return err
		}
		a.transfer.Fallbacks++
		if a.transfer.Cause == nil {
			a.transfer.Cause = err
		}
		if wrong.content != "" {
			a.known.have[wrong.content] = false
		}
		if wrong.avoid != "" {
			a.known.avoid[wrong.avoid] = true
		}
	}
}

// wrongError is a reason to take another way: what not to use again.
type wrongError struct {
	avoid   string // layer of a delta, or content of the base
	content string // file at hand
	err     error
}

func (w *wrongError) Error() string { return w.err.Error() }
func (w *wrongError) Unwrap() error { return w.err }

// look finds the files at hand that a delta applies to.
func (a *assembly) look() {
	contents := []string{a.c.Base.Content}
	for _, edge := range a.c.Deltas {
		contents = append(contents, edge.From)
	}
	for _, content := range contents {
		if content == a.c.Content {
			continue
		}
		if _, ok := a.file(content); ok {
			a.known.have[content] = true
		}
	}
}

// file is the path of a content at hand, the caller's or a step of an
// interrupted call.
func (a *assembly) file(content string) (path string, ok bool) {
	step := a.final(content) + stepSuffix
	if _, err := os.Stat(step); err == nil {
		return step, true
	}
	if a.o.Have == nil {
		return "", false
	}
	return a.o.Have(content)
}

func (a *assembly) walk(ctx context.Context, way route) error {
	at := way.from
	if way.base {
		if err := a.base(ctx); err != nil {
			return err
		}
	}
	for _, edge := range way.steps {
		if err := a.step(ctx, edge); err != nil {
			return err
		}
		// The file before is not needed once the next is whole.
		if err := remove(a.final(at) + stepSuffix); err != nil {
			return err
		}
		at = edge.To
	}
	return nil
}

// finish gives a file whose digest was found right its name: the content's, or
// that of a step towards it. It is never opened for writing again.
func (a *assembly) finish(file *os.File, content string) error {
	name := a.final(content)
	if content != a.c.Content {
		name += stepSuffix
		a.known.have[content] = true
	}
	// The engine reads the file under another user.
	if err := errors.Join(file.Chmod(0o644), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}

// fetch brings a layer into the spool. A layer that is not there, or not what
// its digest says, is a reason to take another way.
func (a *assembly) fetch(ctx context.Context, layer string) (string, error) {
	desc := a.layers[layer]
	path := filepath.Join(a.o.Spool, spoolName(desc))
	err := a.r.fetchBlob(ctx, a.repo, desc, path)
	if err != nil {
		return "", a.r.fail("fetch snapshot", a.repo, layer, err)
	}
	a.transfer.Bytes += desc.Size
	return path, nil
}

// unusable tells a layer that will not become right by asking again from a line
// that broke.
func unusable(err error) bool {
	return errors.Is(err, ErrNotFound) || errors.Is(err, ErrDigest) || errors.Is(err, ErrMalformed) ||
		errors.Is(err, ErrTooLarge) || errors.Is(err, ErrDelta)
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
