// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// vocabulary is small, so that edits change how many names have a word, and holds words
// one edit apart, short forms, words that join to others, particles and other scripts.
var vocabulary = strings.Fields("aleksandr sasha саша юра bill william marek marak mare k marekan an al ben bina bin testova testovar tova tes иван иванн юрий Ωμέγα straße co x omar omari li abdul abdulomar abdal mac macomar عبد عبدالطربوق الطربوق طربوق tarbouk yusuf youssef 张伟 zhang wei")

// randomRecord is a record of the vocabulary's words.
func randomRecord(rng *rand.Rand, id string) watchlist.Record {
	words := func() string {
		out := make([]string, 1+rng.IntN(4))
		for i := range out {
			out[i] = vocabulary[rng.IntN(len(vocabulary))]
		}
		return strings.Join(out, " ")
	}
	r := watchlist.Record{ID: id, Type: watchlist.Person, BirthDates: []string{strconv.Itoa(1960 + rng.IntN(4))}}
	for range 1 + rng.IntN(3) {
		n := watchlist.Name{Full: words()}
		if rng.IntN(4) == 0 {
			n.Quality = watchlist.Low
		}
		if rng.IntN(4) == 0 {
			n.Full += " (" + words() + ")"
		}
		r.Names = append(r.Names, n)
	}
	if rng.IntN(2) == 0 {
		r.Documents = []watchlist.Document{{Number: fmt.Sprintf("T%05d", rng.IntN(40)), Country: []string{"", "AL", "FR"}[rng.IntN(3)]}}
	}
	return r
}

// list is a list under edits.
type list struct {
	rng     *rand.Rand
	records []watchlist.Record
	next    int
}

func (l *list) add() {
	l.records = append(l.records, randomRecord(l.rng, fmt.Sprintf("r-%d", l.next)))
	l.next++
}

func (l *list) edit() {
	i := 0
	if len(l.records) > 0 {
		i = l.rng.IntN(len(l.records))
	}
	switch kind := l.rng.IntN(5); {
	case kind == 0 || len(l.records) == 0:
		l.add()
	case kind == 1:
		l.records = append(l.records[:i:i], l.records[i+1:]...)
	case kind == 2: // a record of an id that was removed, perhaps, comes again
		id := fmt.Sprintf("r-%d", l.rng.IntN(l.next))
		for _, r := range l.records {
			if r.ID == id {
				return
			}
		}
		l.records = append(l.records, randomRecord(l.rng, id))
	default:
		l.records = append([]watchlist.Record(nil), l.records...)
		l.records[i] = randomRecord(l.rng, l.records[i].ID)
	}
}

// same compares what two engines answer to the same questions, and how they weigh words.
func same(t *rapid.T, rng *rand.Rand, got, want *Engine) {
	a, b := got.set.Load().feeds[0].content, want.set.Load().feeds[0].content
	if a.index.names != b.index.names || a.index.records != b.index.records {
		t.Fatalf("%d names of %d records, afresh %d of %d", a.index.names, a.index.records, b.index.names, b.index.records)
	}
	for id := range uint32(b.index.parts[0].words.len()) {
		text, want := b.index.parts[0].words.text(id), b.index.weight(b.index.parts[0], id)
		for _, p := range a.index.parts {
			if at, ok := p.words.find(text); ok && a.index.weight(p, at) != want {
				t.Fatalf("the word %q weighs %v, afresh %v", text, a.index.weight(p, at), want)
			}
		}
	}
	for range 20 {
		r := randomRecord(rng, "asked")
		req := named(r.Names[0].Full)
		req.Limit = screen.MaxLimit
		if rng.IntN(2) == 0 {
			req.Subject.BirthDates = r.BirthDates
		}
		for _, d := range r.Documents {
			req.Subject.Documents = append(req.Subject.Documents, screen.Document{Number: d.Number, Country: d.Country})
		}
		x, err := got.Screen(t.Context(), req, now)
		y, err2 := want.Screen(t.Context(), req, now)
		if errors.Join(err, err2) != nil {
			t.Fatal(err, err2)
		}
		x.ID, y.ID = "", ""
		if d := cmp.Diff(y, x); d != "" {
			t.Fatalf("for %q the answer differs from that of an index built afresh (-afresh +got):\n%s", req.Subject.Names[0].Full, d)
		}
	}
}

