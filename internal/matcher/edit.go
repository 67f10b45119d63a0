// SPDX-License-Identifier: Apache-2.0

package matcher

import "hash/maphash"

// minFuzzy is the shortest word, in runes, that is met with one edit.
const minFuzzy = 4

// oneEdit reports whether a becomes b by one insertion, deletion, substitution or
// exchange of neighbours (Damerau 1964). Equal words are no edit apart.
func oneEdit(a, b []rune) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return string(a[i:]) == string(b[i+1:])
	}
	if i == len(a) {
		return false
	}
	if string(a[i+1:]) == string(b[i+1:]) {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && string(a[i+2:]) == string(b[i+2:])
}

// seed keys the hashes of deletions; it differs in each process, so nobody can craft a list that collides.
var seed = maphash.MakeSeed()

// deletions calls f with the hash of the word and of each word with one rune left
// out. Two words one edit apart share at least one of these hashes: an exchange of
// neighbours too, since leaving out one of the pair on either side gives the same.
func deletions(word []rune, f func(uint32)) {
	var buf [4 * 64]byte
	b := append(buf[:0], string(word)...)
	f(uint32(maphash.Bytes(seed, b))) //nolint:gosec // the lower half
	for skip := range word {
		if skip > 0 && word[skip] == word[skip-1] {
			continue
		}
		b = buf[:0]
		b = append(b, string(word[:skip])...)
		b = append(b, string(word[skip+1:])...)
		f(uint32(maphash.Bytes(seed, b))) //nolint:gosec // the lower half
	}
}
