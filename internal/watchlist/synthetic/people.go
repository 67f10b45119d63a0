// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

// People is a list whose words are distributed as in large real ones: a few words stand
// in per cents of all names, most stand in one or two, aliases are other spellings of
// the main name, and about one name in seven is in Arabic, Cyrillic, Han or Hangul
// letters. List is for what does not depend on names; People is for what does. Of
// 1,000,000 people there are about 2.5 million names. The same seed makes the same
// people, and any of them can be made without those before.
type People struct {
	seed uint64
	n    int
	// touched is the revision that changed a record last; gone are those taken out.
	touched   map[int]uint64
	gone      map[int]bool
	revisions uint64
	last      Revision
}

// Revision is what one call of Revise did, as numbers for At.
type Revision struct{ Changed, Removed, Added []int }

// ListPeople returns the list of n people of a seed.
func ListPeople(seed uint64, n int) *People { return &People{seed: seed, n: n} }

// Revise returns the list with so many records revised: of ten, eight are changed, one
// is taken out and one added. Revisions of a revision add up.
func (p *People) Revise(records int) *People {
	next := &People{seed: p.seed, n: p.n, touched: maps.Clone(p.touched), gone: maps.Clone(p.gone), revisions: p.revisions + 1}
	if next.touched == nil {
		next.touched, next.gone = map[int]uint64{}, map[int]bool{}
	}
	rng := source(p.seed^revising, next.revisions)
	for k := range min(records, p.n/2) {
		if k%10 == 9 {
			next.last.Added = append(next.last.Added, next.n)
			next.n++
			continue
		}
		i := rng.IntN(p.n)
		for next.gone[i] || next.touched[i] == next.revisions {
			i = rng.IntN(p.n)
		}
		if k%10 == 8 {
			next.gone[i] = true
			next.last.Removed = append(next.last.Removed, i)
		} else {
			next.touched[i] = next.revisions
			next.last.Changed = append(next.last.Changed, i)
		}
	}
	return next
}

// Revision is what the last call of Revise did.
func (p *People) Revision() Revision { return p.last }

// Streams of their own, beside that of the records.
const (
	revising  = 0x7265_7669_7365
	strangers = 0x6e6f_6c69_7374
)

// Len is the number of records.
func (p *People) Len() int { return p.n - len(p.gone) }

// Places is the number that i in At is below: records that were taken out leave theirs empty.
func (p *People) Places() int { return p.n }

// At makes record i. It reports whether it is still on the list.
func (p *People) At(i int) (watchlist.Record, bool) {
	r := person(source(p.seed, uint64(i)), id(i)) //nolint:gosec // not negative
	if revision := p.touched[i]; revision > 0 {
		rng := source(p.seed^revising, revision<<32|uint64(i)) //nolint:gosec // not negative
		switch rng.IntN(4) {
		case 0:
			r.Names = append(r.Names, watchlist.Name{Full: another(rng, r.Names[0].Full), Kind: watchlist.Alias})
		case 1:
			r.BirthDates = []string{day(rng)}
		case 2:
			r.Documents = append(r.Documents, passport(rng))
		default:
			r = person(rng, id(i))
		}
	}
	return r, !p.gone[i]
}

// All gives the records in the publisher's order.
func (p *People) All() iter.Seq[watchlist.Record] {
	return func(yield func(watchlist.Record) bool) {
		for i := range p.n {
			if r, ok := p.At(i); ok && !yield(r) {
				return
			}
		}
	}
}

// Stranger makes a person of the same communities who is on no list: the words of the
// name are as common, and the day of birth is known.
func (p *People) Stranger(i int) watchlist.Record {
	rng := source(p.seed^strangers, uint64(i)) //nolint:gosec // not negative
	r := person(rng, fmt.Sprintf("NONE-%07d", i))
	r.BirthDates = []string{day(rng)}
	return r
}

func person(rng *rand.Rand, id string) watchlist.Record {
	c := communityOf(rng)
	r := watchlist.Record{ID: id, Type: watchlist.Person, Programmes: []string{fmt.Sprintf("SYN-%c", 'A'+rune(rng.IntN(8)))}}
	parts := c.parts(rng)
	capitals := rng.IntN(4) == 0
	add := func(name string, kind watchlist.NameKind, quality watchlist.Quality) {
		name = strings.TrimSpace(name)
		if capitals {
			name = strings.ToUpper(name)
		}
		if name != "" && !slices.ContainsFunc(r.Names, func(n watchlist.Name) bool { return n.Full == name }) {
			r.Names = append(r.Names, watchlist.Name{Full: name, Kind: kind, Quality: quality})
		}
	}
	add(titled(latinOf(parts)), "", "")
	if c.native && rng.IntN(100) < 53 {
		add(nativeOf(parts, c.joint), watchlist.Original, "")
	}
	for range aliases(rng) {
		switch n := rng.IntN(20); {
		case n < 12:
			add(titled(latinOf(respelt(rng, parts))), watchlist.Alias, "")
		case n < 15:
			add(titled(latinOf(append(slices.Clone(parts[len(parts)-1:]), parts[:len(parts)-1]...))), watchlist.Alias, "")
		case n < 18 && len(parts) > 2:
			add(titled(latinOf(append(slices.Clone(parts[:1]), respelt(rng, parts[2:])...))), watchlist.Alias, "")
		case n < 19 && rng.IntN(2) == 0:
			add(titled("abu "+c.given.draw(rng, c).latin), watchlist.Alias, watchlist.Low)
		default:
			add(titled(latinOf(c.parts(rng))), watchlist.Alias, "")
		}
	}
	if rng.IntN(10) > 0 {
		r.BirthDates = []string{birth(rng)}
	}
	if rng.IntN(100) < 85 {
		r.Nationalities = []string{c.lands[min(rng.IntN(len(c.lands)), rng.IntN(len(c.lands)))]}
	}
	if rng.IntN(100) < 85 {
		r.Gender = []string{"M", "M", "F"}[rng.IntN(3)]
	}
	if rng.IntN(100) < 45 {
		r.Documents = []watchlist.Document{passport(rng)}
	}
	return r
}

// aliases is how many a person has: 1.2 in the mean.
func aliases(rng *rand.Rand) int { return []int{0, 0, 0, 0, 1, 1, 1, 2, 3, 4}[rng.IntN(10)] }

// another is another spelling of a name as it stands.
func another(rng *rand.Rand, name string) string {
	words := strings.Fields(name)
	at := rng.IntN(len(words))
	words[at] = titled(respell(rng, strings.ToLower(words[at])))
	return strings.Join(words, " ")
}

// titled begins each word with a capital, particles before a hyphen left small.
func titled(name string) string {
	words := strings.Split(name, " ")
	for i, w := range words {
		if particle, rest, ok := strings.Cut(w, "-"); ok && particle == "al" {
			words[i] = "al-" + capital(rest)
		} else {
			words[i] = capital(w)
		}
	}
	return strings.Join(words, " ")
}

func capital(w string) string {
	if w == "" || w[0] < 'a' || w[0] > 'z' {
		return w
	}
	return string(w[0]-'a'+'A') + w[1:]
}
