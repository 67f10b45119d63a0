// SPDX-License-Identifier: Apache-2.0

package front

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/screen"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// said is what a pool says that searched the feeds, with an order of the given age.
func said(age time.Duration, feeds ...string) *screen.Answer {
	a := &screen.Answer{Mode: screen.ModeOnline}
	for _, feed := range feeds {
		a.Searched = append(a.Searched, screen.Searched{Feed: feed, Version: 1, OrderIssued: noon.Add(-age)})
	}
	return a
}

func with(a *screen.Answer, candidates ...string) *screen.Answer {
	for _, feed := range candidates {
		a.Candidates = append(a.Candidates, screen.Candidate{Feed: feed, Record: "1", Score: 1})
	}
	return a
}

func missing(a *screen.Answer, feed string, reason screen.Reason) *screen.Answer {
	a.Unavailable = append(a.Unavailable, screen.Unavailable{Feed: feed, Reason: reason})
	return a
}

func TestCompose(t *testing.T) {
	names := Pool{Name: "names", Feeds: []string{"intl.a", "intl.b"}}
	other := Pool{Name: "other", Feeds: []string{"intl.c"}}
	limits := order.Freshness{MarkSeconds: 3600, StopSeconds: 7200}
	type summary struct {
		Outcome     screen.Outcome
		Mode        screen.Mode
		Candidates  []string
		Searched    []string
		Unavailable map[string]screen.Reason
	}
	type reasons = map[string]screen.Reason
	tests := []struct {
		name      string
		pools     []Pool
		freshness order.Freshness
		answers   []*screen.Answer
		want      summary
	}{
		{
			name: "everything searched", pools: []Pool{names, other},
			answers: []*screen.Answer{said(0, "intl.a", "intl.b"), said(0, "intl.c")},
			want:    summary{Outcome: screen.NoCandidate, Mode: screen.ModeOnline, Searched: []string{"intl.a", "intl.b", "intl.c"}},
		}, {
			name: "a pool that gives no answer is named, not passed over", pools: []Pool{names, other},
			answers: []*screen.Answer{said(0, "intl.a", "intl.b"), nil},
			want: summary{
				Outcome: screen.Incomplete, Mode: screen.ModeOnline, Searched: []string{"intl.a", "intl.b"},
				Unavailable: reasons{"intl.c": screen.ReasonUnreachable},
			},
		}, {
			name: "no pool answers", pools: []Pool{names, other}, answers: []*screen.Answer{nil, nil},
			want: summary{
				Outcome: screen.OutcomeUnavailable, Mode: screen.ModeOffline,
				Unavailable: reasons{"intl.a": screen.ReasonUnreachable, "intl.b": screen.ReasonUnreachable, "intl.c": screen.ReasonUnreachable},
			},
		}, {
			name: "candidates are told also when something was missed", pools: []Pool{names, other},
			answers: []*screen.Answer{with(said(0, "intl.a", "intl.b"), "intl.b"), nil},
			want: summary{
				Outcome: screen.Candidates, Mode: screen.ModeOnline, Candidates: []string{"intl.b"}, Searched: []string{"intl.a", "intl.b"},
				Unavailable: reasons{"intl.c": screen.ReasonUnreachable},
			},
		}, {
			name: "what the post is not bound to is not shown", pools: []Pool{names},
			answers: []*screen.Answer{missing(with(said(0, "intl.a", "intl.b", "al.x"), "al.x"), "al.y", screen.ReasonStale)},
			want:    summary{Outcome: screen.NoCandidate, Mode: screen.ModeOnline, Searched: []string{"intl.a", "intl.b"}},
		}, {
			name: "a feed the pool is silent about is loading", pools: []Pool{names}, answers: []*screen.Answer{said(0, "intl.a")},
			want: summary{
				Outcome: screen.Incomplete, Mode: screen.ModeOnline, Searched: []string{"intl.a"},
				Unavailable: reasons{"intl.b": screen.ReasonLoading},
			},
		}, {
			name: "what the pool could not search keeps its reason", pools: []Pool{names},
			answers: []*screen.Answer{missing(said(0, "intl.a"), "intl.b", screen.ReasonRegion)},
			want: summary{
				Outcome: screen.Incomplete, Mode: screen.ModeOnline, Searched: []string{"intl.a"},
				Unavailable: reasons{"intl.b": screen.ReasonRegion},
			},
		}, {
			name: "past the post's mark limit", pools: []Pool{names}, freshness: limits,
			answers: []*screen.Answer{said(90*time.Minute, "intl.a", "intl.b")},
			want:    summary{Outcome: screen.NoCandidate, Mode: screen.ModeMarked, Searched: []string{"intl.a", "intl.b"}},
		}, {
			name: "past the post's stop limit nothing of the feed is shown", pools: []Pool{names}, freshness: limits,
			answers: []*screen.Answer{with(said(3*time.Hour, "intl.a", "intl.b"), "intl.a")},
			want: summary{
				Outcome: screen.OutcomeUnavailable, Mode: screen.ModeOnline,
				Unavailable: reasons{"intl.a": screen.ReasonStale, "intl.b": screen.ReasonStale},
			},
		}, {
			name: "the worst mode of the pools holds", pools: []Pool{names, other}, freshness: limits,
			answers: []*screen.Answer{said(0, "intl.a", "intl.b"), {
				Mode: screen.ModeOffline, Searched: []screen.Searched{{Feed: "intl.c", OrderIssued: noon.Add(-90 * time.Minute)}},
			}},
			want: summary{Outcome: screen.NoCandidate, Mode: screen.ModeOffline, Searched: []string{"intl.a", "intl.b", "intl.c"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := compose(Config{Pools: tt.pools, Freshness: tt.freshness}, tt.answers, noon)
			got := summary{Outcome: a.Outcome, Mode: a.Mode}
			for _, c := range a.Candidates {
				got.Candidates = append(got.Candidates, c.Feed)
			}
			for _, s := range a.Searched {
				got.Searched = append(got.Searched, s.Feed)
			}
			for _, u := range a.Unavailable {
				if got.Unavailable == nil {
					got.Unavailable = reasons{}
				}
				got.Unavailable[u.Feed] = u.Reason
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("difference (-want +got):\n%s", diff)
			}
		})
	}
}
