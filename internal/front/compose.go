// SPDX-License-Identifier: Apache-2.0

package front

import (
	"slices"
	"time"

	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/screen"
)

// compose makes the post's answer of those of its pools, which are in the order
// of the configuration; nil stands for a pool that gave none.
func compose(c Config, answers []*screen.Answer, now time.Time) screen.Answer {
	parts := make([]screen.Answer, len(c.Pools))
	for i, p := range c.Pools {
		if answers[i] == nil {
			parts[i] = unreachable(p)
			continue
		}
		parts[i] = restrict(*answers[i], p.Feeds)
		stop(&parts[i], c.Freshness, now)
		nameSilent(&parts[i], p.Feeds)
	}
	merged := screen.Merge(parts)
	if merged.Mode == "" {
		merged.Mode = screen.ModeOffline // no pool said under what it answers
	}
	if merged.Mode == screen.ModeOnline && slices.ContainsFunc(merged.Searched, func(s screen.Searched) bool {
		return older(s, c.Freshness.MarkSeconds, now)
	}) {
		merged.Mode = screen.ModeMarked
	}
	return merged
}

func unreachable(p Pool) screen.Answer {
	var a screen.Answer
	for _, feed := range p.Feeds {
		a.Unavailable = append(a.Unavailable, screen.Unavailable{Feed: feed, Reason: screen.ReasonUnreachable})
	}
	return a
}

// restrict leaves of an answer what concerns the feeds. The pool may hold more
// than the post is bound to.
func restrict(a screen.Answer, feeds []string) screen.Answer {
	return only(a, func(feed string) bool { return slices.Contains(feeds, feed) })
}

func only(a screen.Answer, allowed func(feed string) bool) screen.Answer {
	a.Candidates = keep(a.Candidates, func(c screen.Candidate) bool { return allowed(c.Feed) })
	a.Leads = keep(a.Leads, func(c screen.Candidate) bool { return allowed(c.Feed) })
	a.Searched = keep(a.Searched, func(s screen.Searched) bool { return allowed(s.Feed) })
	a.Unavailable = keep(a.Unavailable, func(u screen.Unavailable) bool { return allowed(u.Feed) })
	return a
}

func keep[T any](all []T, wanted func(T) bool) []T {
	return slices.Collect(func(yield func(T) bool) {
		for _, v := range all {
			if wanted(v) && !yield(v) {
				return
			}
		}
	})
}

// stop takes out the feeds that are past the post's own limit.
func stop(a *screen.Answer, f order.Freshness, now time.Time) {
	stale := map[string]bool{}
	for _, s := range a.Searched {
		if older(s, f.StopSeconds, now) {
			stale[s.Feed] = true
		}
	}
	if len(stale) == 0 {
		return
	}
	*a = only(*a, func(feed string) bool { return !stale[feed] })
	for feed := range stale {
		a.Unavailable = append(a.Unavailable, screen.Unavailable{Feed: feed, Reason: screen.ReasonStale})
	}
}

// older reports whether the order behind what was searched is past a limit. An
// order of unknown age is past every limit.
func older(s screen.Searched, limitSeconds int64, now time.Time) bool {
	return limitSeconds > 0 && now.Sub(s.OrderIssued) > time.Duration(limitSeconds)*time.Second
}

// nameSilent names the feeds the pool did not speak of: it has not been told of them yet.
func nameSilent(a *screen.Answer, feeds []string) {
	spoken := map[string]bool{}
	for _, s := range a.Searched {
		spoken[s.Feed] = true
	}
	for _, u := range a.Unavailable {
		spoken[u.Feed] = true
	}
	for _, feed := range feeds {
		if !spoken[feed] {
			a.Unavailable = append(a.Unavailable, screen.Unavailable{Feed: feed, Reason: screen.ReasonLoading})
		}
	}
}
