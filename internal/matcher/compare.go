// SPDX-License-Identifier: Apache-2.0

package matcher

import "unicode/utf8"

// How alike paired words are.
const (
	alikeJoined  = 0.97
	alikeInitial = 0.6
	// reordering costs a little, so that the name in its order comes first.
	costReordered = 0.01
	// aloneMost is the most that one paired word can reach where either name has more
	// words that tell something: sharing a family name is not sharing a name.
	aloneMost = 0.7
	// leastLikeness is what is worth judging: less cannot reach a threshold, whatever
	// else agrees.
	leastLikeness = 0.6
)

// edited is how alike two words one edit apart are: the longer, the more.
func edited(runes int) float64 { return 1 - 0.9/float64(runes) }

// compare pairs the words of the subject with those of a name: equal words first,
// then joined neighbours, then words one edit apart, then initials. The score is the
// mean of the shares of weight that were paired on either side.
func (x *part) compare(words []queryWord, weights []float32, name uint32) likeness {
	var l likeness
	var texts [maxTokens]string
	n := x.wordsOf(name)
	for j, v := range n {
		texts[j] = x.words.text(v)
	}
	var pairQ, pairN [maxTokens]float64 // how well each word is paired; 0 if not
	var to [maxTokens]int               // where each word of the subject went
	for i := range words {
		to[i] = -1
	}
	pair := func(i, j int, alike float64) { pairQ[i], pairN[j], to[i] = alike, alike, j }
	for i, w := range words {
		for j := range n {
			if pairN[j] == 0 && texts[j] == w.text {
				pair(i, j, 1)
				l.equal++
				break
			}
		}
	}
	l.joined = pairJoined(words, texts[:len(n)], &pairQ, &pairN)
	for i, w := range words {
		if pairQ[i] != 0 || w.runes < minFuzzy {
			continue
		}
		for j, t := range texts[:len(n)] {
			if pairN[j] != 0 {
				continue
			}
			if runes := utf8.RuneCountInString(t); runes >= minFuzzy && oneEdit(w.text, t) {
				pair(i, j, edited(max(w.runes, runes)))
				l.edited++
				break
			}
		}
	}
	if l.equal+l.edited > 0 {
		for i, w := range words {
			for j, t := range texts[:len(n)] {
				if pairQ[i] == 0 && pairN[j] == 0 && initial(w.text, t) {
					pair(i, j, alikeInitial)
				}
			}
		}
	}
	l.score = x.coverage(words, weights, n, &pairQ, &pairN, &l)
	last := -1
	for i := range words {
		if to[i] >= 0 {
			l.reordered = l.reordered || to[i] < last
			last = to[i]
		}
	}
	if l.reordered {
		l.score -= costReordered
	}
	return l
}

// initial reports whether either word is one letter, and the other begins with it.
func initial(a, b string) bool {
	p, n := utf8.DecodeRuneInString(a)
	q, m := utf8.DecodeRuneInString(b)
	return p == q && (n == len(a) || m == len(b))
}

// pairJoined pairs two neighbours on one side with one word on the other, both ways.
func pairJoined(words []queryWord, texts []string, pairQ, pairN *[maxTokens]float64) int {
	count := 0
	for i, w := range words {
		for j := 1; j < len(texts) && pairQ[i] == 0; j++ {
			if pairN[j-1] == 0 && pairN[j] == 0 && isJoin(w.text, texts[j-1], texts[j]) {
				pairQ[i], pairN[j-1], pairN[j] = alikeJoined, alikeJoined, alikeJoined
				count++
			}
		}
	}
	for j, t := range texts {
		for i := 1; i < len(words) && pairN[j] == 0; i++ {
			if pairQ[i-1] == 0 && pairQ[i] == 0 && isJoin(t, words[i-1].text, words[i].text) {
				pairN[j], pairQ[i-1], pairQ[i] = alikeJoined, alikeJoined, alikeJoined
				count++
			}
		}
	}
	return count
}

// isJoin reports whether whole is a and b written as one word.
func isJoin(whole, a, b string) bool {
	return len(whole) == len(a)+len(b) && whole[:len(a)] == a && whole[len(a):] == b
}

func (x *part) coverage(words []queryWord, weights []float32, n []uint32, pairQ, pairN *[maxTokens]float64, l *likeness) float64 {
	var gotQ, allQ, gotN, allN float64
	telling, tellingPaired := 0, 0
	for i, w := range words {
		weight := float64(weights[i])
		allQ += weight
		gotQ += weight * pairQ[i]
		if !particles[w.text] {
			telling++
			if pairQ[i] > alikeInitial {
				tellingPaired++
			}
		}
		if pairQ[i] == 0 {
			l.unpaired++
		}
	}
	tellingN := 0
	for j, v := range n {
		weight := float64(x.weight[v])
		allN += weight
		gotN += weight * pairN[j]
		if x.weight[v] != weightParticle {
			tellingN++
		}
		if pairN[j] == 0 {
			l.unpaired++
		}
	}
	score := (gotQ/allQ + gotN/allN) / 2
	if tellingPaired < 2 && max(telling, tellingN) > 1 && l.joined == 0 && l.unpaired > 0 {
		score = min(score, aloneMost)
	}
	return score
}
