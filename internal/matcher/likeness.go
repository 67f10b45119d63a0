// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"cmp"
	"fmt"
	"math"
)

// likeness is how alike two names are.
type likeness struct {
	// points are the natural logarithm of the odds that both are of one person, were
	// there nothing else to go by; see rate.
	points float64
	// met is the weight of what is paired, alike how alike that is on average, extra and
	// missing the weight of what is left over of the subject's and of the listed name.
	met, alike, extra, missing float32
	// told is how rare what is paired is among listed names, in units of all there is to
	// tell; known the weight of what is paired to a word it is not, and is one itself.
	told, known float32
	// equal, edited, joined and initials count pairs, foreign those of two scripts, edits
	// the letters that differ in pairs of one, short counts pairs of a name and its short
	// form, cut those of a word that the zone cut off; spelt counts pairs that are as good as equal
	// and not the same, such as one of two scripts; paired counts the telling words of the
	// subject that are in a pair, left and lacking all that are left over on either side.
	equal, edited, short, cut, joined, initials, foreign, edits, spelt, paired, left, lacking int
	reordered                                                                                 bool
}

// any reports whether the names have anything in common.
func (l *likeness) any() bool { return l.met > 0 }

// What names say, in natural logarithms of odds. Fitted by logistic regression on
// misspelt names of public lists and on travellers who are on none: docs/matching.md.
const (
	pointsNone     = 1.74  // before anything is known of the names
	pointsTold     = 0.58  // for what paired words tell, less what finding one among all names takes
	pointsUnlike   = -9.0  // for words that are not alike at all, by their share
	pointsLacking  = -10.7 // for the weight that paired words lack of being alike
	pointsExtra    = -9.0  // for the share of the subject's name that is left over
	pointsMissing  = -11.0 // for the share of the listed name that is left over
	pointsConflict = -6.0  // for the share that is left over on both sides: other words in their place
	pointsAlone    = -2.8  // where one word is all that is paired of more
	pointsOrder    = -1.4  // for another order
	pointsForeign  = -3.1  // for words of another script, of which letters say less
	pointsJoined   = 2.2   // for each two words written as one, beside what their letters cost
	pointsKnown    = -7.4  // for the weight that words lack which are names by themselves
	pointsEdited   = 2.6   // for each word that differs, beside what its letters cost
	pointsEdit     = -2.2  // for each letter that differs
	pointsLeast    = 0.1   // what a pair that differs costs at least
	pointsNobody   = -12.0 // names without anything in common
	leastPoints    = -6.0  // what is worth judging
	plainTold      = 1.6   // what paired words are taken to tell where there is no list
)

// rate sets the points. scale is how much a list can tell: the natural logarithm of how
// many names it has.
func (l *likeness) rate(scale float64) {
	if !l.any() {
		return
	}
	met, lack := float64(l.met), float64(1-l.alike)
	share := func(w float32) float64 { return float64(w) / (met + float64(w)) }
	differ := lack*(pointsUnlike+pointsLacking*met) + pointsKnown*float64(l.known) + pointsJoined*float64(l.joined) +
		pointsEdited*float64(max(0, l.edited-l.foreign)) + pointsEdit*float64(l.edits)
	// A difference never counts for more than none.
	differ = min(differ, -pointsLeast*float64(l.edited+l.short+l.cut+l.joined))
	l.points = pointsNone + pointsTold*scale*(float64(l.told)-1) + differ +
		pointsExtra*share(l.extra) + pointsMissing*share(l.missing) + pointsConflict*share(min(l.extra, l.missing))
	if l.foreign > 0 {
		l.points += pointsForeign
	}
	if l.reordered {
		l.points += pointsOrder
	}
	if l.paired < 2 && l.joined == 0 && l.left+l.lacking > 0 {
		l.points += pointsAlone
	}
}

// said are the points, also of names without anything in common.
func (l *likeness) said() float64 {
	if !l.any() {
		return pointsNobody
	}
	return l.points
}

// share is how alike the names are by themselves, from 0 to 1: for people to read.
func (l *likeness) share() float64 {
	if !l.any() {
		return 0
	}
	met := float64(l.met)
	return float64(l.alike) * (met/(met+float64(l.extra)) + met/(met+float64(l.missing))) / 2
}

// better orders what two names of one record met, so that which is told does not
// depend on how the index came about.
func (l *likeness) better(o *likeness) bool {
	if l.any() != o.any() {
		return l.any()
	}
	reorders := func(l *likeness) int {
		if l.reordered {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(l.points, o.points), cmp.Compare(l.equal, o.equal), cmp.Compare(l.edited, o.edited),
		cmp.Compare(l.short, o.short), cmp.Compare(l.cut, o.cut), cmp.Compare(l.joined, o.joined), cmp.Compare(o.spelt, l.spelt), cmp.Compare(o.left+o.lacking, l.left+l.lacking), cmp.Compare(reorders(o), reorders(l)),
		cmp.Compare(l.share(), o.share()), cmp.Compare(l.initials, o.initials), cmp.Compare(o.foreign, l.foreign)) > 0
}

// text says how names are alike without quoting either.
func (l *likeness) text() string {
	switch {
	case !l.any():
		return "no name of the record is alike"
	case l.left+l.lacking == 0 && l.edited == 0 && l.short == 0 && l.cut == 0 && l.joined == 0 && l.initials == 0 && l.spelt == 0 && !l.reordered:
		return "the names are the same in normal form"
	}
	text := fmt.Sprintf("%d words the same, %d alike, %d written together, %d without a counterpart",
		l.equal, l.edited, l.joined, l.left+l.lacking)
	if l.spelt > 0 {
		text += fmt.Sprintf(", %d in another spelling", l.spelt)
	}
	if l.short > 0 {
		text += fmt.Sprintf(", %d as a short form", l.short)
	}
	if l.cut > 0 {
		text += fmt.Sprintf(", %d cut off by the zone", l.cut)
	}
	if l.initials > 0 {
		text += fmt.Sprintf(", %d as initials", l.initials)
	}
	if l.foreign > 0 {
		text += ", in another script"
	}
	if l.reordered {
		text += ", in another order"
	}
	return text
}

// probability turns points into a score. The odds count half: mistakes of papers and of
// lists are not independent of each other, so what adds up says less than its sum.
func probability(points float64) float64 { return 1 / (1 + math.Exp(-points/2)) }

// pointsOf is the inverse of probability.
func pointsOf(score float64) float64 { return 2 * math.Log(score/(1-score)) }
