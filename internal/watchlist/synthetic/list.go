// SPDX-License-Identifier: Apache-2.0

// Package synthetic makes lists of people, organisations and vessels that exist
// nowhere, in every format the parsers read. Names are put together from syllables in
// four scripts. The same seed makes the same list on every machine, and a record can
// be made without those before it.
package synthetic

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

// Set is a list: the records 0 to Len()-1 of a seed, with the edits made since.
type Set struct {
	seed  uint64
	n     int
	edits []edit
}

// Mode is how the records of an edit lie to each other.
type Mode int

// The modes.
const (
	// Scattered: anywhere, each record with the same chance.
	Scattered Mode = iota
	// Clustered: one run in the publisher's order, as when a regime is revised.
	Clustered
	// Hashed: one run in the order of the SHA-256 of their ids, as a snapshot's shards lie.
	Hashed
)

type edit struct {
	seed     uint64
	share    float64
	mode     Mode
	from, to int // Clustered
}

// List returns the list of n records of a seed. About 90 of 100 are persons.
func List(seed uint64, n int) *Set { return &Set{seed: seed, n: n} }

// Edit returns the list with a share (0 to 1) of its records changed: of ten, one is
// rewritten but for its id and type, others get an alias, another date of birth or
// another document.
func (s *Set) Edit(seed uint64, share float64, mode Mode) *Set {
	e := edit{seed: seed, share: share, mode: mode}
	if mode == Clustered && s.n > 0 {
		size := int(share * float64(s.n))
		e.from = rand.New(rand.NewPCG(seed, 0)).IntN(s.n - min(size, s.n-1)) //nolint:gosec // synthetic
		e.to = e.from + size
	}
	return &Set{seed: s.seed, n: s.n, edits: append(slices.Clone(s.edits), e)}
}

// Resize returns the list with its first n records: a shorter one has records removed,
// a longer one added.
func (s *Set) Resize(n int) *Set { return &Set{seed: s.seed, n: n, edits: s.edits} }

// Len is the number of records.
func (s *Set) Len() int { return s.n }

// touches reports whether the edit changes record i.
func (e edit) touches(i int) bool {
	switch e.mode {
	case Clustered:
		return i >= e.from && i < e.to
	case Hashed:
		sum := sha256.Sum256([]byte(id(i)))
		return float64(binary.BigEndian.Uint32(sum[:])) < e.share*(1<<32)
	}
	return rand.New(rand.NewPCG(e.seed, uint64(i))).Float64() < e.share //nolint:gosec // synthetic
}

// All gives the records in the publisher's order.
func (s *Set) All() iter.Seq[watchlist.Record] {
	return func(yield func(watchlist.Record) bool) {
		for i := range s.n {
			if !yield(s.At(i)) {
				return
			}
		}
	}
}

func id(i int) string { return fmt.Sprintf("SYN-%07d", i) }

// At makes record i.
func (s *Set) At(i int) watchlist.Record {
	r := record(source(s.seed, uint64(i)), i)
	for n, e := range s.edits {
		if !e.touches(i) {
			continue
		}
		rng := source(e.seed+uint64(n), uint64(i)|1<<40)
		switch change := rng.IntN(10); {
		case change == 0:
			kind := r.Type
			r = record(rng, i)
			for r.Type != kind {
				r = record(rng, i)
			}
		case change < 5 || r.Type != watchlist.Person:
			r.Names = append(r.Names, watchlist.Name{Full: latin(rng, 2), Kind: watchlist.Alias})
		case change < 8:
			r.BirthDates = []string{day(rng)}
		default:
			r.Documents = []watchlist.Document{passport(rng)}
		}
	}
	return r
}

func source(seed, i uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, i)) //nolint:gosec // synthetic people are meant to be predictable
}

var lands = []string{"AL", "BR", "CN", "EG", "FI", "GH", "IN", "JP", "KE", "KZ", "LB", "MX", "NO", "PE", "RS", "TH", "UA", "VN", "ZA"}

// script makes words of one script from syllables.
type script struct{ begin, middle, end []string }

func words(s string) []string { return strings.Fields(s) }

