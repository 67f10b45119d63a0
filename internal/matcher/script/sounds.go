// SPDX-License-Identifier: Apache-2.0

package script

import "strings"

// latinSounds says what spellings in Latin letters sound like, the likeliest first, in
// the orthographies of Europe, in romanizations, and in the digraphs of ICAO 9303-3
// section 6. "^" and "$" are the ends of a word, and after "~" no vowel follows; of
// several spellings the longest holds.
const latinSounds = `
a V
e V
i V
o V
u V
y V
h V
b P
p P
f P
ph P
v P
w G/H
d T
t T
dh T/S
th T/S
k K
kh K/V
q K
qi K/S
ck K
c K/K/S
ce S/K
ci S/K
cy S/K
cae S/K
dge S
coe S/K
cky K/SK
cki SK/K
ac$ K/S
ic$ S/K
ch S/K
chr KR/SR
chl KL/SL
cs S/KS
cz S
cc K
cce S/KS
cci S/KS/K
g K
ge K/S
gi K/S
gh K/V
ght$ T/KT
gy K/T
s S
z S
sh S
sch S/SK
sz S
sc SK
sce S/SK
sci S/SK
zh S
x KS/S/K
^x S/KS/K
x$ KS/-
j S/V/K
dj S
tj S/T
m M
n N
nb MP
np MP
ng NK
ng~ NK/N
nge NK/NS
ngi NK/NS
gn N/KN
l L
ll L/-
gli L/KL
r R
r~ W
^kn N/KN
^ps S
^hs S
^pt T/PT
tio S/T
tia T/S
tiu T/S
rz RS/S
nd$ NT/N
rd$ WT/W
t$ T/-
tt$ T
aud$ T/-
oud$ T/-
nt$ NT/N
s$ S/-
ss$ S
ez$ S/-
ieux$ -
eaux$ -
aux$ -/KS
oux$ -/KS
xh V/S
xss S
xdz T
xtt T
xzz S
xth T
xdh T
xsh S
xkh K/V
xaa V
xae V
xe KS/V
xi KS/S/V
xay V
xah V
xya V
xc KS
xj KS
nxx N
uxx V
xkk K
xgg K
`

// latin holds the spellings of latinSounds and the slot of each.
var latin = func() (l struct {
	trie trie
	slot []slot
	// bare are the slots where no vowel follows.
	bare []slot
}) {
	l.slot, l.bare = append(l.slot, slot{}), append(l.bare, slot{})
	for line := range strings.Lines(latinSounds) {
		if f := strings.Fields(line); len(f) == 2 {
			if spelling, ok := strings.CutSuffix(f[0], "~"); ok {
				l.bare[l.trie.find(spelling)] = slotOf(f[1])
				continue
			}
			l.trie.add(f[0], uint16(len(l.slot))) //nolint:gosec // a hundred or so
			l.slot, l.bare = append(l.slot, slotOf(f[1])), append(l.bare, slotOf(f[1]))
		}
	}
	return l
}()

// most and far bound the keys of a word and how unlikely their skeletons may be.
const (
	mostLatin, farLatin   = 5, 3
	mostNative, farNative = 8, 4
)

// maxLetters bounds the letters of a word that are looked at; those after are not
// compared.
const maxLetters = 48

// lettersOf numbers the letters of a word, with its ends: what is none of a to z is 0.
func lettersOf(word string, into *[maxLetters + 2]uint8) []uint8 {
	n := min(len(word), maxLetters)
	into[0] = begin
	for i := range n {
		into[i+1] = letterOf[word[i]]
	}
	into[n+1] = end
	return into[:n+2]
}

// Keys appends the keys of a word's skeletons to into, without duplicates among them:
// usually one or two for a word in Latin letters, at most 8 for any, none for a word
// without a known letter. Two words that may be one name share a key.
func Keys(into []uint32, word string) []uint32 {
	s := Of(word)
	if s == Latin {
		return latinKeys(into, word)
	}
	return nativeKeys(into, word, s)
}

func latinKeys(into []uint32, word string) []uint32 {
	var buf [maxLetters + 2]uint8
	w := lettersOf(word, &buf)
	var s slots
	for i := 1; i < len(w)-1; {
		from := i
		if i == 1 {
			from = 0
		}
		id, size := latin.trie.longest(w, from)
		if from < i {
			// A spelling of the beginning holds before one that is as long.
			size--
			if other, more := latin.trie.longest(w, i); more > size {
				id, size = other, more
			}
		}
		if id == 0 {
			i++
			continue
		}
		o := &latin.slot[id]
		if i += size; i < len(w) && vowelsAndY>>w[i]&1 == 0 {
			o = &latin.bare[id]
		}
		s.add(o)
	}
	if s.n == 0 {
		return into
	}
	base := len(into)
	into = s.keys(into, base, mostLatin, farLatin, &west)
	return s.keys(into, base, mostLatin+1, 1, &east)
}
