// SPDX-License-Identifier: Apache-2.0

package script

import "strings"

// Words in Latin letters are compared by units: letters, and spellings of more letters
// that are one sound. What a unit costs more or less, or taken for another, is in
// hundredths of an edit, and at most what any way around over other units costs, so
// that units that begin or end both words can be left out of the comparison.

// unit is the number of a unit; 0 is none.
type unit = uint8

// units is how many units there may be; those above the named ones are letters outside
// a to z.
const units = 128

// latinUnits are the units besides a to z and the digits. One after "=" is another way
// to write a unit; those with X are of ICAO 9303-3 section 6, A and C.
const latinUnits = `
sh ch kh gh zh th dh ph ck ts tz dz dj cz sz qu
sch tch=ch tsch=ch shch=sch dzh=dj cs ks=x cks=x gn
aa ae ai ay=ai au ea ee ei ey=ei eu ew=eu ie oa oe oo ou ue
xh=h xss=s xdz=d xtt=t xzz=z xth=th xdh=dh xsh=sh xkh=kh xaa=a xae=a xay=a xah=a xya=i xkk=k xgg=g nxx=n uxx=u
`

// doubled stands for the second of two equal letters.
const doubled = 37 // after none, a to z and the digits

// What it costs that a unit is more or less, and that one is taken for another.
const (
	costEdit    = 100 // units without anything in common
	costSwapped = 80  // two neighbours exchanged
	costDouble  = 8   // the second of two equal letters
)

// Units that cost less than an edit when they are missing.
const latinSoft = `a 40 e 40 i 40 o 40 u 40 y 40 h 35 w 60 gh 70 aa 50 ae 50 ai 60 au 60 ea 50 ee 50 ei 60 eu 60 ie 50 oa 50 oe 50 oo 50 ou 50 ue 50`

// latinAlike are groups of units that are taken for each other at a cost: vowels,
// letters that spell one sound in one language or another, and sounds that ears confuse.
const latinAlike = `
30 a e i o u y
20 i y e
20 o u
25 a e
5 a aa
5 o oe oo oa
5 u ue ou oo
5 a ae
8 e ae ee ea oe
8 i ie ee ei
15 e ie ai ei
15 a ai
20 o ou au oo
15 a au
15 eu u e oe
15 ai ei ee
15 i ai
15 ou au
20 y j
20 i j
10 c k ck q qu
10 ck k
12 ck c
35 c s ts tz ch cs cz
30 c ch z
15 c ts tz
25 s z
30 x s sh
50 x k
20 v w
40 f v
40 f w
50 f p
45 b v
50 b p
50 b f
4 f ph
30 p ph
45 d t
50 g k gh
40 g q
35 g j dj gh
15 g gh
50 gh h
70 gh k
30 u w
50 u v
50 o w
40 i w
30 s sh
12 sh sch ch
20 sh sz sch zh
40 s sch
30 sh cs cz
15 ch cz cs
20 ch kh h
25 ch k kh
20 kh h
25 kh k
40 k h
45 g h
15 zh j
30 zh z g
15 j dj zh
30 j dz z
40 j ch sh
35 j h
15 dz z dj
15 ts tz cz
30 ts s z
25 tz z
15 s sz
30 z sz cz
15 t th
45 th s
40 th d dh
15 d dh
35 dh z
60 m n
60 l r
8 n gn
`

// latinTable is latinUnits compiled.
type latinTable struct {
	trie trie
	// missing is what it costs that a unit is more or less, instead that one is taken for
	// another, in hundredths of an edit.
	missing [units]uint8
	instead [units][units]uint8
	// follow are, for each letter, those that make a longer unit with it.
	follow [letters]uint32
	// within are, for each of the bounds, the units that a unit may be taken for at that
	// cost at most, by their numbers modulo 64.
	within [units][len(bounds)]uint64
}

// bounds are costs between which the units that are met are told apart at a glance.
var bounds = [...]uint8{0, 29, 44, 59, costEdit - 1}

var latinCosts = func() *latinTable {
	t := new(latinTable)
	ids := map[string]unit{}
	add := func(spelling string, id unit) {
		ids[spelling] = id
		t.trie.add(spelling, uint16(id))
	}
	for c := byte('a'); c <= 'z'; c++ {
		add(string(c), c-'a'+1)
	}
	next := unit(doubled + 1)
	for spelling := range strings.FieldsSeq(latinUnits) {
		spelling, same, ok := strings.Cut(spelling, "=")
		if ok {
			add(spelling, ids[same])
			continue
		}
		add(spelling, next)
		next++
	}
	for l := range t.follow {
		for k, s := range t.trie.next[t.trie.next[0][l]] {
			if l != 0 && s != 0 {
				t.follow[l] |= 1 << k
			}
		}
	}
	t.weigh(ids)
	t.close()
	for u := range t.within {
		for i, b := range bounds {
			for v, c := range t.instead[u] {
				if c <= b {
					t.within[u][i] |= 1 << (v & 63)
				}
			}
		}
	}
	return t
}()

// weigh reads the costs.
func (t *latinTable) weigh(ids map[string]unit) {
	for u := range t.instead {
		t.missing[u] = costEdit
		for v := range t.instead[u] {
			if u != v {
				t.instead[u][v] = costEdit
			}
		}
	}
	t.missing[doubled] = costDouble
	for f := strings.Fields(latinSoft); len(f) > 1; f = f[2:] {
		t.missing[ids[f[0]]] = parse(f[1])
	}
	for line := range strings.Lines(latinAlike) {
		f := strings.Fields(line)
		for i := 1; i < len(f); i++ {
			for j := 1; j < len(f); j++ {
				u, v := ids[f[i]], ids[f[j]]
				t.instead[u][v] = min(t.instead[u][v], parse(f[0]))
			}
		}
	}
}

