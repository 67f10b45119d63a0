// SPDX-License-Identifier: Apache-2.0

package script

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/mozillazg/go-pinyin"
	"golang.org/x/text/unicode/norm"
)

// The characters whose readings are kept: the block of unified ideographs and its first
// extension. Names in others are rare.
const (
	firstHan = 0x3400
	lastHan  = 0x9fff
)

// reading is the letters of a character as Hanyu Pinyin reads it first: an initial, or
// none, and a final.
type reading struct{ initial, final uint8 }

// inNames are characters that names read otherwise than most words do, with the syllable.
const inNames = "单 shan 單 shan 曾 zeng 仇 qiu 解 xie 区 ou 區 ou 朴 piao 盖 ge 翟 zhai 覃 qin 缪 miao 繆 miao 尉 wei"

// readings are by character from firstHan. They are made when the first word in Han is
// met, which few posts do. Numbers of letters are counted from the first of the table.
var readings = sync.OnceValue(func() *[lastHan - firstHan + 1]reading {
	t := new([lastHan - firstHan + 1]reading)
	names := book.names[Han]
	bySyllable := map[string]reading{}
	for r, all := range pinyin.PinyinDict {
		if r < firstHan || r > lastHan {
			continue
		}
		first, _, _ := strings.Cut(all, ",")
		one, ok := bySyllable[first]
		if !ok {
			one = read(toneless(first), names)
			bySyllable[first] = one
		}
		t[r-firstHan] = one
	}
	for f := strings.Fields(inNames); len(f) > 1; f = f[2:] {
		r, _ := utf8.DecodeRuneInString(f[0])
		t[r-firstHan] = read(f[1], names)
	}
	return t
})

// toneless takes the tone from a syllable; ü is v.
func toneless(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		switch {
		case r == '\u0308':
			u := b.String()
			b.Reset()
			b.WriteString(u[:len(u)-1] + "v")
		case !unicode.Is(unicode.Mn, r):
			b.WriteRune(r)
		}
	}
	return b.String()
}

// hanFirst is the number of the first letter of the table.
var hanFirst = book.names[Han]["b"]

// read divides a syllable into initial and final.
func read(s string, names map[string]uint16) (r reading) {
	cut := 0
	for cut < len(s) && !strings.ContainsRune("aeiouv", rune(s[cut])) {
		cut++
	}
	in, fin := s[:cut], s[cut:]
	// After these, u is ü.
	if (in == "j" || in == "q" || in == "x") && strings.HasPrefix(fin, "u") {
		fin = "v" + fin[1:]
	}
	if in == "y" {
		switch fin {
		case "uan", "un", "ue":
			fin = "v" + fin[1:]
		}
	}
	number := func(name string) uint8 {
		if l := names[name]; l != 0 {
			return uint8(l - hanFirst + 1) //nolint:gosec // below a hundred
		}
		return 0
	}
	return reading{number(in), number(fin)}
}

// setHan reads a word in Han by the pinyin of its characters.
func (w *native) setHan(word string) {
	t := readings()
	for _, r := range word {
		var one reading
		if r >= firstHan && r <= lastHan {
			one = t[r-firstHan]
		}
		for _, l := range [...]uint8{one.initial, one.final} {
			if w.n < maxLetters && (l != 0 || one == reading{}) {
				w.parts[w.n] = 0
				if l != 0 {
					w.parts[w.n] = single(uint16(l) + hanFirst - 1)
				}
				w.n++
			}
		}
	}
}
