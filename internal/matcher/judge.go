// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"math"
	"slices"

	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// thresholds of a profile: a record is a candidate from alert on, and from second on
// where the second line asks, which wants to miss nobody.
type thresholds struct{ alert, second float64 }

func thresholdsOf(p screen.Profile) thresholds {
	switch p {
	case screen.ProfileHighRecall:
		return thresholds{alert: 0.35, second: 0.1}
	case screen.ProfileHighPrecision:
		return thresholds{alert: 0.75, second: 0.35}
	}
	return thresholds{alert: 0.5, second: 0.2}
}

// What evidence beside the name adds, in natural logarithms of the odds: how often
// records of one person say so, over how often those of two do (Fellegi and Sunter
// 1969). Where dates or papers are copied from each other, less than the coincidence
// alone would give; and names of a country go with its nationality. docs/matching.md has the reasons.
const (
	pointsBirthDay    = 6.0  // the same day
	pointsBirthSwap   = 3.0  // day and month exchanged
	pointsBirthYear   = 1.2  // as far as both are known
	pointsBirthAbout  = 0.6  // within the record's doubt
	pointsBirthDigit  = 0.8  // one digit differs
	pointsBirthNear   = -0.7 // a year apart
	pointsBirthFar    = -3.4 // contradiction
	pointsNationality = 0.4  // one is the same
	pointsNationOther = -1.4 // none is

	pointsPlace          = 1.0  // the place of birth is the same
	pointsPlaceCountry   = 0.2  // its country is
	pointsPlaceElsewhere = -0.8 // its country is another

	pointsGender      = 0.4  // the same
	pointsGenderOther = -3.2 // another
	pointsNoPerson    = -3.0 // the record is about no person

	// A document's number that is the same is a candidate by itself; one with another
	// issuer, or a short one, coincides, and the name must speak too.
	misreadNumber = 0.93
	otherIssuer   = 0.6
	shortNumber   = 0.5
	// leastSupported are the points of names that speak for a number which may coincide.
	leastSupported = -3.0
	// byNumber are the points of a record that is met by its number alone.
	byNumber = 7.0
)

type verdict int

const (
	dismissed verdict = iota
	lead
	alert
)

// hopeless reports whether no evidence the subject has could take the record to the
// threshold, before any of it is put into words.
func (s *search) hopeless(h *hit) bool {
	best := h.best().said()
	if len(s.query.births) > 0 {
		best += pointsBirthDay
	}
	if len(s.query.places) > 0 {
		best += pointsPlace
	}
	if len(s.query.nationalities) > 0 {
		best += pointsNationality
	}
	if s.query.gender != "" {
		best += pointsGender
	}
	return h.number == 0 && probability(best) < s.threshold()
}

// threshold is the score from which a record is a candidate of this request.
func (s *search) threshold() float64 {
	if s.request.Line == screen.LineSecond {
		return s.limits.second
	}
	return s.limits.alert
}

// opinion is what all evidence about one record comes to.
type opinion struct {
	points   float64
	evidence []screen.Evidence
	births   birthAgreement
}

func (o *opinion) add(field string, score, points float64, text string) {
	o.points += points
	o.evidence = append(o.evidence, screen.Evidence{Field: field, Score: round(score), Weight: weightOf(points), Text: text})
}

// weightOf turns points into what the contract says: the decimal logarithm of the factor
// by which the odds of the score change.
func weightOf(points float64) float64 { return math.Round(points/2/math.Ln10*100) / 100 }

// judge weighs all evidence about one record.
func (s *search) judge(e *entry, h *hit) (screen.Candidate, verdict) {
	o, v := s.weigh(e, &h.good), alert
	limit := s.threshold()
	// What supports a name makes no candidate without one.
	if len(s.query.names) == 0 || probability(o.points) < limit {
		v = dismissed
	}
	if v == dismissed && h.low.better(&h.good) {
		low := s.weigh(e, &h.low)
		if probability(low.points) >= limit {
			o, v = low, lead
			o.evidence[0].Text += "; the publisher calls this alias weak"
			if low.births >= birthYear {
				v = alert
			}
		}
	}
	if h.number > 0 {
		v = s.number(&o, h, v)
	}
	return screen.Candidate{
		Record: e.id, Nature: e.nature, Handling: e.handling, Score: round(probability(o.points)), Evidence: o.evidence,
	}, v
}

// number adds what a document's number says.
func (s *search) number(o *opinion, h *hit, v verdict) verdict {
	limit := pointsOf(s.threshold())
	supported := h.best().said() >= leastSupported
	text, least := "the number is the same", byNumber
	switch h.number {
	case 1:
		v = alert
	case misreadNumber:
		text, least = "the number differs in one character that is easily read for another", byNumber-2
		if supported || len(s.query.names) == 0 {
			v = alert
		}
	case shortNumber:
		text, least = "the number is the same, and too short to stand for a document", limit
	case otherIssuer:
		text, least = "the number is the same, the issuing country is another", limit
	}
	switch {
	case v == alert:
	case supported:
		v = alert
	case v == dismissed:
		v, least = lead, limit-2
	}
	gain := max(least-o.points, 0.5)
	if v == lead && len(s.query.names) == 0 {
		gain = least // there is no name whose points it could make good
	}
	o.add("document", h.number, gain, text)
	return v
}

// weigh is what one likeness of names says with the other evidence about the record.
func (s *search) weigh(e *entry, l *likeness) opinion {
	var o opinion
	if len(s.query.names) > 0 {
		o.add("name", l.share(), l.said(), l.text())
	}
	o.births = compareBirths(s.query.births, e.births)
	if o.births != birthUnknown {
		score, points, text := o.births.says()
		o.add("birthDate", score, points, text)
	}
	if a := compareBirthplaces(s.query.places, e.places); a != placeUnknown {
		score, points, text := a.says()
		o.add("birthPlace", score, points, text)
	}
	if len(s.query.nationalities) > 0 && len(e.nationalities) > 0 {
		if slices.ContainsFunc(e.nationalities, func(n string) bool { return slices.Contains(s.query.nationalities, n) }) {
			o.add("nationality", 1, pointsNationality, "a nationality is the same")
		} else {
			o.add("nationality", 0.3, pointsNationOther, "no nationality is the same")
		}
	}
	if g := s.query.gender; g != "" && g != "X" && e.gender != "" && e.gender != "X" {
		if g == e.gender {
			o.add("gender", 1, pointsGender, "the gender is the same")
		} else {
			o.add("gender", 0, pointsGenderOther, "the gender differs")
		}
	}
	if s.query.personal && e.typ != watchlist.Person {
		o.add("type", 0.3, pointsNoPerson, "the record is about no person")
	}
	return o
}

func round(f float64) float64 { return math.Round(f*1e4) / 1e4 }
