// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSettleOutcome(t *testing.T) {
	candidate := []Candidate{{Feed: "a.b", Record: "1", Score: 0.9}}
	searched := []Searched{{Feed: "a.b"}}
	missed := func(r Reason) []Unavailable { return []Unavailable{{Feed: "a.c", Reason: r}} }
	for _, tc := range []struct {
		name string
		in   Answer
		want Outcome
	}{
		{"all searched, nothing found", Answer{Searched: searched}, NoCandidate},
		{"found", Answer{Searched: searched, Candidates: candidate}, Candidates},
		{"found, something missed", Answer{Searched: searched, Candidates: candidate, Unavailable: missed(ReasonStale)}, Candidates},
		{"nothing found, something missed", Answer{Searched: searched, Unavailable: missed(ReasonStale)}, Incomplete},
		{"leads alone", Answer{Searched: searched, Leads: candidate}, NoCandidate},
		{"leads alone, something missed", Answer{Searched: searched, Leads: candidate, Unavailable: missed(ReasonLocked)}, Incomplete},
		{"nothing searched", Answer{Unavailable: missed(ReasonStale)}, OutcomeUnavailable},
		{"no feed at all", Answer{}, OutcomeUnavailable},
		{"asked by what the engine cannot search", Answer{Unavailable: missed(ReasonModality)}, Incomplete},
	} {
		t.Run(tc.name, func(t *testing.T) {
			Settle(&tc.in)
			if tc.in.Outcome != tc.want {
				t.Errorf("outcome %s, want %s", tc.in.Outcome, tc.want)
			}
			if tc.in.Candidates == nil || tc.in.Leads == nil || tc.in.Searched == nil || tc.in.Unavailable == nil || tc.in.Engines == nil {
				t.Error("a list would be null in JSON")
			}
		})
	}
}

func TestSettleOrder(t *testing.T) {
	a := Answer{Candidates: []Candidate{
		{Record: "wanted-high", Nature: NatureWanted, Score: 0.99},
		{Record: "b", Nature: NatureWanted, Score: 0.9},
		{Record: "a", Nature: NatureWanted, Score: 0.9},
		{Record: "missing", Nature: NatureMissing, Score: 0.81},
		{Record: "at-risk", Nature: NatureAtRisk, Score: 0.85},
	}}
	Settle(&a)
	var got []string
	for _, c := range a.Candidates {
		got = append(got, c.Record)
	}
	if d := cmp.Diff([]string{"at-risk", "missing", "wanted-high", "a", "b"}, got); d != "" {
		t.Error(d)
	}
}

func TestTruncate(t *testing.T) {
	a := Answer{Candidates: make([]Candidate, 12), Leads: make([]Candidate, 11)}
	Truncate(&a, 0)
	if len(a.Candidates) != DefaultLimit || len(a.Leads) != DefaultLimit || a.Omitted != 3 {
		t.Errorf("kept %d and %d, omitted %d", len(a.Candidates), len(a.Leads), a.Omitted)
	}
}

func TestMerge(t *testing.T) {
	biographic := []Engine{{Version: "e/1", Profile: ProfileBalanced, Modalities: []Modality{ModalityBiographic}}}
	faces := []Engine{{Version: "f/1", Profile: ProfileBalanced, Modalities: []Modality{ModalityFace}}}
	faceMissed := []Unavailable{{Feed: "a.b", Reason: ReasonModality, Modality: ModalityFace}}
	nameMissed := []Unavailable{{Feed: "a.b", Reason: ReasonModality, Modality: ModalityBiographic}}
	searched := []Searched{{Feed: "a.b", Version: 3}}
	for _, tc := range []struct {
		name    string
		in      []Answer
		outcome Outcome
		missed  int
		mode    Mode
	}{
		{name: "two pools share the modalities", outcome: NoCandidate, mode: ModeOnline, in: []Answer{
			{Mode: ModeOnline, Engines: biographic, Searched: searched, Unavailable: faceMissed},
			{Mode: ModeOnline, Engines: faces, Searched: searched, Unavailable: nameMissed},
		}},
		{name: "no pool has faces", outcome: Incomplete, missed: 1, mode: ModeMarked, in: []Answer{
			{Mode: ModeMarked, Engines: biographic, Searched: searched, Unavailable: faceMissed},
			{Mode: ModeOnline, Engines: biographic, Searched: searched, Unavailable: faceMissed},
		}},
		{name: "one pool still loads", outcome: NoCandidate, mode: ModeOnline, in: []Answer{
			{Mode: ModeOnline, Engines: biographic, Unavailable: []Unavailable{{Feed: "a.b", Reason: ReasonLoading}}},
			{Mode: ModeOnline, Engines: biographic, Searched: searched},
		}},
		{name: "no pool answered", outcome: OutcomeUnavailable},
		{name: "best score wins, no lead beside it", outcome: Candidates, mode: ModeOnline, in: []Answer{
			{Mode: ModeOnline, Searched: searched, Candidates: []Candidate{{Feed: "a.b", Record: "1", Score: 0.8}}},
			{Mode: ModeOnline, Searched: searched, Candidates: []Candidate{{Feed: "a.b", Record: "1", Score: 0.9}}, Leads: []Candidate{{Feed: "a.b", Record: "1"}}},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := Merge(tc.in)
			if got.Outcome != tc.outcome || len(got.Unavailable) != tc.missed || got.Mode != tc.mode {
				t.Errorf("outcome %s, missed %d, mode %q; want %s, %d, %q", got.Outcome, len(got.Unavailable), got.Mode, tc.outcome, tc.missed, tc.mode)
			}
			if tc.outcome == Candidates && (len(got.Candidates) != 1 || got.Candidates[0].Score != 0.9 || len(got.Leads) != 0) {
				t.Errorf("candidates %v, leads %v", got.Candidates, got.Leads)
			}
		})
	}
}