// Whatever sequence of edits led to a snapshot, and whenever its index was built anew
// beside it, it answers as one built afresh: the same records, scores and words.
func TestUpdatesAnswerAsBuiltAfresh(t *testing.T) {
	incremental, rebuilt := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		l := &list{rng: rng}
		for range rapid.IntRange(0, 120).Draw(rt, "records") {
			l.add()
		}
		e := New(Options{})
		e.renewal.stop() // builds beside it come when the test says so
		defer e.Close()
		var kept []*content
		for step := range rapid.IntRange(1, 20).Draw(rt, "steps") {
			feed := Feed{ID: "a.b", Version: int64(step), Digest: fmt.Sprintf("sha256:%d", step), Snapshot: open(t, l.records)}
			if err := e.Update([]Feed{feed}); err != nil {
				rt.Fatal(err)
			}
			current := e.set.Load().feeds[0].content
			if len(current.index.parts) > 1 {
				incremental++
			}
			if len(current.index.parts) > maxParts {
				rt.Fatalf("%d segments", len(current.index.parts))
			}
			switch rng.IntN(6) {
			case 0: // a build of this snapshot begins
				current.source.refs.Add(1)
				c, err := build(current.digest, current.source, hurry)
				if err != nil {
					rt.Fatal(err)
				}
				kept = append(kept, c)
			case 1: // one that began some snapshots ago ends
				if len(kept) > 0 {
					if err := e.install("a.b", kept[0]); err != nil && !errors.Is(err, errWhole) {
						rt.Fatal(err)
					}
					kept = kept[1:]
					rebuilt++
				}
			}
			fresh := engineOf(t, Options{}, Feed{ID: "a.b", Version: int64(step), Digest: feed.Digest, Snapshot: open(t, l.records)})
			same(rt, rng, e, fresh)
			fresh.Close()
			for range rng.IntN(6) {
				l.edit()
			}
		}
		for _, c := range kept {
			c.release()
		}
	})
	if incremental == 0 || rebuilt == 0 {
		t.Errorf("%d updates, %d builds beside them: nothing was tested", incremental, rebuilt)
	}
}

func TestUpdateIndexesWhatChanged(t *testing.T) {
	l := &list{rng: rand.New(rand.NewPCG(1, 1))}
	for range 500 {
		l.add()
	}
	e := engineOf(t, Options{}, Feed{ID: "a.b", Digest: "sha256:1", Snapshot: open(t, l.records)})
	base := e.set.Load().feeds[0].content.index.parts[0].segment
	l.records = append([]watchlist.Record(nil), l.records[2:]...) // two gone
	l.records[0] = randomRecord(l.rng, l.records[0].ID)           // one changed
	l.add()                                                       // one new
	if err := e.Update([]Feed{{ID: "a.b", Digest: "sha256:2", Snapshot: open(t, l.records)}}); err != nil {
		t.Fatal(err)
	}
	x := e.set.Load().feeds[0].content.index
	if len(x.parts) != 2 || x.parts[0].segment != base || x.parts[0].gone != 3 || x.parts[1].docs() != 2 || x.records != 499 {
		t.Errorf("%d parts with %d gone and %d records", len(x.parts), x.parts[0].gone, x.records)
	}
	// Back to the first release: an ordinary set, whose rows are looked up again.
	if got := e.set.Load().altered(); got != 5 {
		t.Errorf("%d records altered, want 5", got)
	}
}

func TestRowsThatCannotBeReadRefuseTheSet(t *testing.T) {
	l := &list{rng: rand.New(rand.NewPCG(1, 1))}
	for range 500 {
		l.add()
	}
	built, err := snapshot.Build(snapshot.Meta{Format: watchlist.FrontlineJSONL}, l.records)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := snapshot.FromBytes(built.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	first := len(whole.Head())
	_, n := binary.Uvarint(built.Bytes[first:])
	tests := []struct {
		name  string
		at    int
		bytes []byte
	}{
		{"a row longer than its shard", first, []byte{0xff, 0xff, 0x7f}},
		{"a row without an id", first + n, []byte{0x7f}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			damaged := func() *snapshot.Snapshot {
				data := bytes.Clone(built.Bytes)
				copy(data[tc.at:], tc.bytes)
				s, err := snapshot.FromBytes(data)
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
			e := New(Options{})
			t.Cleanup(e.Close)
			for _, before := range []string{"nothing", "the whole list"} {
				err := e.Update([]Feed{{ID: "a.b", Digest: "sha256:2", Snapshot: damaged()}})
				if err == nil || !strings.Contains(err.Error(), "fetch it again") {
					t.Errorf("after %s: %v", before, err)
				}
				if err := e.Update([]Feed{{ID: "a.b", Digest: "sha256:1", Snapshot: open(t, l.records)}}); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
