// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"io"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/snapshot"
)

func TestSyntheticListIsCached(t *testing.T) {
	dir := t.TempDir()
	synthetic := func() *list {
		b := &bench{cache: dir, seed: 1, entities: 300, started: time.Now()}
		l, err := b.synthetic(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	first := synthetic()
	built, err := snapshot.Open(first.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer built.Close()
	if first.Entities != 300 || first.Names < 600 || len(first.Common) != commonest || first.Digest != built.Digest() {
		t.Errorf("%+v", first)
	}
	if d := cmp.Diff(first, synthetic()); d != "" {
		t.Error(d)
	}
}

func TestRevisedSnapshotIsThatOfTheRevisedPeople(t *testing.T) {
	dir := t.TempDir()
	b := &bench{cache: dir, seed: 1, entities: 400, started: time.Now()}
	l, err := b.synthetic(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	people, path := b.people(), l.Path
	for i := range 2 {
		people = people.Revise(50)
		next := filepath.Join(dir, string(rune('a'+i)))
		revised, err := revisedSnapshot(t.Context(), path, people, next)
		if err != nil {
			t.Fatal(err)
		}
		var afresh list
		afresh.Path = filepath.Join(dir, "afresh")
		if err := afresh.build(t.Context(), people); err != nil {
			t.Fatal(err)
		}
		if revised.Digest != afresh.Digest {
			t.Errorf("revision %d differs from the list built afresh", i)
		}
		path = next
	}
}

func TestChildServesAndRevises(t *testing.T) {
	b := &bench{cache: t.TempDir(), dir: t.TempDir(), seed: 1, entities: 500, started: time.Now()}
	l, err := b.synthetic(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	orders, in := io.Pipe()
	out, replies := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- serveChild(t.Context(), orders, replies) }()
	p := &process{stdin: in, out: json.NewDecoder(out)}
	if err := p.exchange(setup{List: *l, Seed: b.seed, Entities: b.entities}, &p.ready); err != nil {
		t.Fatal(err)
	}
	if p.ready.Seconds <= 0 || p.ready.Memory.Resident <= 0 {
		t.Errorf("%+v", p.ready)
	}
	got, err := p.do(order{Search: &searchOrder{N: 50}})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, took := range got.Search {
		n += len(took)
	}
	if n != 50 {
		t.Errorf("%d of 50 queries", n)
	}
	messages, err := b.messages(p.ready.Address, 0, 20)
	if err != nil {
		t.Fatal(err)
	}
	atRest, err := answersAtRest(t.Context(), p.ready.Address, messages)
	if err != nil {
		t.Fatal(err)
	}
	again, err := answersAtRest(t.Context(), p.ready.Address, messages)
	if err != nil || !slices.Equal(atRest, again) {
		t.Errorf("answers at rest differ: %v", err)
	}
	next := filepath.Join(b.dir, "next")
	built, err := revisedSnapshot(t.Context(), l.Path, b.people().Revise(40), next)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.do(order{Revise: &reviseOrder{Path: next, Digest: built.Digest, Quiet: 0.2, After: 0.2}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Revise.Took <= 0 || len(r.Revise.Quiet) == 0 || len(r.Revise.After) == 0 {
		t.Errorf("took %v ms, %d queries before, %d after", r.Revise.Took, len(r.Revise.Quiet), len(r.Revise.After))
	}
	if _, err := p.do(order{}); err == nil {
		t.Error("an order for nothing is carried out")
	}
	_ = in.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
