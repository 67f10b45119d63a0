// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/internal/delta"
	"github.com/frontline-screening/frontline/internal/snapshot"
)

func deltaCommand() *cobra.Command {
	var before, after string
	cmd := &cobra.Command{
		Use:   "delta",
		Short: "Measure the patch between two versions of a list",
		Long: `Measure the patch between two versions of a list, against a compressed copy and against what
the zstd tool does, where it is installed. Nothing of the lists is printed or kept.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if before == "" || after == "" {
				return fmt.Errorf("%w: --before FORMAT=PATH and --after FORMAT=PATH are needed", errUsage)
			}
			dir, err := os.MkdirTemp("", "lab-delta-")
			if err != nil {
				return err
			}
			return errors.Join(measureDelta(cmd.Context(), cmd.OutOrStdout(), dir, before, after), os.RemoveAll(dir))
		},
	}
	cmd.Flags().StringVar(&before, "before", "", "the older list as FORMAT=PATH")
	cmd.Flags().StringVar(&after, "after", "", "the newer list as FORMAT=PATH")
	return cmd
}

func measureDelta(ctx context.Context, w io.Writer, dir, before, after string) error {
	var files [2]*snapshot.Snapshot
	paths := [2]string{filepath.Join(dir, "before"), filepath.Join(dir, "after")}
	for i, list := range []string{before, after} {
		if _, _, err := buildList(ctx, list, paths[i], nil); err != nil {
			return err
		}
		var err error
		if files[i], err = snapshot.Open(paths[i]); err != nil {
			return err
		}
	}
	defer files[0].Close()
	defer files[1].Close()
	changes, err := snapshot.Compare(files[0], files[1])
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%d records before, %d after: %d added, %d removed, %d modified\n",
		files[0].Records(), files[1].Records(), changes.Added, changes.Removed, changes.Modified)
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		return err
	}
	full := int64(len(enc.EncodeAll(files[1].Raw(), nil)))
	line := func(what string, size int64, note string) {
		fmt.Fprintf(w, "%-28s %10d bytes  %7.2f %% of a copy%s\n", what, size, 100*float64(size)/float64(full), note)
	}
	line("snapshot", files[1].Size(), "")
	line("copy (zstd, as sent)", full, "")
	tool(ctx, line, "zstd -19", "-19", paths[1])
	tool(ctx, line, "zstd -3 --patch-from", "-3", "--long=30", "--patch-from="+paths[0], paths[1])
	tool(ctx, line, "zstd -19 --patch-from", "-19", "--long=30", "--patch-from="+paths[0], paths[1])

	var patch bytes.Buffer
	start := time.Now()
	if err := delta.Cut(ctx, files[0], files[1], &patch); err != nil {
		return err
	}
	cut := time.Since(start)
	sum := sha256.New()
	start = time.Now()
	if err := delta.Apply(ctx, files[0], bytes.NewReader(patch.Bytes()), sum); err != nil {
		return err
	}
	apply := time.Since(start)
	if got := fmt.Sprintf("sha256:%x", sum.Sum(nil)); got != files[1].Digest() {
		return fmt.Errorf("the patch makes %s, want %s", got, files[1].Digest())
	}
	line("patch", int64(patch.Len()), fmt.Sprintf(", cut in %v, applied in %v", cut.Round(time.Millisecond), apply.Round(time.Millisecond)))
	return nil
}

// tool measures what the zstd tool writes, if it is there.
func tool(ctx context.Context, line func(string, int64, string), name string, args ...string) {
	out := &written{}
	cmd := exec.CommandContext(ctx, "zstd", append([]string{"-q", "-c"}, args...)...)
	cmd.Stdout = out
	start := time.Now()
	if err := cmd.Run(); err != nil {
		line(name, 0, fmt.Sprintf(", not measured: %v", err))
		return
	}
	line(name, out.n, fmt.Sprintf(", in %v", time.Since(start).Round(time.Millisecond)))
}

// written counts and drops.
type written struct{ n int64 }

func (w *written) Write(p []byte) (int, error) {
	w.n += int64(len(p))
	return len(p), nil
}
