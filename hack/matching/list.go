// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
	"github.com/frontline-screening/frontline/internal/watchlist/synthetic"
)

// peopleVersion is raised when synthetic.People makes others of the same seed, so that
// no list from before is taken from the cache.
const peopleVersion = 2

// commonest is how many of the commonest words are kept.
const commonest = 10

// list is a snapshot of synthetic people and what it holds.
type list struct {
	Path   string `json:"path"`
	Digest string `json:"digest"`
	// Bytes is the size of the file.
	Bytes    int64 `json:"bytes"`
	Entities int   `json:"entities"`
	Names    int   `json:"names"`
	// Native are names without a Latin letter, Tokens words of all names, Words those
	// that differ, in small letters.
	Native int `json:"native"`
	Tokens int `json:"tokens"`
	Words  int `json:"words"`
	// Common are the commonest words, first the commonest.
	Common []string `json:"common"`
}

// people is the list of the run.
func (b *bench) people() *synthetic.People { return synthetic.ListPeople(b.seed, b.entities) }

// synthetic returns the list of the run, from the cache if it was made before.
func (b *bench) synthetic(ctx context.Context) (*list, error) {
	if b.list != nil {
		return b.list, nil
	}
	dir := b.cache
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("%w; name a folder with -cache", err)
		}
		dir = filepath.Join(cache, "frontline", "matching")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	name := fmt.Sprintf("people-v%d.%d-%d-%d", peopleVersion, snapshot.FormatVersion, b.seed, b.entities)
	l := &list{Path: filepath.Join(dir, name+".snapshot")}
	about := filepath.Join(dir, name+".json")
	if !l.cached(about) {
		b.progress("  making a list of %d people, to be kept in %s", b.entities, dir)
		if err := l.build(ctx, b.people()); err != nil {
			return nil, err
		}
		data, err := json.Marshal(l)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(about, data, 0o600); err != nil {
			return nil, err
		}
	}
	b.list = l
	b.note("synthetic list of seed %d: %d people, %d names, %.1f %% of them in letters other than Latin, %d words, %d different, snapshot of %.1f MiB; commonest words: %s",
		b.seed, l.Entities, l.Names, 100*float64(l.Native)/float64(l.Names), l.Tokens, l.Words, float64(l.Bytes)/(1<<20), strings.Join(l.Common, ", "))
	return l, nil
}

// cached reads what is known of a list that was made before.
func (l *list) cached(about string) bool {
	data, err := os.ReadFile(about)
	if err != nil {
		return false
	}
	var known list
	if json.Unmarshal(data, &known) != nil {
		return false
	}
	info, err := os.Stat(l.Path)
	if err != nil || info.Size() != known.Bytes {
		return false
	}
	known.Path = l.Path
	*l = known
	return true
}

// build streams people into a snapshot and counts their words.
func (l *list) build(ctx context.Context, people *synthetic.People) error {
	words := map[string]int{}
	built, err := writeSnapshot(ctx, l.Path, func(add func(*watchlist.Record) error) error {
		for r := range people.All() {
			for _, n := range r.Names {
				l.Names++
				if native(n.Full) {
					l.Native++
				}
				for _, w := range strings.FieldsFunc(strings.ToLower(n.Full), func(r rune) bool { return r == ' ' || r == '-' }) {
					l.Tokens++
					words[w]++
				}
			}
			if err := add(&r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	l.Digest, l.Bytes, l.Entities, l.Words = built.Digest, built.Size, built.Records, len(words)
	l.Common = make([]string, 0, len(words))
	for w := range words {
		l.Common = append(l.Common, w)
	}
	slices.SortFunc(l.Common, func(a, b string) int {
		if d := words[b] - words[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	l.Common = slices.Clone(l.Common[:min(commonest, len(l.Common))])
	return nil
}

// writeSnapshot makes a snapshot of the records that fill adds.
func writeSnapshot(ctx context.Context, path string, fill func(add func(*watchlist.Record) error) error) (built snapshot.Built, err error) {
	builder, err := snapshot.NewBuilder(snapshot.Meta{Format: watchlist.FrontlineJSONL}, snapshot.BuilderOptions{Dir: filepath.Dir(path), Salt: salt, Memory: 256 << 20})
	if err != nil {
		return built, err
	}
	defer func() { err = errors.Join(err, builder.Close()) }()
	added := 0
	if err := fill(func(r *watchlist.Record) error {
		if added++; added%1000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		return builder.Add(r)
	}); err != nil {
		return built, err
	}
	return builder.Finish(path)
}
