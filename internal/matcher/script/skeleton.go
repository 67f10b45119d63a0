// SPDX-License-Identifier: Apache-2.0

package script

import "slices"

// A skeleton is what is left of a word when vowels go and consonants that scripts and
// ears confuse become one class. Words with a skeleton in common are worth comparing.
//
// It is a number of up to sixteen classes of four bits, the first highest; more are
// left out.
type skeleton uint64

// class is a class of sounds.
type class = uint8

const (
	lips     class = iota + 1 // P: b p f v
	tongue                    // T: d t th
	throat                    // K: c g k q
	hiss                      // S: s z sh ch j ts
	mouth                     // M: m, and n before lips
	nose                      // N: n
	side                      // L: l
	roll                      // R: r
	weak                      // W: r that no vowel follows, which many tongues do not speak
	open                      // V: a vowel, h or y, which counts at the beginning alone
	glide                     // G: w, where it is more likely v in the west and a vowel in the east
	glideToo                  // H: w, where it is less likely so
)

// classOf are the classes by the letters that tables write them with.
var classOf = map[rune]class{
	'P': lips, 'T': tongue, 'K': throat, 'S': hiss, 'M': mouth, 'N': nose, 'L': side, 'R': roll, 'W': weak, 'V': open, 'G': glide, 'H': glideToo,
}

// with is the skeleton with a class more. The same class twice is one, for abjads show
// neither what is doubled nor the vowel between; T before S is lost in it, as ts, tch
// and dz are one sound to some scripts and two to others; N before P or M is M.
func (s skeleton) with(c class) skeleton {
	last := class(s & 15)
	switch {
	case c == last, c == open && s != 0, s>>60 != 0:
		return s
	case c == hiss && last == tongue:
		s >>= 4
		if class(s&15) == hiss {
			return s
		}
	case (c == lips || c == mouth) && last == nose:
		s = s>>4<<4 | skeleton(mouth)
		if class(s>>4&15) == mouth {
			s >>= 4
		}
		if c == mouth {
			return s
		}
	}
	return s<<4 | skeleton(c)
}

// key hashes a skeleton (the finalizer of splitmix64), so that keys spread well whatever
// a caller takes of them.
func (s skeleton) key() uint32 {
	x := uint64(s) + 0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return uint32(x >> 32) //nolint:gosec // a half of the hash
}

// view is how a tradition of writing hears the classes: each class by the one it
// becomes, 0 for none.
type view [16]class

var (
	// west tells l from r, as Cyrillic, Greek and the abjads do.
	west = view{0, lips, tongue, throat, hiss, mouth, nose, side, roll, roll, open, lips, open}
	// east does not, and leaves r out where no vowel follows, as Hangul, kana and Han do.
	east = view{0, lips, tongue, throat, hiss, mouth, nose, side, side, 0, open, open, lips}
)

// maxSlots bounds the sounds of a word that make its skeletons.
const maxSlots = 32

// sounds are up to two classes, the first in the lower four bits; 0 is no sound.
type sounds uint8

// slot is what one letter may stand for, the likeliest first; n of them. To take another
// than the first is a departure worth its place.
type slot struct {
	may [4]sounds
	n   uint8
}

// slots are what the letters of a word may stand for.
type slots struct {
	of [maxSlots]*slot
	n  int
	// begun is that a sound is sure to stand in the skeleton, so that a vowel says no more.
	begun bool
	// choices are the slots that leave a choice; choice is by slot the number of its
	// choice from 1, or 0. A letter stands for the same thing wherever the word has it.
	choices [maxSlots + 1]*slot
	choice  [maxSlots]uint8
	open    int
	// apart is that each letter stands for something of its own.
	apart bool
	// tried is how many skeletons were made of them.
	tried int
}

// mostTried bounds the skeletons that are made of a word, many of which may be one where
// its letters repeat.
const mostTried = 64

func (s *slots) add(o *slot) {
	if s.n == maxSlots || o.n == 1 && (o.may[0] == 0 || o.may[0] == sounds(open) && s.begun) {
		return
	}
	s.of[s.n], s.choice[s.n] = o, 0
	sure := true
	for _, m := range o.may[:o.n] {
		sure = sure && m != 0
	}
	s.begun = s.begun || sure
	if o.n > 1 {
		k := 1
		for k <= s.open && (s.choices[k] != o || s.apart) {
			k++
		}
		if k > s.open {
			s.open, s.choices[k] = k, o
		}
		s.choice[s.n] = uint8(k) //nolint:gosec // at most maxSlots
	}
	s.n++
}

// keys appends keys to into until most of them stand from base on: of the skeleton in
// which every letter stands for what it usually does, then of those with one departure
// from it, the likelier first, then two and so on up to far.
func (s *slots) keys(into []uint32, base, most, far int, v *view) []uint32 {
	var chosen [maxSlots + 1]uint8
	for d := 0; d <= far && len(into)-base < most && (d == 0 || s.open > 0); d++ {
		into = s.depart(into, base, most, d, 1, &chosen, v)
	}
	return into
}

// depart appends the keys of the skeletons with departures worth d among the choices
// from k on.
func (s *slots) depart(into []uint32, base, most, d, k int, chosen *[maxSlots + 1]uint8, v *view) []uint32 {
	if d == 0 {
		s.tried++
		if key := s.skeleton(chosen, v).key(); !slices.Contains(into[base:], key) {
			into = append(into, key)
		}
		return into
	}
	for ; k <= s.open && len(into)-base < most && s.tried < mostTried; k++ {
		for c := 1; c < int(s.choices[k].n) && c <= d && len(into)-base < most && s.tried < mostTried; c++ {
			chosen[k] = uint8(c) //nolint:gosec // at most 3
			into = s.depart(into, base, most, d-c, k+1, chosen, v)
		}
		chosen[k] = 0
	}
	return into
}

func (s *slots) skeleton(chosen *[maxSlots + 1]uint8, v *view) skeleton {
	var k skeleton
	for i, o := range s.of[:s.n] {
		m := o.may[chosen[s.choice[i]]&3]
		if c := v[m&15]; c != 0 {
			k = k.with(c)
		}
		if c := v[m>>4]; c != 0 {
			k = k.with(c)
		}
	}
	return k
}

// slotOf reads alternatives as tables write them: classes, "-" for no sound, "/" between
// alternatives. Each is a departure further from what is usual than the one before it;
// "K/K/S" therefore makes S unlikelier than "K/S" does.
func slotOf(text string) slot {
	var o slot
	var m sounds
	n := 0
	for _, r := range text + "/" {
		switch c := classOf[r]; {
		case r == '/':
			o.may[o.n] = m
			o.n++
			m, n = 0, 0
		case c != 0:
			m |= sounds(c) << (4 * n)
			n++
		case r != '-':
			panic("script: no class of sounds " + text)
		}
	}
	return o
}
