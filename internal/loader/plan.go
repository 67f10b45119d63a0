// SPDX-License-Identifier: Apache-2.0

package loader

import (
	"cmp"
	"slices"

	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/screen"
)

// reachable returns the set nearest to the wanted one that the blobs on disk
// allow. A feed whose blob is missing keeps the content it has in the current
// set, under the wanted rules, unless that content is below the floor; without
// such content it is unavailable, because it is loading.
func reachable(wanted, current dataset.Set, has func(digest string) bool) dataset.Set {
	held := map[string]dataset.Feed{}
	for _, f := range current.Feeds {
		if f.State == dataset.Serve && has(f.Content) {
			held[f.ID] = f
		}
	}
	set := wanted
	set.Feeds = make([]dataset.Feed, 0, len(wanted.Feeds))
	for _, f := range wanted.Feeds {
		if f.State == dataset.Serve && !has(f.Content) {
			f = fallback(f, held[f.ID])
		}
		set.Feeds = append(set.Feeds, f)
	}
	return set
}

func fallback(wanted, held dataset.Feed) dataset.Feed {
	f := wanted
	if held.ID == "" || held.Release < wanted.Floor {
		f.State, f.Reason = dataset.Unavailable, string(screen.ReasonLoading)
		f.Release, f.Content, f.Size, f.Records, f.ListDate, f.Blocks = 0, "", 0, 0, "", ""
		return f
	}
	f.Release, f.Content, f.Size, f.Records, f.ListDate = held.Release, held.Content, held.Size, held.Records, held.ListDate
	return f
}

// job is one blob to fetch.
type job struct {
	feed   dataset.Feed
	source dataset.Source
	found  bool // whether the target says where the blob is
}

// missing lists the blobs that the target needs and the directory has not,
// small ones first, so that one huge list does not hold up the others.
func missing(target dataset.Target, has func(digest string) bool) []job {
	var jobs []job
	seen := map[string]bool{}
	for _, f := range target.Set.Feeds {
		if f.State != dataset.Serve || has(f.Content) || seen[f.Content] {
			continue
		}
		seen[f.Content] = true
		j := job{feed: f}
		for _, s := range target.Sources {
			if s.Feed == f.ID {
				j.source, j.found = s, true
			}
		}
		jobs = append(jobs, j)
	}
	slices.SortStableFunc(jobs, func(a, b job) int { return cmp.Compare(a.feed.Size, b.feed.Size) })
	return jobs
}
