// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// part is one word of a name, with its form in the community's own letters.
type part struct {
	latin, native string
	// spellings are the other ways in which it is written in Latin letters.
	spellings []string
}

// community is people who name their children from the same words.
type community struct {
	// share is of 1000 people.
	share int
	lands []string
	given stock
	// family is the stock of family names; endings make them from given names too.
	family stock
	// patterns are shapes of names: G a given name, F a family name, P a patronymic,
	// all else itself, a hyphen joining it to what follows.
	patterns []weighted
	// native says that the community has letters of its own, joint that its names are
	// written in them without a space.
	native, joint bool
	letters       func(latin string) string
}

// stock is the words of one kind: heads, which everybody bears, and a long tail.
type stock struct {
	heads []weighted
	// rest is what the heads leave of 1000.
	rest int
	// tail words are made from syllables, or, where pairs are given, put together of them.
	tail  syllables
	words int
	pairs []part
}

// weighted is a choice with its weight, of 1000 where it is a word.
type weighted struct {
	weight int
	text   string
	// words are the slots of a pattern.
	words []string
}

// choices reads "weight text, weight text"; words of a pattern have a plus between them.
func choices(s string) []weighted {
	var out []weighted
	for item := range strings.SplitSeq(s, ",") {
		weight, text, _ := strings.Cut(strings.TrimSpace(item), " ")
		n, err := strconv.Atoi(weight)
		if err != nil {
			panic("synthetic: a choice has no weight: " + item)
		}
		out = append(out, weighted{n, text, strings.Split(text, "+")})
	}
	return out
}

// stockOf reads heads, "per mille spelling/spelling, …", of a stock with so many words in its tail.
func stockOf(heads string, tail syllables, words int) stock {
	s := stock{heads: choices(heads), rest: 1000, tail: tail, words: words}
	for _, h := range s.heads {
		s.rest -= h.weight
	}
	return s
}

// rank draws a rank below n with a chance that falls as 1/(rank+flat) (Mandelbrot 1953).
func rank(rng *rand.Rand, n int, flat float64) int {
	return min(int(flat*(math.Pow((float64(n)+flat)/flat, rng.Float64())-1)), n-1)
}

func pick(rng *rand.Rand, of []weighted) *weighted {
	total := 0
	for i := range of {
		total += of[i].weight
	}
	at := rng.IntN(total)
	for i := range of {
		if at -= of[i].weight; at < 0 {
			return &of[i]
		}
	}
	return &of[0]
}

func (s *stock) draw(rng *rand.Rand, c *community) part {
	if len(s.pairs) > 0 {
		return s.compose(rng)
	}
	at := rng.IntN(1000) - s.rest
	for i := 0; at >= 0 && i < len(s.heads); i++ {
		if at -= s.heads[i].weight; at < 0 {
			spellings := strings.Split(s.heads[i].text, "/")
			return part{spellings[min(rng.IntN(len(spellings)), rng.IntN(len(spellings)), rng.IntN(len(spellings)))], c.write(spellings[0]), spellings}
		}
	}
	w := s.tail.word(rank(rng, s.words, 25))
	return part{latin: w, native: c.write(w)}
}

// compose puts a given name together of one or two syllables.
func (s *stock) compose(rng *rand.Rand) part {
	p := s.pairs[rank(rng, len(s.pairs), 6)]
	if s.words < 2 || rng.IntN(6) == 0 {
		return p
	}
	q := s.pairs[rank(rng, len(s.pairs), 6)]
	return part{latin: p.latin + q.latin, native: p.native + q.native, spellings: []string{p.latin + q.latin, p.latin + "-" + q.latin, p.latin + " " + q.latin}}
}

func (c *community) write(latin string) string {
	if c.letters == nil {
		return ""
	}
	return c.letters(latin)
}

