// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
	"unicode/utf8"
)

const (
	// minFuzzy is the shortest word, in runes, that is met with one edit.
	minFuzzy = 4
	// maxFuzzy is the first length that is not: so long a word is no name.
	maxFuzzy = 64
)

// oneEdit reports whether a becomes b by one insertion, deletion, substitution or
// exchange of neighbours (Damerau 1964), counted in runes. Equal words are no edit
// apart. Both are valid UTF-8.
func oneEdit(a, b string) bool {
	i, short := 0, min(len(a), len(b))
	for i < short && a[i] == b[i] {
		i++
	}
	for i > 0 && (inRune(a, i) || inRune(b, i)) {
		i--
	}
	a, b = a[i:], b[i:]
	i, short = 0, min(len(a), len(b))
	for i < short && a[len(a)-1-i] == b[len(b)-1-i] {
		i++
	}
	for i > 0 && (inRune(a, len(a)-i) || inRune(b, len(b)-i)) {
		i--
	}
	a, b = a[:len(a)-i], b[:len(b)-i]
	if max(len(a), len(b)) > 2*utf8.UTFMax {
		return false
	}
	switch n, m := utf8.RuneCountInString(a), utf8.RuneCountInString(b); {
	case n == 2 && m == 2:
		_, p := utf8.DecodeRuneInString(a)
		_, q := utf8.DecodeRuneInString(b)
		return a[:p] == b[q:] && a[p:] == b[:q]
	default:
		return max(n, m) == 1
	}
}

// inRune reports whether the byte at i, if there is one, continues a rune.
func inRune(s string, i int) bool { return i < len(s) && !utf8.RuneStart(s[i]) }

// Keys of the hashes of this process; they differ in each, so nobody can craft a list
// whose words collide.
var (
	seed   = maphash.MakeSeed()
	powers = func() (p [maxFuzzy + 1]uint64) {
		base := 1<<32 + rand.Uint64N(prime-1<<32)
		p[0] = 1
		for i := 1; i < len(p); i++ {
			p[i] = mulmod(p[i-1], base)
		}
		return p
	}()
)

// prime is 2^61-1, over which reduction is cheap.
const prime = 1<<61 - 1

func mulmod(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return addmod(low&prime, low>>61|high<<3)
}

func addmod(a, b uint64) uint64 {
	s := a + b
	if s >= prime {
		s -= prime
	}
	return s
}

// deletions calls f with the hash of the word and of each word with one rune left
// out. Two words one edit apart share at least one of these hashes: an exchange of
// neighbours too, since leaving out one of the pair on either side gives the same.
// The hash is a polynomial over the runes at a random point, so that each deletion is
// had from a head and a tail. Words that are not met with one edit have none.
func deletions(word string, f func(uint64)) {
	if len(word) < minFuzzy || len(word) >= maxFuzzy*utf8.UTFMax {
		return
	}
	var runes, heads [maxFuzzy]uint64
	n := 0
	for _, r := range word {
		if n == maxFuzzy-1 {
			return
		}
		runes[n] = uint64(r) + 1 //nolint:gosec // runes are not negative
		n++
	}
	if n < minFuzzy {
		return
	}
	for i := range n {
		heads[i+1] = addmod(mulmod(heads[i], powers[1]), runes[i])
	}
	f(heads[n])
	tail := uint64(0)
	for i := n - 1; i >= 0; i-- {
		if i == 0 || runes[i] != runes[i-1] {
			f(addmod(mulmod(heads[i], powers[n-1-i]), tail))
		}
		tail = addmod(tail, mulmod(runes[i], powers[n-1-i]))
	}
}
