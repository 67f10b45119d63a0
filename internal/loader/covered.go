// SPDX-License-Identifier: Apache-2.0

package loader

import (
	"fmt"
	"slices"

	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/trust"
)

// covered returns the order that names what the set says of a feed. The newest
// order says whether and by which rules the feed is searched; its content may
// be of an older one, while the region pulls.
func covered(orders []proven, f dataset.Feed, target dataset.Target, before taken) (by proven, err error) {
	newest := orders[0]
	ordered, listed := newest.feeds[f.ID]
	of := fmt.Sprintf("feed %s v%d", f.ID, f.Release)
	switch {
	case !listed || ordered.State != order.Serve:
		return by, unproven(NotOrdered, "%s: order %d does not let it be searched", of, newest.Sequence)
	case !slices.Contains(ordered.Jurisdictions, newest.region.Jurisdiction):
		return by, unproven(NotOrdered, "%s: order %d does not share it with %s", of, newest.Sequence, newest.region.Jurisdiction)
	case f.Release < ordered.Floor:
		return by, unproven(trust.BelowFloor, "%s: order %d has the floor v%d", of, newest.Sequence, ordered.Floor)
	}
	if what := changed(ordered, newest.region.Freshness, f); what != "" {
		return by, unproven(TermsChanged, "%s: its %s is not as order %d says", of, what, newest.Sequence)
	}
	if err := checkBlocks(ordered, f, target, before); err != nil {
		return by, unproven(BlocksChanged, "%s: %w", of, err)
	}
	for _, o := range orders {
		one := o.feeds[f.ID]
		if one.UID == ordered.UID && one.Release == f.Release && one.Content == f.Content &&
			one.Size == f.Size && one.Records == f.Records && one.ListDate == f.ListDate {
			return o, nil
		}
	}
	return by, unproven(NotOrdered, "%s: no order that was proven names this content", of)
}

// changed names the rule of a feed in which a set differs from the order. The
// region's own terms may leave fewer purposes; nothing else may differ.
func changed(ordered order.Feed, region order.Freshness, f dataset.Feed) string {
	limits := ordered.Freshness.Tighten(region)
	strange := func(purpose string) bool { return !slices.Contains(ordered.Purposes, purpose) }
	switch {
	case f.Floor != ordered.Floor:
		return "floor"
	case f.ValidUntil != ordered.LegalBasis.ValidUntil:
		return "legal basis"
	case f.MarkSeconds != limits.MarkSeconds || f.StopSeconds != limits.StopSeconds:
		return "limit of age"
	case len(ordered.Purposes) > 0 && (len(f.Purposes) == 0 || slices.ContainsFunc(f.Purposes, strange)):
		return "list of purposes"
	case f.Grade != ordered.Grade || f.Nature != ordered.Nature:
		return "grade or nature"
	}
	return ""
}
