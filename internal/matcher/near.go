// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"math/bits"
	"math/rand/v2"
	"unicode/utf8"

	"github.com/frontline-screening/frontline/internal/matcher/script"
)

const (
	// minFuzzy is the shortest word, in runes, that is met with one edit.
	minFuzzy = 4
	// minHalves is the shortest that is met with two: by its halves, of which one has
	// at most one of the two edits.
	minHalves = 8
	// maxFuzzy is the first length that is met with none: so long a word is no name.
	maxFuzzy = 48
)

// Salts keep the keys of whole words, of halves and of skeletons apart. They differ in
// each process, so nobody can craft a list whose words collide.
var saltWhole, saltHead, saltTail, saltSound = rand.Uint64(), rand.Uint64(), rand.Uint64(), rand.Uint64()

// neighbours finds the words of a segment that may be alike: those that share a key.
type neighbours struct {
	// words are the words by bucket, bounded by ends, and tags which letters they have; the
	// upper bits of both tell the keys of a bucket apart.
	ends, words, tags []uint32
	shift             int
}

// lowBits are those of a word's number, and of its letters in a tag; mostWords is how many
// words there may be.
const (
	lowBits   = 24
	lowMask   = 1<<lowBits - 1
	mostWords = 1 << lowBits
)

// spelt is a word as runes.
type spelt struct {
	runes [maxFuzzy]uint32
	n     int
}

// read takes the word's runes; it has none if there are too many.
func (w *spelt) read(word string) {
	w.n = 0
	if len(word) >= maxFuzzy*utf8.UTFMax {
		return
	}
	for _, r := range word {
		if w.n == maxFuzzy {
			w.n = 0
			return
		}
		w.runes[w.n] = uint32(r) //nolint:gosec // runes are not negative
		w.n++
	}
}

// hash of a run of runes: a polynomial at an odd point modulo 2^64, finished by bucket.
func hash(runes []uint32, salt uint64) uint64 {
	h := salt
	for _, r := range runes {
		h = mix(h, r)
	}
	return h
}

func mix(h uint64, r uint32) uint64 { return (h ^ uint64(r)) * 0x2545F4914F6CDD1D }

// deletions calls f with the key of the runes and of the runes with each one left out.
// Two runs one edit apart share at least one: an exchange of neighbours too, since
// leaving out one of the pair on either side gives the same (Mor and Fraenkel 1982).
func deletions(runes []uint32, salt uint64, f func(uint64)) {
	f(hash(runes, salt))
	head := salt
	for i, r := range runes {
		if i == 0 || runes[i-1] != r {
			h := head
			for _, s := range runes[i+1:] {
				h = mix(h, s)
			}
			f(h)
		}
		head = mix(head, r)
	}
}

// indexKeys calls f with the keys under which a word of a list is found.
func (w *spelt) indexKeys(word string, f func(uint64)) {
	w.read(word)
	switch {
	case w.n >= minHalves:
		half := w.n / 2
		deletions(w.runes[:half], halfSalt(saltHead, w.n), f)
		deletions(w.runes[half:w.n], halfSalt(saltTail, w.n), f)
	case w.n >= minFuzzy:
		deletions(w.runes[:w.n], saltWhole, f)
	}
	indexSounds(word, script.Of(word), f)
}

// halfSalt keeps the halves of words of different lengths apart: without it, three letters
// of a half would find thousands of words in a long list.
func halfSalt(salt uint64, runes int) uint64 { return mix(salt, uint32(runes)) } //nolint:gosec // below maxFuzzy

// editKeys calls f with the keys that words up to so many edits from this one have, and
// with how many edits those under it may be apart: at most two from minHalves runes on,
// one below.
func (w *spelt) editKeys(word string, most int, each func(key uint64, most int)) {
	w.read(word)
	if w.n >= minFuzzy-1 && w.n <= minHalves {
		within := most
		if w.n < minHalves {
			within = 1
		}
		deletions(w.runes[:w.n], saltWhole, func(key uint64) { each(key, within) })
	}
	f := func(key uint64) { each(key, most) }
	// The halves of words a little shorter to a little longer. With one edit in all, one
	// half has none.
	for n := max(minHalves, w.n-most); n <= w.n+most && w.n > 0; n++ {
		half := n / 2
		for _, side := range [2]struct {
			salt uint64
			size int
		}{{saltHead, half}, {saltTail, n - half}} {
			salt := halfSalt(side.salt, n)
			for size := max(side.size-most+1, 1); size <= min(side.size+most-1, w.n); size++ {
				runes := w.runes[:size]
				if side.salt == saltTail {
					runes = w.runes[w.n-size : w.n]
				}
				if most == 1 {
					f(hash(runes, salt))
				} else {
					deletions(runes, salt, f)
				}
			}
		}
	}
}

