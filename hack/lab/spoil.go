// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math/rand/v2"
	"strings"
	"unicode"
)

// spoiler makes the mistakes people make with names. The same seed makes the same.
type spoiler struct{ rand *rand.Rand }

func newSpoiler(seed uint64) spoiler { return spoiler{rand.New(rand.NewPCG(seed, 0))} }

// edit makes one edit in one word of at least five letters: a letter left out, doubled,
// changed or exchanged with its neighbour. It reports whether there was such a word.
func (s spoiler) edit(name string) (string, bool) {
	words := strings.Fields(name)
	var long []int
	for i, w := range words {
		if len([]rune(w)) >= 5 && strings.IndexFunc(w, func(r rune) bool { return !unicode.IsLetter(r) }) < 0 {
			long = append(long, i)
		}
	}
	if len(long) == 0 {
		return "", false
	}
	at := long[s.rand.IntN(len(long))]
	w := []rune(words[at])
	i := 1 + s.rand.IntN(len(w)-2)
	switch s.rand.IntN(4) {
	case 0:
		w = append(w[:i], w[i+1:]...)
	case 1:
		w = append(w[:i+1], w[i:]...)
	case 2:
		w[i] = w[s.rand.IntN(len(w))]
	default:
		w[i], w[i+1] = w[i+1], w[i]
	}
	words[at] = string(w)
	return strings.Join(words, " "), true
}

// reorder puts the last word first. It reports whether the name has two words.
func (s spoiler) reorder(name string) (string, bool) {
	words := strings.Fields(name)
	if len(words) < 2 {
		return "", false
	}
	return strings.Join(append([]string{words[len(words)-1]}, words[:len(words)-1]...), " "), true
}
