// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"iter"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
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

// joins reports whether a sign stands inside a word: apostrophes, and the marks that
// stand for hamza and ayn.
func joins(r rune) bool {
	switch r {
	case '\'', '’', '‘', 'ʼ', 'ʻ', 'ʿ', 'ʾ', '`', '´', '\u200c', '\u200d':
		return true
	}
	return false
}

// particles weigh little: they come and go between spellings of one name, and legal
// forms between those of one company.
var particles = map[string]bool{
	"al": true, "el": true, "ul": true, "as": true, "ad": true, "an": true, "ar": true, "bin": true, "ben": true, "ibn": true, "bint": true,
	"abu": true, "abou": true, "de": true, "da": true, "do": true, "dos": true, "del": true, "della": true, "di": true, "la": true, "le": true,
	"los": true, "las": true, "van": true, "von": true, "der": true, "den": true, "y": true, "e": true, "and": true, "of": true, "the": true,
	"for": true, "et": true, "und": true, "co": true, "ltd": true, "llc": true, "inc": true, "sa": true, "cv": true, "s": true, "a": true,
	"mr": true, "mrs": true, "dr": true, "haji": true, "hajji": true, "mullah": true, "maulavi": true,
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
