// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"cmp"
	"slices"
)

// Settle completes an answer: it orders candidates, leads and what was missed, makes
// absent lists empty ones, and sets Outcome by the contract's rules:
//
//   - any candidate: Candidates
//   - nothing missed and something searched: NoCandidate
//   - something searched, or a feed was there and could not be searched by what was given: Incomplete
//   - else: Unavailable
//
// Leads alone change nothing.
func Settle(a *Answer) {
	slices.SortStableFunc(a.Candidates, Rank)
	slices.SortStableFunc(a.Leads, Rank)
	slices.SortFunc(a.Searched, func(x, y Searched) int {
		return cmp.Or(cmp.Compare(x.Feed, y.Feed), cmp.Compare(x.Version, y.Version))
	})
	slices.SortFunc(a.Unavailable, func(x, y Unavailable) int {
		return cmp.Or(cmp.Compare(x.Feed, y.Feed), cmp.Compare(x.Reason, y.Reason), cmp.Compare(x.Modality, y.Modality))
	})
	a.Candidates, a.Leads = orEmpty(a.Candidates), orEmpty(a.Leads)
	a.Searched, a.Unavailable, a.Engines = orEmpty(a.Searched), orEmpty(a.Unavailable), orEmpty(a.Engines)
	byModality := slices.ContainsFunc(a.Unavailable, func(u Unavailable) bool { return u.Reason == ReasonModality })
	switch {
	case len(a.Candidates) > 0:
		a.Outcome = Candidates
	case len(a.Searched) > 0 && len(a.Unavailable) == 0:
		a.Outcome = NoCandidate
	case len(a.Searched) > 0 || byModality:
		a.Outcome = Incomplete
	default:
		a.Outcome = OutcomeUnavailable
	}
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// Rank orders candidates: people at risk or missing first, then by falling score, then
// by feed and record so that equal scores have one order.
func Rank(x, y Candidate) int {
	if p, q := x.Nature.Protective(), y.Nature.Protective(); p != q {
		if p {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(x.Feed, y.Feed), cmp.Compare(x.Record, y.Record))
}

// Truncate keeps the first limit candidates and, apart, the first limit leads of a
// settled answer, and counts the others in Omitted. A limit of 0 means DefaultLimit.
func Truncate(a *Answer, limit int) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	for _, list := range []*[]Candidate{&a.Candidates, &a.Leads} {
		if n := len(*list); n > limit {
			a.Omitted += n - limit
			*list = (*list)[:limit:limit]
		}
	}
}

// Merge makes one answer of those of several pools about one request. The same record
// of the same feed appears once, with its best score. A feed one pool missed counts as
// searched if another searched it by all that was wanted. The mode is the worst of all.
// The merged answer has no ID: it is the front's to give.
func Merge(answers []Answer) Answer {
	var m Answer
	for _, a := range answers {
		m.Candidates = mergeCandidates(m.Candidates, a.Candidates)
		m.Leads = mergeCandidates(m.Leads, a.Leads)
		m.Omitted += a.Omitted
		for _, s := range a.Searched {
			if !slices.Contains(m.Searched, s) {
				m.Searched = append(m.Searched, s)
			}
		}
		for _, e := range a.Engines {
			if !slices.ContainsFunc(m.Engines, func(o Engine) bool {
				return o.Version == e.Version && o.Profile == e.Profile && slices.Equal(o.Modalities, e.Modalities)
			}) {
				m.Engines = append(m.Engines, e)
			}
		}
		m.Mode = worse(m.Mode, a.Mode)
	}
	for _, a := range answers {
		for _, u := range a.Unavailable {
			if !slices.Contains(m.Unavailable, u) && !searchedElsewhere(answers, u) {
				m.Unavailable = append(m.Unavailable, u)
			}
		}
	}
	// A record that is a candidate of one pool is no lead as well.
	m.Leads = slices.DeleteFunc(m.Leads, func(l Candidate) bool {
		return slices.ContainsFunc(m.Candidates, func(c Candidate) bool { return c.Feed == l.Feed && c.Record == l.Record })
	})
	Settle(&m)
	return m
}

func mergeCandidates(into, add []Candidate) []Candidate {
	for _, c := range add {
		i := slices.IndexFunc(into, func(o Candidate) bool { return o.Feed == c.Feed && o.Record == c.Record })
		switch {
		case i < 0:
			into = append(into, c)
		case c.Score > into[i].Score:
			into[i] = c
		}
	}
	return into
}

// searchedElsewhere reports whether another answer searched what u says was missed: the
// feed, by the modality missed, or for other reasons by everything that was wanted of it.
func searchedElsewhere(answers []Answer, u Unavailable) bool {
	return slices.ContainsFunc(answers, func(a Answer) bool {
		if !slices.ContainsFunc(a.Searched, func(s Searched) bool { return s.Feed == u.Feed }) {
			return false
		}
		if u.Reason != ReasonModality {
			return true
		}
		return u.Modality != "" && slices.ContainsFunc(a.Engines, func(e Engine) bool { return slices.Contains(e.Modalities, u.Modality) })
	})
}

// modes from best to worst.
var modes = []Mode{ModeBench, ModeOnline, ModeMarked, ModeOffline}

func worse(a, b Mode) Mode {
	if slices.Index(modes, a) > slices.Index(modes, b) {
		return a
	}
	return b
}
