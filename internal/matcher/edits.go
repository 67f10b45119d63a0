// SPDX-License-Identifier: Apache-2.0

package matcher

// maxEdited is the longest word whose edits are counted, in runes; of longer ones the
// letters after it are not looked at.
const maxEdited = 48

// edits counts the letters that are more, fewer, others or exchanged with a neighbour
// between two words (optimal string alignment; Damerau 1964), in runes.
func edits(a, b []byte) int {
	var bufA, bufB [maxEdited]rune
	x, y := runesOf(a, &bufA), runesOf(b, &bufB)
	var rows [3][maxEdited + 1]int
	before, above, row := &rows[0], &rows[1], &rows[2]
	for j := range y {
		above[j+1] = j + 1
	}
	for i, r := range x {
		row[0] = i + 1
		for j, s := range y {
			c := above[j]
			if r != s {
				c++
			}
			c = min(c, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && r == y[j-1] && x[i-1] == s {
				c = min(c, before[j-1]+1)
			}
			row[j+1] = c
		}
		before, above, row = above, row, before
	}
	return above[len(y)]
}

func runesOf(s []byte, into *[maxEdited]rune) []rune {
	n := 0
	for _, r := range string(s) {
		if n == maxEdited {
			break
		}
		into[n] = r
		n++
	}
	return into[:n]
}