// parts makes a name.
func (c *community) parts(rng *rand.Rand) []part {
	var out []part
	for _, slot := range pick(rng, c.patterns).words {
		before, kind, hyphen := strings.Cut(slot, "-")
		if !hyphen {
			before, kind = "", slot
		}
		var p part
		switch kind {
		case "G":
			p = c.given.draw(rng, c)
		case "F":
			p = c.family.draw(rng, c)
		case "P":
			p = c.given.draw(rng, c)
			p.latin = strings.TrimRight(p.latin, "aiy") + []string{"ovich", "evich", "ovna"}[rng.IntN(3)]
			p = part{latin: p.latin, native: c.write(p.latin)}
		default:
			p = part{latin: kind, native: c.write(kind)}
		}
		if hyphen {
			p = part{latin: before + "-" + p.latin, native: c.write(before) + p.native}
		}
		out = append(out, p)
	}
	return out
}

func latinOf(parts []part) string {
	words := make([]string, len(parts))
	for i, p := range parts {
		words[i] = p.latin
	}
	return strings.Join(words, " ")
}

func nativeOf(parts []part, joint bool) string {
	words := make([]string, len(parts))
	for i, p := range parts {
		first, size := utf8.DecodeRuneInString(p.native)
		words[i] = string(unicode.ToUpper(first)) + p.native[size:]
	}
	if joint {
		return strings.Join(words, "")
	}
	return strings.Join(words, " ")
}

// respelt is the name with about half of its words spelt another way.
func respelt(rng *rand.Rand, parts []part) []part {
	out := append([]part(nil), parts...)
	must := rng.IntN(len(out))
	for i := range out {
		if len(out[i].latin) < 4 || i != must && rng.IntN(2) == 0 {
			continue
		}
		if n := len(out[i].spellings); n > 1 {
			out[i].latin = out[i].spellings[rng.IntN(n)]
		} else {
			out[i].latin = respell(rng, out[i].latin)
		}
	}
	return out
}

// customs are pairs of spellings that romanisations exchange.
var customs = [][2]string{
	{"ou", "u"}, {"oo", "u"}, {"ee", "i"}, {"kh", "h"}, {"sh", "ch"}, {"zh", "j"}, {"ts", "tz"}, {"ck", "k"}, {"ph", "f"}, {"dj", "j"},
	{"ai", "ay"}, {"ei", "ey"}, {"iy", "y"}, {"ss", "s"}, {"ll", "l"}, {"mm", "m"}, {"nn", "n"}, {"q", "k"}, {"w", "v"}, {"z", "s"},
	{"u", "ou"}, {"i", "ee"}, {"k", "q"}, {"y", "i"}, {"h", "kh"}, {"f", "ph"}, {"a", "e"}, {"e", "a"}, {"o", "u"}, {"i", "y"}, {"c", "k"},
	{"s", "ss"}, {"l", "ll"}, {"m", "mm"}, {"n", "nn"}, {"r", "rr"}, {"b", "p"}, {"d", "t"},
}

// respell exchanges one spelling in a word; a word in which none can be is left as it is.
func respell(rng *rand.Rand, w string) string {
	from := rng.IntN(2) * 18 // of each word there are two other spellings at most, as few are in use
	for i := range customs {
		if c := customs[(from+i)%len(customs)]; strings.Contains(w, c[0]) {
			return strings.Replace(w, c[0], c[1], 1)
		}
	}
	return w
}

// syllables makes words: the commoner, the shorter.
type syllables struct{ begin, middle, end []string }

// word is the k-th word. Words that follow each other are not alike.
func (s syllables) word(k int) string {
	short, middle := len(s.begin)*len(s.end), len(s.middle)
	var b strings.Builder
	write := func(k, middles int) string {
		b.WriteString(s.begin[k%len(s.begin)])
		k /= len(s.begin)
		for range middles {
			b.WriteString(s.middle[k%middle])
			k /= middle
		}
		b.WriteString(s.end[k%len(s.end)])
		return b.String()
	}
	for middles := 0; ; middles++ {
		if k < short {
			return write(scatter(k, short), middles)
		}
		k -= short
		short *= middle
	}
}

// scatter is a permutation of the numbers below n.
func scatter(k, n int) int {
	step := n*5/8 | 1
	for gcd(step, n) != 1 {
		step += 2
	}
	return int(uint64(k) * uint64(step) % uint64(n)) //nolint:gosec // not negative
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
