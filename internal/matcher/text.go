// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"iter"
	"math/bits"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/frontline-screening/frontline/internal/matcher/script"
)

// maxTokens bounds how many words of one name are compared.
const maxTokens = 24

// folded are letters which NFKD leaves whole and which passports and lists write in
// several ways: Latin letters after ICAO 9303-3 section 6, Greek final sigma, and the
// Arabic letters that differ by keyboard alone.
var folded = map[rune]string{
	'ß': "ss", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'æ': "ae", 'œ': "oe", 'ı': "i", 'ħ': "h", 'ŧ': "t",
	'ς': "σ", 'ى': "ي", 'ی': "ي", 'ک': "ك", 'ة': "ه", 'ـ': "",
}

// tokens splits a name into words in normal form: compatibility decomposition (NFKD),
// marks removed, lower case, letters folded; apostrophes join, all else separates.
func tokens(s string) []string {
	out := make([]string, 0, 6)
	var word strings.Builder
	flush := func() {
		if word.Len() > 0 && len(out) < maxTokens {
			out = append(out, word.String())
		}
		word.Reset()
	}
	for _, r := range norm.NFKD.String(s) {
		switch {
		case isVoicing(r):
			word.WriteRune(r)
		case unicode.Is(unicode.M, r), joins(r):
		case unicode.IsLetter(r), unicode.IsDigit(r):
			r = unicode.ToLower(r)
			if f, ok := folded[r]; ok {
				word.WriteString(f)
			} else {
				word.WriteRune(r)
			}
		default:
			flush()
		}
	}
	flush()
	return out
}

// isVoicing reports whether a mark makes another syllable of a kana.
func isVoicing(r rune) bool { return r == '\u3099' || r == '\u309a' }

// joins reports whether a sign stands inside a word: apostrophes, and the marks that
// stand for hamza and ayn.
func joins(r rune) bool {
	switch r {
	case '\'', '’', '‘', 'ʼ', 'ʻ', 'ʿ', 'ʾ', '`', '´', '\u200c', '\u200d':
		return true
	}
	return false
}

// kind is what a word does in a name.
type kind uint8

const (
	// kindTelling is a word that tells people apart.
	kindTelling kind = iota
	// kindParticle comes and goes between spellings of one name, or of one company.
	kindParticle
	// kindInitial is a single letter.
	kindInitial
)

func kindOf(word string) kind {
	if particles[word] {
		return kindParticle
	}
	if r, n := utf8.DecodeRuneInString(word); n == len(word) && unicode.IsLetter(r) && !unicode.In(r, unicode.Han, unicode.Hangul) {
		return kindInitial
	}
	return kindTelling
}

// particles weigh little: they come and go between spellings of one name, and legal
// forms between those of one company.
var particles = map[string]bool{
	"al": true, "el": true, "ul": true, "as": true, "ad": true, "an": true, "ar": true, "bin": true, "ben": true, "ibn": true, "bint": true,
	"abu": true, "abou": true, "de": true, "da": true, "do": true, "dos": true, "del": true, "della": true, "di": true, "la": true, "le": true,
	"los": true, "las": true, "van": true, "von": true, "der": true, "den": true, "and": true, "of": true, "the": true,
	"for": true, "et": true, "und": true, "co": true, "ltd": true, "llc": true, "inc": true, "sa": true, "cv": true,
	"abd": true, "abdul": true, "abdel": true, "abdal": true, "abdol": true, "abdoul": true, "عبد": true, "ابو": true, "ابي": true, "بن": true,
	"ابن": true, "بنت": true, "ال": true, "اوغلو": true, "oglu": true, "ogly": true, "kyzy": true, "оглы": true, "кызы": true, "بو": true, "bou": true, "ould": true, "ولد": true,
	"mr": true, "mrs": true, "dr": true, "haji": true, "hajji": true, "mullah": true, "maulavi": true,
}

// about is what is looked at of a word before its letters: its kind in the lowest two
// bits, its script in the next four, how many runes it has in ten, and in the upper half
// which letters.
type about uint64

func aboutOf(word string) about {
	runes, letters := 0, about(0)
	for _, r := range word {
		runes++
		letters |= 1 << (uint32(r) & 31) //nolint:gosec // runes are not negative
	}
	return about(kindOf(word)) | about(script.Of(word))<<2 | about(min(runes, 1<<10-1))<<6 | letters<<32 //nolint:gosec // bounded
}

func (a about) kind() kind            { return kind(a & 3) }
func (a about) script() script.Script { return script.Script(a >> 2 & 15) }
func (a about) runes() int            { return int(a >> 6 & (1<<10 - 1)) }

// folded is which letters a word has, in the bits of a tag.
func (a about) folded() uint32 { return uint32((a>>32 | a>>(32+lowBits)) & lowMask) } //nolint:gosec // the bits of a tag

// apart is how many edits lie between two words at least: each changes two letters at most.
func (a about) apart(b about) int { return (bits.OnesCount32(uint32(a>>32^b>>32)) + 1) / 2 } //nolint:gosec // the upper half

// longer is how many runes one word has more than the other.
func (a about) longer(b about) int {
	if d := a.runes() - b.runes(); d > 0 {
		return d
	}
	return b.runes() - a.runes()
}

// number is the normal form of a document number: capital letters and digits alone.
func number(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToUpper(r))
		}
	}
	return b.String()
}

const (
	// minNumber is the shortest number that is searched for.
	minNumber = 3
	// firmNumber is the shortest that stands for a document by itself; shorter ones, and
	// those without a digit, coincide too easily.
	firmNumber = 5
)

// firm reports whether a normal number stands for a document by itself.
func firm(n string) bool { return len(n) >= firmNumber && digits(n) > 0 }

// confused are the letters and digits that eyes and readers take for each other.
var confused = map[byte]byte{'0': 'O', 'O': '0', '1': 'I', 'I': '1', '2': 'Z', 'Z': '2', '5': 'S', 'S': '5', '8': 'B', 'B': '8'}

// misread gives a normal number with one character read for another, each in turn.
func misread(n string) iter.Seq[string] {
	return func(yield func(string) bool) {
		out := []byte(n)
		for i, c := range out {
			other := confused[c]
			if other == 0 {
				continue
			}
			out[i] = other
			if !yield(string(out)) {
				return
			}
			out[i] = c
		}
	}
}

// numbers are the forms a published number may be met by: all of it, and, where the
// publisher wrote words around it, each part that looks like a number, with the
// letters of a series in front of it.
func numbers(s string) []string {
	out := make([]string, 0, 2)
	add := func(n string) {
		if len(n) >= minNumber && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	add(number(s))
	fields := strings.Fields(s)
	if len(fields) < 2 {
		return out
	}
	for i, f := range fields {
		n := number(f)
		if digits(n) < firmNumber-1 || !firm(n) {
			continue
		}
		add(n)
		if i > 0 {
			if series := number(fields[i-1]); len(series) <= 3 && digits(series) == 0 {
				add(series + n)
			}
		}
	}
	return out
}

func digits(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			n++
		}
	}
	return n
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
