// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math/rand/v2"
	"strings"
	"unicode"
)

// spoiler makes the mistakes people make with names. The same seed makes the same.
type spoiler struct{ rand *rand.Rand }

// spoil makes one or two mistakes in a name of two words or more: letters, the order
// of words, a word left out of three, two written as one.
func (s spoiler) spoil(name string) (string, bool) {
	words := strings.Fields(name)
	if len(words) < 2 {
		return "", false
	}
	words, ok := s.letters(words)
	if !ok {
		return "", false
	}
	switch s.rand.IntN(4) {
	case 0: // the family name first, as registers write it
		words = append([]string{words[len(words)-1]}, words[:len(words)-1]...)
	case 1:
		if len(words) > 3 {
			i := 1 + s.rand.IntN(len(words)-2)
			words = append(words[:i], words[i+1:]...)
		}
	case 2:
		if len(words) > 2 {
			i := s.rand.IntN(len(words) - 1)
			words = append(append(words[:i:i], words[i]+words[i+1]), words[i+2:]...)
		}
	}
	return strings.Join(words, " "), true
}

// letters makes one mistake in a word of four letters or more.
func (s spoiler) letters(words []string) ([]string, bool) {
	var long []int
	for i, w := range words {
		if len([]rune(w)) >= 4 && strings.IndexFunc(w, func(r rune) bool { return !unicode.IsLetter(r) }) < 0 {
			long = append(long, i)
		}
	}
	if len(long) == 0 {
		return nil, false
	}
	at := long[s.rand.IntN(len(long))]
	w := []rune(words[at])
	i := s.rand.IntN(len(w) - 1)
	switch s.rand.IntN(5) {
	case 0:
		w = append(w[:i], w[i+1:]...)
	case 1:
		w = append(w[:i+1], w[i:]...)
	case 2:
		w[i] = 'a' + rune(s.rand.IntN(26))
	case 3:
		w[i], w[i+1] = w[i+1], w[i]
	default:
		const vowels = "aeiou"
		for j, r := range w {
			if strings.ContainsRune(vowels, unicode.ToLower(r)) && s.rand.IntN(2) == 0 {
				w[j] = rune(vowels[s.rand.IntN(len(vowels))])
				break
			}
		}
	}
	out := append([]string{}, words...)
	out[at] = string(w)
	return out, true
}
