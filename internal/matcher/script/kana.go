// SPDX-License-Identifier: Apache-2.0

package script

import (
	"strings"
	"unicode/utf8"
)

// kanaSyllables are the kana in Hepburn's spelling, by which their parts are found in
// the table: consonant and vowel. "R" is the r of ル, which other tongues write without a
// vowel, "n'" ン, "x" ッ, which doubles, and "l" ー, which lengthens.
const kanaSyllables = `
ア a イ i ウ u エ e オ o カ ka キ ki ク ku ケ ke コ ko サ sa シ shi ス su セ se ソ so
タ ta チ chi ツ tsu テ te ト to ナ na ニ ni ヌ nu ネ ne ノ no ハ ha ヒ hi フ fu ヘ he ホ ho
マ ma ミ mi ム mu メ me モ mo ヤ ya ユ yu ヨ yo ラ ra リ ri ル Ru レ re ロ ro ワ wa ヰ i ヱ e ヲ o
ガ ga ギ gi グ gu ゲ ge ゴ go ザ za ジ ji ズ zu ゼ ze ゾ zo ダ da ヂ ji ヅ zu デ de ド do
バ ba ビ bi ブ bu ベ be ボ bo パ pa ピ pi プ pu ペ pe ポ po ヴ vu ン n' ッ x ー l ヵ ka ヶ ke
`

// kanaSmall are the small kana, which take the place of the vowel before them.
const kanaSmall = `ァ a ィ i ゥ u ェ e ォ o ャ ya ュ yu ョ yo ヮ a`

// syllable is the letters of one kana.
type syllable struct {
	consonant, vowel uint16
	// soft consonants have the y of a small kana in themselves.
	soft, small bool
}

// kanaOf is by rune from U+30A0, the katakana block.
var kanaOf = func() (t [96]syllable) {
	names := book.names[Kana]
	read := func(text string, small bool) {
		for f := strings.Fields(text); len(f) > 1; f = f[2:] {
			r, _ := utf8.DecodeRuneInString(f[0])
			one := syllable{small: small, vowel: names[f[1]]}
			if one.vowel == 0 {
				cut := len(f[1]) - 1
				one.consonant, one.vowel = names[f[1][:cut]], names[f[1][cut:]]
				one.soft = f[1][:cut] == "sh" || f[1][:cut] == "ch" || f[1][:cut] == "j"
			}
			t[r-0x30a0] = one
		}
	}
	read(kanaSyllables, false)
	read(kanaSmall, true)
	return t
}()

// The voicing marks that follow a kana.
const (
	voiced     = '\u3099'
	halfVoiced = '\u309a'
)

// setKana reads a word in kana as the parts of its syllables.
func (w *native) setKana(word string) {
	put := func(l uint16) {
		if w.n < maxLetters {
			w.parts[w.n] = single(l)
			w.n++
		}
	}
	names := book.names[Kana]
	var before rune // the kana before, the vowel of which is put last
	for _, r := range word {
		if 0x3041 <= r && r <= 0x3096 {
			r += 0x60 // hiragana
		}
		if before != 0 && (r == voiced || r == halfVoiced) {
			// The composed kana follow the plain one; ヴ does not.
			w.n -= length(before)
			if r == halfVoiced {
				before++
			}
			if before++; before == 'ウ'+1 {
				before = 'ヴ'
			}
			r = before
		}
		if r < 0x30a0 || r > 0x30ff {
			put(0)
			before = 0
			continue
		}
		k := kanaOf[r-0x30a0]
		if k.small && before != 0 && w.n > 0 {
			// キャ is k+ya, シャ sh+a, ティ t+i, ヴァ v+a.
			if b := kanaOf[before-0x30a0]; b.consonant != 0 || before == 'ウ' || before == 'イ' {
				switch {
				case b.consonant == 0 && before == 'ウ':
					w.parts[w.n-1] = single(names["w"])
					put(k.vowel)
				case b.consonant == 0:
					w.parts[w.n-1] = single(names["y"])
					put(k.vowel)
				case b.soft && r == 'ャ':
					w.parts[w.n-1] = single(names["a"])
				case b.soft && r == 'ョ':
					w.parts[w.n-1] = single(names["o"])
				default:
					w.parts[w.n-1] = single(k.vowel)
				}
				before = 0
				continue
			}
		}
		if k.consonant != 0 {
			put(k.consonant)
		}
		put(k.vowel)
		before = r
	}
}

// length is how many parts a kana has.
func length(r rune) int {
	if r >= 0x30a0 && r <= 0x30ff && kanaOf[r-0x30a0].consonant != 0 {
		return 2
	}
	return 1
}
