// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
	"github.com/frontline-screening/frontline/internal/watchlist/country"
	"github.com/frontline-screening/frontline/internal/watchlist/edtf"
)

// index is one snapshot, ready for searching. It is immutable and keeps nothing of
// the mapping it was built from.
type index struct {
	records []entry
	names   []name
	// words are the dictionary: first those of names, with their weight, then joined
	// neighbours, which find names and weigh nothing.
	words   []word
	byWord  map[string]int32
	deletes []deletion
	// postings of word i are posts[words[i].from : words[i].to].
	posts   []int32
	numbers map[string][]documentRef
	scale   float64
}

// entry is what a search needs to know of a record.
type entry struct {
	id            string
	typ           watchlist.Type
	nature        screen.Nature
	gender        string
	handling      string
	births        []edtf.Date
	nationalities []string
	// expires is Unix seconds; 0 means never.
	expires int64
}

// name is one searchable name.
type name struct {
	record int32
	low    bool
	words  []int32
	// weight is the sum of its words' weights.
	weight float32
}

type word struct {
	text     []rune
	from, to int32
	weight   float32
	joined   bool
}

// deletion leads from a hash of deletions to a word. Half a hash will do, since
// every word met is compared; lists have millions of these.
type deletion struct {
	hash uint32
	word int32
}

type documentRef struct {
	record  int32
	country string
}

// posting joins a word to a name while the index is built.
type posting struct{ word, name int32 }

type builder struct {
	*index
	pairs []posting
}

func newIndex(s *snapshot.Snapshot) (*index, error) {
	b := builder{index: &index{
		records: make([]entry, 0, s.Records()),
		byWord:  map[string]int32{},
		numbers: map[string][]documentRef{},
	}}
	for r, err := range s.All() {
		if err != nil {
			return nil, fmt.Errorf("snapshot: %w; fetch it again", err)
		}
		if err := b.add(&r); err != nil {
			return nil, err
		}
	}
	b.finish()
	return b.index, nil
}

func (b *builder) add(r *watchlist.Record) error {
	e := entry{id: r.ID, typ: r.Type, nature: screen.Nature(r.Nature), gender: r.Gender}
	if r.Handling != nil {
		e.handling = r.Handling.Text
	}
	if r.Expires != "" {
		t, err := time.Parse(time.RFC3339, r.Expires)
		if err != nil {
			return fmt.Errorf("record %d: expires is not an RFC 3339 time", len(b.records)+1)
		}
		e.expires = t.Unix()
	}
	for _, d := range r.BirthDates {
		date, err := edtf.Parse(d)
		if err != nil {
			return fmt.Errorf("record %d: birth date: %w", len(b.records)+1, err)
		}
		e.births = append(e.births, date)
	}
	for _, n := range r.Nationalities {
		if code, ok := country.FromCode(n); ok {
			n = code
		}
		e.nationalities = append(e.nationalities, n)
	}
	id := int32(len(b.records))
	b.records = append(b.records, e)
	for _, n := range r.Names {
		low := n.Quality == watchlist.Low
		b.addName(id, n.Text(), low)
		if short := withoutBrackets(n.Text()); short != "" {
			b.addName(id, short, low)
		}
		if n.Full != "" && n.Given != "" && n.Family != "" {
			b.addName(id, n.Given+" "+n.Family, low)
		}
	}
	for _, d := range r.Documents {
		code, _ := country.Resolve(d.Country)
		for _, key := range numbers(d.Number) {
			b.numbers[key] = append(b.numbers[key], documentRef{record: id, country: code})
		}
	}
	return nil
}

