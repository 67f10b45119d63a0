// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"fmt"
	"slices"
	"time"

	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/watchlist"
	"github.com/frontline-screening/frontline/internal/watchlist/edtf"
)

// thresholds of a profile: a record at or above alert is returned.
type thresholds struct{ alert float64 }

func thresholdsOf(p screen.Profile) thresholds {
	switch p {
	case screen.ProfileHighRecall:
		return thresholds{alert: 0.72}
	case screen.ProfileHighPrecision:
		return thresholds{alert: 0.90}
	}
	return thresholds{alert: 0.80}
}

// What evidence beside the name does to a score s. A gain moves it towards 1 by that
// share of what is missing; a loss multiplies it. A clear conflict takes even the same
// name below every profile's threshold.
const (
	gainBirthDay   = 0.50
	gainBirthYear  = 0.25
	gainBirthAbout = 0.10
	lossBirthNear  = 0.97
	lossBirthFar   = 0.60

	gainNationality = 0.12
	lossNationality = 0.93
	lossGender      = 0.75
	lossType        = 0.80

	// leastSupported is the likeness of names below which other evidence supports nothing.
	leastSupported = 0.62
	// scoreNumber is the score of a record met by a document number. With another issuer
	// stated, and for short numbers, numbers coincide, and the name must speak too.
	scoreNumber = 0.97
	// A number that differs in one character that is read for another is as good as alone;
	// beside a name, the name must speak too.
	misreadNumber = 0.93
	otherIssuer   = 0.6
	shortNumber   = 0.5
)

type verdict int

const (
	dismissed verdict = iota
	lead
	alert
)

// hopeless reports whether no evidence the subject has could take the record to the
// threshold, before any of it is put into words.
func (s *search) hopeless(h hit) bool {
	best := max(h.good.score, h.low.score)
	if len(s.query.births) > 0 {
		best += (1 - best) * gainBirthDay
	}
	if len(s.query.nationalities) > 0 {
		best += (1 - best) * gainNationality
	}
	return h.number == 0 && best < s.limits.alert
}

// judge weighs all evidence about one record.
func (s *search) judge(e *entry, h hit) (screen.Candidate, verdict) {
	c := screen.Candidate{Record: e.id, Nature: e.nature, Handling: e.handling}
	good, evidence, _ := s.weigh(e, h.good)
	score, v := good, alert
	if score < s.limits.alert {
		v = dismissed
	}
	if h.low.score > h.good.score && v == dismissed {
		low, lowEvidence, lowBirth := s.weigh(e, h.low)
		if low >= s.limits.alert {
			score, evidence, v = low, lowEvidence, lead
			evidence[0].Text += "; the publisher calls this alias weak"
			if lowBirth >= birthYear {
				v = alert
			}
		}
	}
	if h.number > 0 {
		byNumber := scoreNumber * h.number
		text := "the number is the same"
		switch h.number {
		case shortNumber:
			text = "the number is the same, and too short to stand for a document"
		case misreadNumber:
			text = "the number differs in one character that is easily read for another"
		case otherIssuer:
			text = "the number is the same, the issuing country is another"
		}
		evidence = append(evidence, screen.Evidence{Field: "document", Score: h.number, Text: text})
		switch {
		case h.number == 1:
			score, v = max(score, byNumber), alert
		case h.number == misreadNumber && len(s.query.names) == 0:
			score, v = max(score, byNumber), alert
		case max(h.good.score, h.low.score) >= leastSupported:
			score, v = max(score, s.limits.alert), alert
		case v == dismissed:
			score, v = byNumber, lead
		}
	}
	c.Score, c.Evidence = round(score), evidence
	return c, v
}

