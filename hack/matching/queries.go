// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/watchlist"
	"github.com/frontline-screening/frontline/internal/watchlist/edtf"
	"github.com/frontline-screening/frontline/internal/watchlist/synthetic"
)

// Kinds of queries. All have a birth date, and those of listed people the listed one.
const (
	kindStranger = "travellers on no list"
	kindSpoilt   = "listed people, misspelt and reordered"
	kindExact    = "listed names as they are"
	kindZone     = "travellers on no list, in capitals and parts as in zones"
	kindNative   = "names in letters other than Latin, half of them listed"
	// kindCommon is no part of the mix: names made of the commonest words alone.
	kindCommon = "the commonest words alone"
)

// mix is how many of 100 queries are of a kind.
var mix = []struct {
	kind  string
	share int
}{{kindStranger, 40}, {kindSpoilt, 25}, {kindExact, 15}, {kindZone, 10}, {kindNative, 10}}

// mixText says what the mix is.
func mixText() string {
	parts := make([]string, len(mix))
	for i, m := range mix {
		parts[i] = fmt.Sprintf("%d %% %s", m.share, m.kind)
	}
	return strings.Join(parts, ", ") + "; all with a birth date"
}

// asker makes queries of the people of a list, and of people beside it.
type asker struct {
	people *synthetic.People
	common []string
	seed   uint64
}

// Streams of random numbers; the one's queries are not the other's.
const (
	streamMix uint64 = iota + 10
	streamCommon
)

// mixed is the i-th query of the mix.
func (a asker) mixed(i int) (kind string, s screen.Subject) {
	rng := rand.New(rand.NewPCG(a.seed^streamMix, uint64(i))) //nolint:gosec // queries that can be made again
	at := rng.IntN(100)
	for _, m := range mix {
		if at -= m.share; at < 0 {
			kind = m.kind
			break
		}
	}
	switch kind {
	case kindSpoilt:
		r := a.listed(rng)
		name := r.Names[0].Text()
		if spoilt, ok := (spoiler{rng}).spoil(name); ok {
			name = spoilt
		}
		s = named(name)
		born(&s, rng, &r)
	case kindExact:
		r := a.listed(rng)
		s = named(r.Names[rng.IntN(len(r.Names))].Text())
		born(&s, rng, &r)
	case kindZone:
		r := a.people.Stranger(i)
		words := strings.Fields(strings.ReplaceAll(strings.ToUpper(r.Names[0].Full), "-", " "))
		given := strings.Join(words[:len(words)-1], " ")
		s.Names = []screen.Name{{Given: given, Family: words[len(words)-1]}}
		born(&s, rng, &r)
	case kindNative:
		r := a.withNative(rng)
		for _, n := range r.Names {
			if native(n.Full) {
				s = named(n.Full)
			}
		}
		born(&s, rng, &r)
	default:
		r := a.people.Stranger(i)
		s = named(r.Names[0].Full)
		born(&s, rng, &r)
	}
	return kind, s
}

// commonest is the i-th query of the worst kind: two to four of the commonest words, a
// third of them the two commonest and no other.
func (a asker) commonest(i int) (kind string, s screen.Subject) {
	rng := rand.New(rand.NewPCG(a.seed^streamCommon, uint64(i))) //nolint:gosec // queries that can be made again
	words := a.common[:min(2, len(a.common))]
	if i%3 > 0 {
		words = make([]string, 0, 4)
		for _, at := range rng.Perm(len(a.common))[:min(2+rng.IntN(3), len(a.common))] {
			words = append(words, a.common[at])
		}
	}
	s = named(strings.Join(words, " "))
	born(&s, rng, &watchlist.Record{})
	return kindCommon, s
}

// listed draws a record that is on the list.
func (a asker) listed(rng *rand.Rand) watchlist.Record {
	for {
		if r, ok := a.people.At(rng.IntN(a.people.Places())); ok {
			return r
		}
	}
}

// withNative draws a person who has a name without Latin letters, listed or not.
func (a asker) withNative(rng *rand.Rand) watchlist.Record {
	onList := rng.IntN(2) == 0
	for {
		var r watchlist.Record
		if onList {
			r = a.listed(rng)
		} else {
			r = a.people.Stranger(rng.IntN(1 << 30))
		}
		for _, n := range r.Names {
			if native(n.Full) {
				return r
			}
		}
	}
}

// born adds the birth date: the record's as far as a document says it, else any.
func born(s *screen.Subject, rng *rand.Rand, r *watchlist.Record) {
	for _, date := range r.BirthDates {
		if _, err := edtf.ParsePoint(date); err == nil {
			s.BirthDates = []string{date}
			return
		}
	}
	s.BirthDates = []string{fmt.Sprintf("%04d-%02d-%02d", 1940+rng.IntN(65), 1+rng.IntN(12), 1+rng.IntN(28))}
}
