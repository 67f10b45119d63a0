// SPDX-License-Identifier: Apache-2.0

// Package script brings words of different scripts, and different spellings in Latin
// letters, together: Keys says which words are worth comparing at all, Word.Cost how far
// apart two words are, and Usual how a word is spelt in Latin letters. Nothing here
// knows a name; letters alone decide.
//
// Words come in a normal form: compatibility decomposition (NFKD), marks removed, lower
// case. Two marks are needed: U+3099 and U+309A, which make other syllables of the
// kana, must be kept, or composed with the kana before them. Apostrophes and all else
// that is no letter or digit should be gone; what remains of it counts as a letter
// unlike all others. Any bytes may be given; those that are no UTF-8 are such letters.
package script

import (
	"unicode"
	"unicode/utf8"
)

// Script is the writing system of a word.
type Script uint8

// The scripts that words are told apart by. Other is every script of which nothing is
// known here.
const (
	Latin Script = iota
	Cyrillic
	Greek
	Arabic
	Hebrew
	Hangul
	Kana
	Han
	Other
	scripts = iota
)

var ranges = [...]struct {
	script Script
	table  *unicode.RangeTable
}{
	{Latin, unicode.Latin}, {Cyrillic, unicode.Cyrillic}, {Greek, unicode.Greek}, {Arabic, unicode.Arabic},
	{Hebrew, unicode.Hebrew}, {Hangul, unicode.Hangul}, {Kana, unicode.Katakana}, {Kana, unicode.Hiragana}, {Han, unicode.Han},
}

// Of is the script of the word's first letter; Latin for a word without letters, such
// as a number, which is the same in all.
func Of(word string) Script {
	for i := 0; i < len(word); {
		if c := word[i]; c < utf8.RuneSelf {
			if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
				return Latin
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(word[i:])
		if s, ok := scriptOf(r); ok {
			return s
		}
		i += size
	}
	return Latin
}

// scriptOf is the script of a letter; ok is false for what is none.
func scriptOf(r rune) (s Script, ok bool) {
	// The blocks that nearly all letters are of come first, without a search.
	switch {
	case 0x430 <= r && r < 0x460:
		return Cyrillic, true
	case 0x3b1 <= r && r < 0x3ca:
		return Greek, true
	case 0x5d0 <= r && r <= 0x5ea:
		return Hebrew, true
	case 0x620 <= r && r < 0x640:
		return Arabic, true
	case 0x1100 <= r && r < 0x1200, 0xac00 <= r && r <= 0xd7a3:
		return Hangul, true
	case 0x4e00 <= r && r <= 0x9fff:
		return Han, true
	}
	if !unicode.IsLetter(r) {
		return Latin, false
	}
	for _, s := range ranges {
		if unicode.Is(s.table, r) {
			return s.script, true
		}
	}
	// The prolonged sound mark is common to both kana.
	if r == 'ー' {
		return Kana, true
	}
	return Other, true
}