// close lowers each cost to that of the cheapest way over others (Floyd and Warshall),
// unit 0 being none.
func (t *latinTable) close() {
	for u := range t.instead {
		t.instead[u][0], t.instead[0][u] = t.missing[u], t.missing[u]
	}
	t.instead[0][0], t.missing[0] = 0, 0
	for via := range t.instead {
		for u := range t.instead {
			a := t.instead[u][via]
			if a >= costEdit {
				continue
			}
			for v, b := range t.instead[via] {
				if c := a + b; b < costEdit && c < t.instead[u][v] {
					t.instead[u][v] = c
				}
			}
		}
	}
	for u := range t.instead {
		t.missing[u] = t.instead[u][0]
	}
}

func parse(s string) (n uint8) {
	for i := range len(s) {
		n = n*10 + s[i] - '0'
	}
	return n
}

// latinWord is a word in Latin letters by its units.
type latinWord struct {
	units []unit
	// met are the units it has, by their numbers modulo 64.
	met uint64
}

// latinRoom is room for the units of a word.
type latinRoom [maxLetters]unit

// read reads a word, up to maxLetters of its bytes.
func (r *latinRoom) read(word string) latinWord {
	t := latinCosts
	word = word[:min(len(word), maxLetters)]
	n, met, before := 0, uint64(0), uint8(0)
	for i := 0; i < len(word) && n < maxLetters; n++ {
		c := word[i]
		l := letterOf[c]
		u, size := l, 1
		switch {
		case l == 0:
			// Letters outside a to z are told apart by their bytes.
			u = units - 1 - c&31
			if c-'0' < 10 {
				u = c - '0' + 27
			}
		case l == before && vowels>>l&1 == 0:
			u = doubled
		case i+1 < len(word) && t.follow[l&31]>>(letterOf[word[i+1]]&31)&1 != 0:
			u, size = t.longest(word[i:], l)
		}
		if before = l; size > 1 {
			before = 0
		}
		r[n] = u
		met |= 1 << (u & 63)
		i += size
	}
	return latinWord{r[:n], met}
}

// longest is the longest unit at the beginning of a word, the first letter of which is l.
func (t *latinTable) longest(word string, l uint8) (u unit, size int) {
	u, size = l, 1
	s := t.trie.next[0][l&(letters-1)]
	for k := 1; k < len(word); k++ {
		if s = t.trie.next[s][letterOf[word[k]]&(letters-1)]; s == 0 {
			break
		}
		if id := t.trie.id[s]; id != 0 {
			u, size = unit(id), k+1 //nolint:gosec // below units
		}
	}
	return u, size
}

// floors are, for each unit of a word, what it costs at least to take it and those after
// it for units of another word.
type floors [maxLetters + 1]int32

// set reckons the floors of w against a word with the units met, and gives that of all
// of w; it stops where that exceeds limit.
func (f *floors) set(w *latinWord, met uint64, limit int32) int32 {
	t, sum := latinCosts, int32(0)
	f[len(w.units)] = 0
	for i := len(w.units) - 1; i >= 0; i-- {
		u := w.units[i] & (units - 1)
		near := &t.within[u]
		if near[0]&met == 0 {
			c := uint8(costEdit)
			switch {
			case near[1]&met != 0:
				c = 1
			case near[2]&met != 0:
				c = bounds[1] + 1
			case near[3]&met != 0:
				c = bounds[2] + 1
			case near[4]&met != 0:
				c = bounds[3] + 1
			}
			if sum += int32(min(c, t.missing[u])); sum > limit {
				return sum
			}
		}
		f[i] = sum
	}
	return sum
}

// comparison is the memory of a comparison, kept so that it need not be made anew for
// each: the last three rows of a table of costs, and the floors of one word.
type comparison struct {
	rows   [3][maxLetters + 1]int32
	floors floors
}

// edits is what it costs, in hundredths of an edit, to take one word for the other; more
// than limit when it exceeds that.
func (m *comparison) edits(a, b *latinWord, limit int32) int32 {
	if len(b.units) > len(a.units)+2 {
		// What is more in the longer word tells sooner.
		a, b = b, a
	}
	if floor := m.floors.set(a, b.met, limit); floor > limit {
		return floor
	}
	from, endA, endB := 0, len(a.units), len(b.units)
	for from < endA && from < endB && a.units[from] == b.units[from] {
		from++
	}
	for endA > from && endB > from && a.units[endA-1] == b.units[endB-1] {
		endA, endB = endA-1, endB-1
	}
	x, y := a.units[from:endA], b.units[from:endB]
	t, last, lowest := latinCosts, unit(0), int32(0)
	before, above, row := &m.rows[0], &m.rows[1], &m.rows[2]
	above[0] = 0
	for j, v := range y {
		above[j+1] = above[j] + int32(t.missing[v&(units-1)])
	}
	for i, u := range x {
		instead, gone := &t.instead[u&(units-1)], int32(t.missing[u&(units-1)])
		corner := above[0]
		left := corner + gone
		row[0] = left
		least, lastY := left, unit(0)
		for j, v := range y {
			top := above[j+1]
			c := min(corner+int32(instead[v&(units-1)]), top+gone, left+int32(t.missing[v&(units-1)]))
			if u == lastY && v == last {
				c = min(c, before[j-1]+costSwapped)
			}
			row[j+1] = c
			left, corner, lastY = c, top, v
			least = min(least, c)
		}
		// A swap may still reach over a row.
		if min(least+m.floors[from+i+1], lowest+costSwapped+m.floors[min(from+i+2, len(a.units))]) > limit {
			return limit + 1
		}
		before, above, row = above, row, before
		last, lowest = u, least
	}
	return above[len(y)]
}