// addName enters a name unless the record has the same words already.
func (b *builder) addName(record int32, text string, low bool) {
	parts := tokens(text)
	if len(parts) == 0 {
		return
	}
	n := name{record: record, low: low, words: make([]int32, len(parts))}
	for i, p := range parts {
		n.words[i] = b.word(p, false)
	}
	for i := len(b.names) - 1; i >= 0 && b.names[i].record == record; i-- {
		if slices.Equal(b.names[i].words, n.words) {
			b.names[i].low = b.names[i].low && low
			return
		}
	}
	id := int32(len(b.names))
	b.names = append(b.names, n)
	for i, w := range n.words {
		b.pairs = append(b.pairs, posting{w, id})
		if i > 0 {
			b.pairs = append(b.pairs, posting{b.word(parts[i-1]+parts[i], true), id})
		}
	}
}

// word returns the word's place in the dictionary, entering it if need be.
func (b *builder) word(s string, joined bool) int32 {
	if id, ok := b.byWord[s]; ok {
		b.words[id].joined = b.words[id].joined && joined
		return id
	}
	id := int32(len(b.words))
	b.words = append(b.words, word{text: []rune(s), joined: joined})
	b.byWord[s] = id
	return id
}

// finish lays out the postings and weighs the words.
func (b *builder) finish() {
	slices.SortFunc(b.pairs, func(x, y posting) int {
		return cmp.Or(cmp.Compare(x.word, y.word), cmp.Compare(x.name, y.name))
	})
	b.pairs = slices.Compact(b.pairs)
	b.posts = make([]int32, len(b.pairs))
	for i, p := range b.pairs {
		b.posts[i] = p.name
		w := &b.words[p.word]
		if w.to == 0 {
			w.from = int32(i)
		}
		w.to = int32(i + 1)
	}
	b.scale = math.Log(1 + math.Max(1000, float64(len(b.names))))
	most := 0
	for i := range b.words {
		most += len(b.words[i].text) + 1
	}
	b.deletes = make([]deletion, 0, most)
	for i := range b.words {
		w := &b.words[i]
		w.weight = b.weigh(string(w.text), int(w.to-w.from))
		if len(w.text) >= minFuzzy && len(w.text) < 64 {
			deletions(w.text, func(h uint32) { b.deletes = append(b.deletes, deletion{h, int32(i)}) })
		}
	}
	slices.SortFunc(b.deletes, func(x, y deletion) int {
		return cmp.Or(cmp.Compare(x.hash, y.hash), cmp.Compare(x.word, y.word))
	})
	for i := range b.names {
		for _, w := range b.names[i].words {
			b.names[i].weight += b.words[w].weight
		}
	}
}

// Bounds of a word's weight.
const (
	weightParticle = 0.12
	weightLeast    = 0.2
)

// weigh is how much a word tells: near 1 if it is in few names, little if in many.
func (x *index) weigh(s string, names int) float32 {
	if particles[s] {
		return weightParticle
	}
	return float32(math.Max(weightLeast, 1-math.Log(1+float64(names))/x.scale))
}

// near yields the words one edit away, joined ones included.
func (x *index) near(w []rune, f func(int32)) {
	if len(w) < minFuzzy || len(w) >= 64 {
		return
	}
	var seen [64]int32
	found := seen[:0]
	deletions(w, func(h uint32) {
		i, _ := slices.BinarySearchFunc(x.deletes, h, func(d deletion, h uint32) int { return cmp.Compare(d.hash, h) })
		for ; i < len(x.deletes) && x.deletes[i].hash == h; i++ {
			id := x.deletes[i].word
			if !slices.Contains(found, id) && oneEdit(w, x.words[id].text) {
				found = append(found, id)
				f(id)
			}
		}
	})
}

// withoutBrackets is the name without what stands in brackets, empty if there is none
// or nothing else.
func withoutBrackets(s string) string {
	out, depth, had := make([]rune, 0, len(s)), 0, false
	for _, r := range s {
		switch r {
		case '(', '[':
			depth, had = depth+1, true
		case ')', ']':
			depth = max(0, depth-1)
			out = append(out, ' ')
		default:
			if depth == 0 {
				out = append(out, r)
			}
		}
	}
	if !had {
		return ""
	}
	return string(out)
}
