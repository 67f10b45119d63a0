// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/watchlist/synthetic"
)

func TestQueriesAreSeededAndValid(t *testing.T) {
	a := asker{people: synthetic.ListPeople(1, 500), common: []string{"a", "b", "c"}, seed: 1}
	same := asker{people: synthetic.ListPeople(1, 500), common: a.common, seed: 1}
	other := asker{people: a.people, common: a.common, seed: 2}
	kinds, equal := map[string]int{}, 0
	const n = 2000
	for i := range n {
		kind, s := a.mixed(i)
		kinds[kind]++
		_, again := same.mixed(i)
		if d := cmp.Diff(s, again); d != "" {
			t.Fatal(d)
		}
		if _, o := other.mixed(i); cmp.Equal(s, o) {
			equal++
		}
		request := screen.Request{Purpose: screen.PurposeBorderControl, Subject: s}
		if err := request.Validate(); err != nil || len(s.Names) != 1 || len(s.BirthDates) != 1 {
			t.Fatalf("%s: %v, %+v", kind, err, s)
		}
	}
	if equal > n/2 { // strangers are of the people's seed
		t.Errorf("%d queries of two seeds are the same", equal)
	}
	for _, m := range mix {
		if got, want := kinds[m.kind], n*m.share/100; got < want*8/10 || got > want*12/10 {
			t.Errorf("%s: %d of %d, want about %d", m.kind, got, n, want)
		}
	}
	if _, s := a.commonest(0); s.Names[0].Full != "a b" {
		t.Errorf("%+v", s.Names)
	}
}
