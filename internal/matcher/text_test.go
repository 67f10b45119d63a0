// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"slices"
	"strings"
	"testing"
)

func TestTokens(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"nothing", " -?! ", ""},
		{"case and marks", "LÌRIDÓNA Kambéraj", "liridona|kamberaj"},
		{"hyphens and commas", "KAMBERAJ, Liridona-Besa", "kamberaj|liridona|besa"},
		{"apostrophes", "O'Testa D’Ana ʿAbbatest", "otesta|dana|abbatest"},
		{"letters of the zone", "Großtest Sørtest Łutest Þortest Ætest", "grosstest|sortest|lutest|thortest|aetest"},
		{"wide letters", "ＡＮＡ", "ana"},
		{"digits", "Test 2 ٣", "test|2|٣"},
		{"Arabic vowels, tatweel and letters of keyboards", "مُحَمَّـدى كة", "محمدي|كه"},
		{"Persian letters", "کیان", "كيان"},
		{"Hebrew vowels", "דָּוִד", "דוד"},
		{"Cyrillic short i and yo", "Андрёй", "андреи"},
		{"final sigma", "ΤΕΣΤΟΣ τεστος", "τεστοσ|τεστοσ"},
		{"kana with voicing marks", "ガバ", "カ\u3099ハ\u3099"},
		{"kana with voicing marks apart", "カ\u3099ハ\u3099", "カ\u3099ハ\u3099"},
		{"kana of half width", "ｶﾞﾊﾞ", "カ\u3099ハ\u3099"},
		{"the mark of a long vowel", "ターナ", "ターナ"},
		{"the middle dot", "アナ・タロ", "アナ|タロ"},
		{"Han", "张伟", "张伟"},
		{"Han in two", "张 伟", "张|伟"},
		{"Hangul", "김", "\u1100\u1175\u11b7"},
		{"joiners of Persian and Hindi", "علی\u200cرضا", "عليرضا"},
		{"brackets", "Ana (Testova)", "ana|testova"},
		{"more words than are compared", strings.Repeat("a ", 30), strings.TrimSuffix(strings.Repeat("a|", maxTokens), "|")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := tokens(tc.in)
			if strings.Join(got, "|") != tc.want {
				t.Errorf("%q, want %q", strings.Join(got, "|"), tc.want)
			}
			if again := tokens(strings.Join(got, " ")); !slices.Equal(again, got) {
				t.Errorf("%q has the words %q again", got, again)
			}
		})
	}
}

func TestKindOf(t *testing.T) {
	for _, tc := range []struct {
		name, word string
		want       kind
	}{
		{"word", "testova", kindTelling},
		{"particle", "bin", kindParticle},
		{"Arabic particle", "ابن", kindParticle},
		{"legal form", "ltd", kindParticle},
		{"single letter", "l", kindInitial},
		{"single Cyrillic letter", "л", kindInitial},
		{"single digit", "2", kindTelling},
		{"one character of Han is a name", "张", kindTelling},
		{"two letters", "li", kindTelling},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := aboutOf(tc.word)
			if kindOf(tc.word) != tc.want || a.kind() != tc.want {
				t.Errorf("kind %d, %d, want %d", kindOf(tc.word), a.kind(), tc.want)
			}
			if want := len([]rune(tc.word)); a.runes() != want {
				t.Errorf("%d letters, want %d", a.runes(), want)
			}
		})
	}
	if got := aboutOf(strings.Repeat("a", 5000)).runes(); got != 1<<10-1 {
		t.Errorf("a very long word has %d letters, want %d", got, 1<<10-1)
	}
}

func TestNumbers(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"plain", "T1234567", "T1234567"},
		{"case, blanks and signs, and the part that is a number", "t 123-45/67", "T1234567 1234567"},
		{"wide digits", "Ｔ１２３４５６７", "T1234567"},
		{"words around", "Sample passport number AB 7654321", "SAMPLEPASSPORTNUMBERAB7654321 7654321 AB7654321"},
		{"two numbers", "12345678 and 87654321", "12345678AND87654321 12345678 87654321 AND87654321"},
		{"too short", "A1", ""},
		{"short", "AB1", "AB1"},
		{"no letters or digits", "--", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := strings.Join(numbers(tc.in), " "); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
	for _, tc := range []struct {
		name, number string
		want         bool
	}{
		{"long and digits", "T1234", true}, {"short", "T123", false}, {"without a digit", "ABCDEFG", false},
	} {
		if got := firm(tc.number); got != tc.want {
			t.Errorf("%s: firm %v, want %v", tc.name, got, tc.want)
		}
	}
	if got := slices.Collect(misread("A0B1")); !slices.Equal(got, []string{"AOB1", "A081", "A0BI"}) {
		t.Errorf("misread as %v", got)
	}
}

func TestWithoutBrackets(t *testing.T) {
	for in, want := range map[string]string{
		"Ana Testova": "", "Ana (Besa) Testova": "Ana   Testova", "Ana [Besa (Li)] Testova": "Ana   Testova", "Ana (Besa": "Ana ",
	} {
		if got := withoutBrackets(in); strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