var (
	latinScript = script{
		words("Abl Besm Corv Dalm Erv Fjor Gant Herv Ilm Jovr Kestr Lurm Mirq Norbl Olv Quelt Rasv Sopr Tamv Ulbr Vast Wenk Xarb Yolm Zint"),
		words("a e i o u an er il om ur"), words("bor dar ek gim kin lor mak nos pir rim sko tin vak xan zil"),
	}
	otherScripts = []script{
		{words("Аб Бес Кор Дал Эрв Фьор Гант Жов Кес Лур Мирк Тамв"), words("а е и о у ан ер"), words("бор дар ек кин лор мак нос рим зил")},
		{words("عبل بسم كرف دلم هرف جوف كست"), words("ا و ي"), words("بور دار كين لور ماك ريم زيل")},
		{words("阿 貝 科 達 菲 甘 赫 伊 凱"), words("勒 斯 維 克 爾"), words("波 達 金 洛 馬 里")},
	}
)

func (s script) word(rng *rand.Rand) string {
	pick := func(of []string) string { return of[rng.IntN(len(of))] }
	return pick(s.begin) + pick(s.middle) + pick(s.end)
}

func (s script) name(rng *rand.Rand, n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = s.word(rng)
	}
	return strings.Join(parts, " ")
}

func latin(rng *rand.Rand, n int) string { return latinScript.name(rng, n) }

func day(rng *rand.Rand) string {
	return fmt.Sprintf("%04d-%02d-%02d", 1940+rng.IntN(65), 1+rng.IntN(12), 1+rng.IntN(28))
}

// birth has the precisions that lists have, in about their shares.
func birth(rng *rand.Rand) string {
	switch n := rng.IntN(10); {
	case n < 7:
		return day(rng)
	case n == 7:
		return strconv.Itoa(1940 + rng.IntN(65))
	case n == 8:
		return fmt.Sprintf("%d~", 1940+rng.IntN(65))
	}
	year := 1940 + rng.IntN(60)
	return fmt.Sprintf("%d/%d", year, year+1+rng.IntN(5))
}

func land(rng *rand.Rand) string { return lands[rng.IntN(len(lands))] }

func passport(rng *rand.Rand) watchlist.Document {
	return watchlist.Document{Type: "passport", Number: fmt.Sprintf("%c%07d", 'A'+rune(rng.IntN(26)), rng.IntN(1e7)), Country: land(rng)}
}

func record(rng *rand.Rand, i int) watchlist.Record {
	r := watchlist.Record{ID: id(i), Type: watchlist.Person, Programmes: []string{fmt.Sprintf("SYN-%c", 'A'+rune(rng.IntN(8)))}}
	switch n := rng.IntN(100); {
	case n < 8:
		r.Type = watchlist.Entity
		r.Names = []watchlist.Name{{Full: latin(rng, 1) + " Trading " + latin(rng, 1)}}
		return r
	case n < 10:
		r.Type = watchlist.Object
		r.Names = []watchlist.Name{{Full: "MV " + latin(rng, 1)}}
		r.Documents = []watchlist.Document{{Type: "imo", Number: fmt.Sprintf("%07d", 9000000+rng.IntN(999999))}}
		return r
	}
	r.Names = []watchlist.Name{{Full: latin(rng, 2+rng.IntN(2))}}
	if rng.IntN(10) < 3 {
		r.Names = append(r.Names, watchlist.Name{Full: otherScripts[rng.IntN(len(otherScripts))].name(rng, 2), Kind: watchlist.Original})
	}
	if rng.IntN(10) < 4 {
		r.Names = append(r.Names, watchlist.Name{Full: latin(rng, 2), Kind: watchlist.Alias})
	}
	if rng.IntN(20) == 0 {
		r.Names = append(r.Names, watchlist.Name{Full: latin(rng, 1), Kind: watchlist.Alias, Quality: watchlist.Low})
	}
	if rng.IntN(10) > 0 {
		r.BirthDates = []string{birth(rng)}
	}
	if rng.IntN(10) < 8 {
		r.Nationalities = []string{land(rng)}
	}
	if rng.IntN(10) < 6 {
		r.Gender = []string{"M", "F"}[rng.IntN(2)]
	}
	if rng.IntN(10) < 4 {
		r.Documents = []watchlist.Document{passport(rng)}
	}
	return r
}
