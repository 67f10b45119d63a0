// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// measureUN publishes two editions of a real list one after the other. Nothing
// of them is printed or kept.
func measureUN(ctx context.Context, b *bench) (err error) {
	older, newer, ok := strings.Cut(b.un, ",")
	if !ok {
		b.note("the real list of the UN was not measured: no files were given (-un OLDER.xml,NEWER.xml or UN_LISTS)")
		return nil
	}
	dir, err := os.MkdirTemp(b.memory, "frontline-bench-un-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := b.open(ctx, b.line)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	var lists [2]snapshot.Built
	for i, path := range []string{older, newer} {
		if lists[i], err = parseList(ctx, watchlist.UNXML, path, filepath.Join(dir, strconv.Itoa(i))); err != nil {
			return err
		}
	}
	changes, err := changesBetween(lists[0].Path, lists[1].Path)
	if err != nil {
		return err
	}
	var moved [3]float64
	for i := range lists {
		if moved[i], err = carry(ctx, s, func(ctx context.Context) error { return s.Hub.Publish(ctx, lists[i]) }); err != nil {
			return err
		}
	}
	if moved[2], err = carry(ctx, s, s.Hub.Recut); err != nil {
		return err
	}
	say := func(what string, bytes float64) {
		b.add(row{Promise: "list of the UN", Measure: what, Unit: "bytes", Note: fmt.Sprintf("%.2f %% of the newer file", 100*bytes/b.sizeOf(newer))}, bytes)
	}
	say("the newer file, as published", b.sizeOf(newer))
	say("its snapshot", float64(lists[1].Size))
	say(fmt.Sprintf("the update on the line, %d records added, %d removed, %d modified", changes.Added, changes.Removed, changes.Modified), moved[1])
	say("a full copy on the line", moved[2])
	for _, tool := range []struct {
		what string
		args []string
	}{
		{"zstd -19 of the newer file", []string{"-19", newer}},
		{"zstd -19 --patch-from the older file", []string{"-19", "--long=27", "--patch-from=" + older, newer}},
	} {
		size, err := zstd(ctx, tool.args...)
		if err != nil {
			b.note("%s: not measured: %v", tool.what, err)
			continue
		}
		say(tool.what, size)
	}
	return nil
}

func (b *bench) sizeOf(path string) float64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return float64(info.Size())
}

func changesBetween(older, newer string) (snapshot.Changes, error) {
	before, err := snapshot.Open(older)
	if err != nil {
		return snapshot.Changes{}, err
	}
	defer before.Close()
	after, err := snapshot.Open(newer)
	if err != nil {
		return snapshot.Changes{}, err
	}
	defer after.Close()
	return snapshot.Compare(before, after)
}

// zstd is how many bytes the zstd tool writes.
func zstd(ctx context.Context, args ...string) (float64, error) {
	out := &counter{}
	cmd := exec.CommandContext(ctx, "zstd", append([]string{"-q", "-c"}, args...)...)
	cmd.Stdout = out
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("zstd (Debian package zstd): %w", err)
	}
	return float64(out.n), nil
}

// counter counts what is written.
type counter struct{ n int64 }

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}