// weigh is the score of one likeness of names with the other evidence about the record.
func (s *search) weigh(e *entry, l likeness) (float64, []screen.Evidence, birthAgreement) {
	score := l.score
	evidence := make([]screen.Evidence, 0, 5)
	if len(s.query.names) > 0 {
		evidence = append(evidence, screen.Evidence{Field: "name", Score: round(l.score), Text: l.text()})
	}
	supported := score >= leastSupported
	gain := func(share float64) {
		if supported {
			score += (1 - score) * share
		}
	}
	agreement := compareBirths(s.query.births, e.births)
	switch agreement {
	case birthDay:
		gain(gainBirthDay)
	case birthYear:
		gain(gainBirthYear)
	case birthAbout:
		gain(gainBirthAbout)
	case birthNear:
		score *= lossBirthNear
	case birthFar:
		score *= lossBirthFar
	}
	if agreement != birthUnknown {
		evidence = append(evidence, agreement.evidence())
	}
	if len(s.query.nationalities) > 0 && len(e.nationalities) > 0 {
		if slices.ContainsFunc(e.nationalities, func(n string) bool { return slices.Contains(s.query.nationalities, n) }) {
			gain(gainNationality)
			evidence = append(evidence, screen.Evidence{Field: "nationality", Score: 1, Text: "a nationality is the same"})
		} else {
			score *= lossNationality
			evidence = append(evidence, screen.Evidence{Field: "nationality", Score: 0.3, Text: "no nationality is the same"})
		}
	}
	if g := s.query.gender; g != "" && g != "X" && e.gender != "" && e.gender != "X" {
		if g == e.gender {
			evidence = append(evidence, screen.Evidence{Field: "gender", Score: 1, Text: "the gender is the same"})
		} else {
			score *= lossGender
			evidence = append(evidence, screen.Evidence{Field: "gender", Score: 0, Text: "the gender differs"})
		}
	}
	if s.query.personal && e.typ != watchlist.Person {
		score *= lossType
		evidence = append(evidence, screen.Evidence{Field: "type", Score: 0.3, Text: "the record is about no person"})
	}
	return score, evidence, agreement
}

// text says how names are alike without quoting either.
func (l likeness) text() string {
	switch {
	case l.score == 0:
		return "no name of the record is alike"
	case l.unpaired == 0 && l.edited == 0 && l.joined == 0 && !l.reordered:
		return "the names are the same in normal form"
	}
	text := fmt.Sprintf("%d words the same, %d with one letter different, %d written together, %d without a counterpart",
		l.equal, l.edited, l.joined, l.unpaired)
	if l.reordered {
		text += ", in another order"
	}
	return text
}

// birthAgreement is how dates of birth agree, from worst to best.
type birthAgreement int

const (
	birthUnknown birthAgreement = iota
	birthFar
	birthNear
	birthAbout
	birthYear
	birthDay
)

func (b birthAgreement) evidence() screen.Evidence {
	e := screen.Evidence{Field: "birthDate"}
	switch b {
	case birthDay:
		e.Score, e.Text = 1, "the day of birth is the same"
	case birthYear:
		e.Score, e.Text = 0.8, "the dates of birth agree as far as both are known"
	case birthAbout:
		e.Score, e.Text = 0.65, "the date of birth is within the record's doubt"
	case birthNear:
		e.Score, e.Text = 0.4, "the dates of birth are close, not the same"
	default:
		e.Score, e.Text = 0, "the dates of birth contradict each other"
	}
	return e
}

// compareBirths is the best agreement of any two dates.
func compareBirths(asked, listed []edtf.Date) birthAgreement {
	best := birthUnknown
	for _, a := range asked {
		for _, b := range listed {
			best = max(best, compareBirth(a, b))
		}
	}
	return best
}

// aboutDays is how far an approximate date reaches on either side.
const aboutDays = 2 * 366

func compareBirth(a, b edtf.Date) birthAgreement {
	if a.Exact() && b.Exact() {
		switch {
		case a.From.Equal(b.From):
			return birthDay
		case swapped(a.From, b.From):
			return birthYear
		// 1 January stands for a day not known, in papers as in lists.
		case a.From.Year() == b.From.Year() && (isNewYear(a.From) || isNewYear(b.From)):
			return birthYear
		case nearby(a.From, b.From):
			return birthNear
		}
		return birthFar
	}
	if !a.From.After(b.To) && !b.From.After(a.To) {
		if a.About || b.About || a.Between || b.Between {
			return birthAbout
		}
		return birthYear
	}
	days := max(a.From.Sub(b.To), b.From.Sub(a.To)).Hours() / 24
	switch {
	case (a.About || b.About) && days <= aboutDays:
		return birthAbout
	case days <= aboutDays:
		return birthNear
	}
	return birthFar
}

func isNewYear(t time.Time) bool { return t.YearDay() == 1 }

// swapped reports whether day and month are exchanged.
func swapped(a, b time.Time) bool {
	return a.Year() == b.Year() && a.Day() == int(b.Month()) && b.Day() == int(a.Month())
}

// nearby reports whether two days differ by one digit, or by at most a year.
func nearby(a, b time.Time) bool {
	x, y := a.Format("20060102"), b.Format("20060102")
	differ := 0
	for i := range len(x) {
		if x[i] != y[i] {
			differ++
		}
	}
	years := a.Year() - b.Year()
	return differ == 1 || (years >= -1 && years <= 1)
}

func round(f float64) float64 { return float64(int(f*10000+0.5)) / 10000 }