// Words sound alike that share a skeleton; two in Latin letters must have as many vowels
// too, since skeletons are shared by thousands of words in a long list. Kinds of keys
// hold apart what is looked for together.
const (
	soundVowels = iota << 8 // a skeleton of a Latin word with the number of its vowels
	soundLatin              // one of a Latin word
	soundNative             // one of any other
)

func soundKey(skeleton uint32, sort int) uint64 {
	return mix(mix(saltSound, skeleton), uint32(sort)) //nolint:gosec // small
}

// indexSounds calls f with the keys under which words of a list are found by their sound.
func indexSounds(word string, s script.Script, f func(uint64)) {
	var room [16]uint32
	keys := script.Keys(room[:0], word)
	n := vowels(word)
	for _, k := range keys {
		if s == script.Latin {
			f(soundKey(k, soundLatin))
			f(soundKey(k, soundVowels|n))
		} else {
			f(soundKey(k, soundNative))
		}
	}
}

// searchSounds calls f with the keys of words that may sound like this one.
func searchSounds(word string, s script.Script, f func(uint64)) {
	var room [16]uint32
	sort := soundLatin
	if s == script.Latin {
		sort = soundVowels | vowels(word)
	}
	for _, k := range script.Keys(room[:0], word) {
		f(soundKey(k, soundNative))
		f(soundKey(k, sort))
	}
}

// vowels says how many runs of vowels a Latin word has, and of which kind the first is: a
// or e, i or y, o or u. h is passed over, as many tongues do.
func vowels(word string) int {
	n, before, first := 0, false, 0
	if word != "" && word[0] == 'y' {
		word = word[1:] // is a consonant there, and j to others
	}
	for i := range len(word) {
		kind := 0
		switch word[i] {
		case 'a', 'e':
			kind = 1
		case 'i', 'y':
			kind = 2
		case 'o', 'u':
			kind = 3
		case 'h':
			continue
		}
		if kind > 0 && !before {
			n++
		}
		if first == 0 {
			first = kind
		}
		before = kind > 0
	}
	return min(n, 1<<5-1)<<2 | first
}

// bucket spreads a key over 2^(64-shift) buckets (Knuth 6.4, multiplicative hashing).
func (n *neighbours) bucket(key uint64) uint64 {
	return spread(key) >> n.shift
}

func spread(key uint64) uint64 { return (key ^ key>>29) * 0x9E3779B97F4A7C15 }

// tags are what of a key is kept beside the word under it, and beside its letters: the
// parts of the key that the bucket leaves.
func tags(key uint64, word uint32, w about) (besideWord, besideLetters uint32) {
	rest := uint32(spread(key)) //nolint:gosec // the lower half
	return word | rest<<lowBits, w.folded() | rest>>8<<lowBits
}

// at appends the words that have the key, and that may be so few edits from one.
func (n *neighbours) at(into []uint32, key uint64, from about, most int) []uint32 {
	b := n.bucket(key)
	word, letters := tags(key, 0, from)
	words := n.words[n.ends[b]:n.ends[b+1]]
	for i, own := range n.tags[n.ends[b]:n.ends[b+1]] {
		if differ := own ^ letters; differ>>lowBits == 0 && bits.OnesCount32(differ) <= 2*most && (words[i]^word)>>lowBits == 0 {
			into = append(into, words[i]&lowMask)
		}
	}
	return into
}

// layNeighbours builds the buckets, in two passes over the words: how many each bucket
// gets, then which.
func layNeighbours(words *dict, traits []traits, pace func() error) (neighbours, error) {
	var n neighbours
	var w spelt
	each := func(f func(id uint32, key uint64)) error {
		for id := range uint32(words.len()) { //nolint:gosec // check has told
			if id%1024 == 0 {
				if err := pace(); err != nil {
					return err
				}
			}
			w.indexKeys(words.text(id), func(key uint64) { f(id, key) })
		}
		return nil
	}
	n.shift = 64 - max(1, bits.Len(uint(4*words.len()))) //nolint:gosec // not negative
	ends := make([]uint32, 1<<(64-n.shift)+1)
	count := 0
	if err := each(func(_ uint32, key uint64) { ends[n.bucket(key)]++; count++ }); err != nil {
		return n, err
	}
	n.words, n.tags = make([]uint32, count), make([]uint32, count)
	total := uint32(0)
	for b := range ends {
		total += ends[b]
		ends[b] = total
	}
	// Filling moves each end back to its bucket's start.
	n.ends = ends
	return n, each(func(id uint32, key uint64) {
		b := n.bucket(key)
		ends[b]--
		n.words[ends[b]], n.tags[ends[b]] = tags(key, id, traits[id].about)
	})
}
