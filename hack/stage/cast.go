// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// Traveller is one person of the cast with the record that each version of
// the list should answer with; empty means none.
type Traveller struct {
	// Role says why the traveller is in the cast, without a word about them.
	Role    string
	Request screen.Request
	Before  string
	After   string
}

// List is a parsed list by record reference.
type List map[string]watchlist.Record

// ParseList reads a list as a publisher serves it.
func ParseList(ctx context.Context, format watchlist.Format, data []byte) (List, error) {
	list := List{}
	_, err := watchlist.Parse(ctx, format, watchlist.Source{Reader: bytes.NewReader(data)}, watchlist.Limits{},
		func(r watchlist.Record) error {
			list[r.ID] = r
			return nil
		})
	return list, err
}

// Cast chooses travellers who tell the two versions of a list apart: people on
// both, only on the first, only on the second, and on neither.
func Cast(before, after List, purpose screen.Purpose) []Traveller {
	var cast []Traveller
	add := func(role string, from List, want int, belongs func(id string) bool) {
		for _, id := range slices.Sorted(maps.Keys(from)) {
			r := from[id]
			if want == 0 {
				return
			}
			if r.Type != watchlist.Person || len(r.Names) == 0 || len(strings.Fields(r.Names[0].Text())) < 2 || !belongs(id) {
				continue
			}
			t := Traveller{Role: role, Request: screen.Request{Purpose: purpose, Subject: screen.Subject{Names: []screen.Name{{Full: r.Names[0].Text()}}}}}
			if _, ok := before[id]; ok {
				t.Before = id
			}
			if _, ok := after[id]; ok {
				t.After = id
			}
			cast = append(cast, t)
			want--
		}
	}
	has := func(list List) func(string) bool {
		return func(id string) bool { _, ok := list[id]; return ok }
	}
	lacks := func(list List) func(string) bool {
		return func(id string) bool { _, ok := list[id]; return !ok }
	}
	add("on both versions", before, 2, has(after))
	add("added later", after, 2, lacks(before))
	add("removed later", before, 2, lacks(after))
	for _, name := range []string{"Ottilia Vandersprek", "Quimby Threlkovic"} {
		cast = append(cast, Traveller{Role: "on no list", Request: screen.Request{
			Purpose: purpose,
			Subject: screen.Subject{Names: []screen.Name{{Full: name}}, BirthDates: []string{"1988-03-09"}},
		}})
	}
	return cast
}

// Check compares an answer with the record that is due, "" for none, and
// never repeats what was asked. forbidden is a record that must not be there.
func Check(a screen.Answer, due, forbidden string) error {
	found := func(record string) bool {
		return slices.ContainsFunc(a.Candidates, func(c screen.Candidate) bool { return c.Record == record })
	}
	switch {
	case a.Outcome == screen.Incomplete || a.Outcome == screen.OutcomeUnavailable:
		return fmt.Errorf("outcome %s: not searched: %v", a.Outcome, a.Unavailable)
	case due != "" && !found(due):
		return fmt.Errorf("outcome %s without record %s", a.Outcome, due)
	case forbidden != "" && due == "" && found(forbidden):
		return fmt.Errorf("record %s still answers although the list no longer has it", forbidden)
	case due == "" && forbidden == "" && len(a.Candidates) > 0:
		return fmt.Errorf("%d candidates for a traveller on no list", len(a.Candidates))
	}
	return nil
}
