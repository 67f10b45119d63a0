// SPDX-License-Identifier: Apache-2.0

package region

import (
	"slices"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/order"
)

// Target says what the pods of a pool shall search: the feeds by id as far as
// order, terms and copies let them. It is a pure function; its set changes
// only when what is searched changes, its clocks with each timestamp.
func Target(v *Verified, terms *Terms, copies Copies, region, pool string, feeds []string, connected bool) dataset.Target {
	target := dataset.Target{
		Set:    dataset.Set{Format: dataset.SetFormat, Region: region, Pool: pool, Feeds: []dataset.Feed{}},
		Clocks: dataset.Clocks{Format: dataset.ClocksFormat, Connected: connected},
	}
	var ordered *order.Order
	if v != nil {
		ordered = v.Order
		target.Clocks.OrderIssued = v.Clocks.Issued
		target.Clocks.SourceChecked = v.Clocks.SourceChecked
	}
	feeds = slices.Compact(slices.Sorted(slices.Values(feeds)))
	for _, id := range feeds {
		verdict := Judge(ordered, terms, id)
		if !verdict.Search {
			target.Set.Feeds = append(target.Set.Feeds, dataset.Feed{ID: id, State: dataset.Unavailable, Reason: string(verdict.Reason)})
			continue
		}
		f := ordered.Feed(id)
		if !copies.usable(f) {
			target.Set.Feeds = append(target.Set.Feeds, dataset.Feed{ID: id, State: dataset.Unavailable, Reason: "Loading"})
			continue
		}
		held := copies[id]
		limits := f.Freshness.Tighten(ordered.Region.Freshness)
		target.Set.Feeds = append(target.Set.Feeds, dataset.Feed{
			ID: id, State: dataset.Serve,
			Release: held.Release, Floor: f.Floor, Content: held.Content, Size: held.Size, Records: held.Records, ListDate: held.ListDate,
			Grade: f.Grade, Nature: f.Nature, Purposes: terms.purposes(f.Purposes),
			ValidUntil: f.LegalBasis.ValidUntil, MarkSeconds: limits.MarkSeconds, StopSeconds: limits.StopSeconds,
		})
		target.Sources = append(target.Sources, dataset.Source{
			Feed: id, Repository: artifact.FeedRepository(region, id), Artifact: held.Artifact,
		})
	}
	return target
}
