// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/frontline-screening/frontline/internal/matcher"
	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// publicList is a list by its format and its place below the folder of data.
type publicList struct {
	format watchlist.Format
	path   string
}

var publicLists = []publicList{
	{watchlist.UNXML, "watchlists/un_consolidated_2026-02-27.xml"},
	{watchlist.OFACCSV, "watchlists/ofac-csv"},
}

// read returns the records of a list. Nothing of them is printed or kept.
func (b *bench) read(ctx context.Context, l publicList) ([]watchlist.Record, error) {
	path := filepath.Join(b.data, l.path)
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	src := watchlist.Source{}
	if info.IsDir() {
		src.FS = os.DirFS(path)
	} else {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		src.Reader = f
	}
	var out []watchlist.Record
	_, err = watchlist.Parse(ctx, l.format, src, watchlist.Limits{Bytes: 1 << 32}, func(r watchlist.Record) error {
		out = append(out, r)
		return nil
	})
	return out, err
}

// salt stands in the header of every snapshot made here.
var salt = []byte("bench")

// public returns the public lists and an engine over them, which the run closes.
func (b *bench) public(ctx context.Context) ([][]watchlist.Record, *matcher.Engine, error) {
	if b.engine != nil {
		return b.lists, b.engine, nil
	}
	var lists [][]watchlist.Record
	for _, l := range publicLists {
		records, err := b.read(ctx, l)
		if err != nil {
			return nil, nil, err
		}
		lists = append(lists, records)
	}
	engine, err := b.engineOf(lists...)
	if err != nil {
		return nil, nil, err
	}
	b.lists, b.engine = lists, engine
	return lists, engine, nil
}

// feedName is the feed of the i-th list.
func feedName(i int) string { return fmt.Sprintf("bench.%d", i) }

// engineOf builds snapshots of lists of records and an engine over them.
func (b *bench) engineOf(lists ...[]watchlist.Record) (*matcher.Engine, error) {
	var feeds []matcher.Feed
	for i, records := range lists {
		built, err := snapshot.Build(snapshot.Meta{Format: watchlist.FrontlineJSONL, Salt: hex.EncodeToString(salt)}, records)
		if err != nil {
			return nil, err
		}
		s, err := snapshot.FromBytes(built.Bytes)
		if err != nil {
			return nil, err
		}
		feeds = append(feeds, matcher.Feed{ID: feedName(i), Version: 1, Digest: built.Digest, Snapshot: s})
	}
	engine := matcher.New(matcher.Options{Bench: true})
	if err := engine.Update(feeds); err != nil {
		engine.Close()
		return nil, err
	}
	return engine, nil
}

// found is the place of a record among the candidates of an answer, from 1; 0 when it
// is not there.
func found(answer screen.Answer, feed, record string) int {
	for i, c := range answer.Candidates {
		if c.Feed == feed && c.Record == record {
			return i + 1
		}
	}
	return 0
}

func request(subject screen.Subject) screen.Request {
	return screen.Request{Purpose: screen.PurposeBorderControl, Limit: screen.MaxLimit, Subject: subject}
}

func named(name string) screen.Subject { return screen.Subject{Names: []screen.Name{{Full: name}}} }

// table reads a CSV by the names in its first row.
func (b *bench) table(path string) ([]map[string]string, error) {
	f, err := os.Open(filepath.Join(b.data, path))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comment = '#'
	rows, err := r.ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, fmt.Errorf("%s: no table: %w", path, err)
	}
	var out []map[string]string
	for _, row := range rows[1:] {
		one := map[string]string{}
		for i, v := range row {
			one[rows[0][i]] = strings.TrimSpace(v)
		}
		out = append(out, one)
	}
	return out, nil
}

// transliterations reads the Latin and native words of a script.
func (b *bench) transliterations(script string) (latin, native []string, err error) {
	f, err := os.Open(filepath.Join(b.data, "names", "wikidata_translit_"+script+".tsv"))
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for first := true; lines.Scan(); first = false {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) >= 2 && !first {
			latin, native = append(latin, fields[0]), append(native, fields[1])
		}
	}
	return latin, native, lines.Err()
}
