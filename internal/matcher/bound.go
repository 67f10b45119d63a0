// SPDX-License-Identifier: Apache-2.0

package matcher

// sum is what a name has gathered: how many words, how much they tell, and how much of
// the subject's weight they are alike to. It is never less than what comparing finds.
type sum uint64

const (
	sumUnit = 4096
	sumTold = 28
	sumWord = 56
	sumMask = 1<<sumTold - 1
)

func (s sum) words() int     { return int(s >> sumWord) }
func (s sum) told() float64  { return float64(s>>sumTold&sumMask) / sumUnit }
func (s sum) cover() float64 { return float64(s&sumMask) / sumUnit }

// or is the greater of two sums in each of what they hold.
func (s sum) or(o sum) sum {
	const words, told, cover sum = 0xff << sumWord, sumMask << sumTold, sumMask
	return max(s&words, o&words) | max(s&told, o&told) | max(s&cover, o&cover)
}

// sum is what a match adds to the names that have its word.
func (tm *term) sum(m *match) sum {
	words := sum(1)
	if tm.way == wayJoined {
		words = sum(tm.to - tm.from)
	}
	told := m.weight
	if tm.way == wayLeft || tm.way == wayRight {
		told = tm.gain
	}
	alike := m.alike
	if tm.way != wayWhole {
		alike = 1 // what words written together are given back is more than they lack
	}
	return words<<sumWord | (sum(told*sumUnit)+1)<<sumTold | sum(tm.gain*alike*sumUnit) + 1
}

// gathered is a name with what it is made of and has gathered, the most points that this
// can come to, and its record with its dates of birth.
type gathered struct {
	name, doc uint32
	got       sum
	most      float64
	born      born
	makeup    makeup
}

// enough reports whether a name with that sum is worth comparing.
func (pl *plan) enough(name makeup, got sum) bool {
	count, own := got.words(), name.telling()
	// One common word finds no more than names of two.
	if pl.alone && own > 2 && pl.total < commonAlone {
		return false
	}
	return count >= min(2, pl.telling, own) && (got.cover() >= leastGathered*float64(pl.total) || count >= own)
}

// most is more than the points that comparing a name with that sum can come to.
func (x *index) most(pl *plan, name makeup, got sum) float64 {
	points := pointsNone + pointsTold*x.scale*(got.told()+float64(pl.beside)-1)
	if name&hasInitials != 0 || pl.letters {
		return points // letters may stand for any word
	}
	words, own := got.words(), name.telling()
	// What words lack of being alike counts as left over, which costs no more than it does
	// but for what each word that differs is given back, and each that is written as two.
	points += min(0, pointsExtra*max(0, float64(pl.total)-got.cover())/float64(pl.all)+(pointsEdited+pointsEdit)*float64(words)+pointsJoined*float64(pl.split))
	// Each word of the name stands for one of the subject's at most.
	extra := 0.0
	if words < pl.telling {
		extra = float64(pl.lightest[pl.telling-words])
	}
	met := float64(pl.all) - extra
	lacking := own - words - (len(pl.words) - pl.telling) - pl.split
	if lacking > 0 {
		missing := weightLeast * float64(lacking)
		points += pointsMissing * missing / (met + missing)
		conflict := min(missing, extra)
		points += pointsConflict * conflict / (met + conflict)
	}
	if words < 2 && pl.split == 0 && (lacking > 0 || pl.telling > words) {
		points += pointsAlone
	}
	return points
}
