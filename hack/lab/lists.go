// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/internal/matcher"
	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// list is one list of the command line, read.
type list struct {
	feed    string
	records []watchlist.Record
}

// listFlags are the flags every command on lists has.
type listFlags struct {
	lists   []string
	profile string
}

func (f *listFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.lists, "list", nil, "a list as FORMAT=PATH; may be repeated")
	cmd.Flags().StringVar(&f.profile, "accuracy", string(screen.ProfileBalanced), "HighRecall, Balanced or HighPrecision")
}

// load reads the lists and returns an engine that serves them. Progress goes to w.
func (f *listFlags) load(ctx context.Context, w io.Writer) (*matcher.Engine, []list, error) {
	if len(f.lists) == 0 {
		return nil, nil, fmt.Errorf("%w: name at least one --list FORMAT=PATH", errUsage)
	}
	if !slices.Contains(screen.Profiles(), screen.Profile(f.profile)) {
		return nil, nil, fmt.Errorf("%w: --accuracy must be HighRecall, Balanced or HighPrecision", errUsage)
	}
	var feeds []matcher.Feed
	var lists []list
	for _, arg := range f.lists {
		start := time.Now()
		format, path, err := splitList(arg)
		if err != nil {
			return nil, nil, err
		}
		records, account, err := readList(ctx, format, path)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		built, err := snapshot.Build(snapshot.Meta{Format: format, ListDate: account.ListDate}, records)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		snap, err := snapshot.FromBytes(built.Bytes)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		id := feedID(format, lists)
		feeds = append(feeds, matcher.Feed{ID: id, Version: 1, Digest: built.Digest, Snapshot: snap, ListDate: account.ListDate})
		lists = append(lists, list{feed: id, records: records})
		fmt.Fprintf(w, "%s: %d records (%d persons, %d entities, %d objects), %d bytes, snapshot %d bytes, read in %v\n",
			id, account.Records, account.Persons, account.Entities, account.Objects, account.Bytes, built.Size, time.Since(start).Round(time.Millisecond))
	}
	start := time.Now()
	set, err := matcher.NewSet(feeds)
	if err != nil {
		return nil, nil, err
	}
	engine := matcher.New(matcher.Options{Bench: true, Profile: screen.Profile(f.profile)})
	engine.Swap(set)
	fmt.Fprintf(w, "indexed in %v\n", time.Since(start).Round(time.Millisecond))
	return engine, lists, nil
}

// feedID is lab.FORMAT, numbered from the second list of a format on.
func feedID(format watchlist.Format, lists []list) string {
	id, n := "lab."+string(format), 1
	for slices.ContainsFunc(lists, func(l list) bool { return l.feed == id }) {
		n++
		id = fmt.Sprintf("lab.%s-%d", format, n)
	}
	return id
}

func readList(ctx context.Context, format watchlist.Format, path string) ([]watchlist.Record, watchlist.Account, error) {
	var records []watchlist.Record
	account, err := parseList(ctx, format, path, func(r watchlist.Record) error {
		records = append(records, r)
		return nil
	})
	return records, account, err
}

// parseList parses a file or folder.
func parseList(ctx context.Context, format watchlist.Format, path string, emit func(watchlist.Record) error) (watchlist.Account, error) {
	var src watchlist.Source
	info, err := os.Stat(path)
	if err != nil {
		return watchlist.Account{}, err
	}
	if info.IsDir() {
		src.FS = os.DirFS(path)
	} else {
		f, err := os.Open(path)
		if err != nil {
			return watchlist.Account{}, err
		}
		defer f.Close()
		src.Reader = f
	}
	return watchlist.Parse(ctx, format, src, watchlist.Limits{}, emit)
}
