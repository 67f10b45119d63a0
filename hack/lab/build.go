// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

func buildCommand() *cobra.Command {
	var list, out, salt string
	cmd := &cobra.Command{
		Use:   "build",
		Short: "Parse a list and build its snapshot, as a hub does",
		Long: `Parse a list and build its snapshot, as a hub does: record by record, in bounded memory.
The wall time and the most memory that the process had are printed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if list == "" || out == "" {
				return fmt.Errorf("%w: --list FORMAT=PATH and --out FILE are needed", errUsage)
			}
			start := time.Now()
			built, account, err := buildList(cmd.Context(), list, out, []byte(salt))
			if err != nil {
				return err
			}
			took := time.Since(start)
			w := cmd.OutOrStdout()
			fmt.Fprintf(w, "%d records from %d bytes, snapshot of %d bytes in %d shards, %s\n",
				built.Records, account.Bytes, built.Size, built.Meta.Shards, built.Digest)
			fmt.Fprintf(w, "wall time %v, %.0f records/s, peak resident memory %s\n",
				took.Round(time.Millisecond), float64(built.Records)/took.Seconds(), peakMemory())
			return nil
		},
	}
	cmd.Flags().StringVar(&list, "list", "", "the list as FORMAT=PATH")
	cmd.Flags().StringVar(&out, "out", "", "the snapshot's file; its folder holds rows meanwhile")
	cmd.Flags().StringVar(&salt, "salt", "", "the salt of the header; a hub's is secret")
	return cmd
}

// buildList streams a list, FORMAT=PATH, into a snapshot.
func buildList(ctx context.Context, arg, out string, salt []byte) (built snapshot.Built, account watchlist.Account, err error) {
	name, path, ok := strings.Cut(arg, "=")
	if !ok {
		return built, account, fmt.Errorf("%w: list %s: want FORMAT=PATH", errUsage, arg)
	}
	format, err := watchlist.ParseFormat(name)
	if err != nil {
		return built, account, fmt.Errorf("%w: list: %w", errUsage, err)
	}
	b, err := snapshot.NewBuilder(snapshot.Meta{Format: format}, snapshot.BuilderOptions{Dir: filepath.Dir(out), Salt: salt})
	if err != nil {
		return built, account, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	src, done, err := openList(path)
	if err != nil {
		return built, account, err
	}
	defer done()
	account, err = watchlist.Parse(ctx, format, src, watchlist.Limits{Bytes: 1 << 40}, func(r watchlist.Record) error { return b.Add(&r) })
	if err != nil {
		return built, account, fmt.Errorf("%s: %w", path, err)
	}
	b.SetListDate(account.ListDate)
	built, err = b.Finish(out)
	return built, account, err
}

// openList opens a file or a folder for a parser.
func openList(path string) (watchlist.Source, func(), error) {
	info, err := os.Stat(path)
	if err != nil {
		return watchlist.Source{}, nil, err
	}
	if info.IsDir() {
		return watchlist.Source{FS: os.DirFS(path)}, func() {}, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return watchlist.Source{}, nil, err
	}
	return watchlist.Source{Reader: f}, func() { _ = f.Close() }, nil
}

// peakMemory is the most resident memory the process had, as the kernel counts it
// (VmHWM, proc_pid_status(5)).
func peakMemory() string {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for lines := bufio.NewScanner(io.LimitReader(f, 1<<16)); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			kib, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(text, "kB")))
			if err != nil {
				return "unknown"
			}
			return fmt.Sprintf("%d MiB", kib>>10)
		}
	}
	return "unknown"
}
