// SPDX-License-Identifier: Apache-2.0

package region

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/screen"
)

// Verdict is what a region does with one feed, and why.
type Verdict struct {
	// Hold says that a copy may be pulled and kept.
	Hold bool
	// Search says that a copy, once held, may be searched.
	Search bool
	// Erase says that every copy must go.
	Erase bool
	// Cause names the rule that decided, for conditions; empty when the feed
	// may be searched.
	Cause Cause
	// Reason is the cause in the words of answers.
	Reason screen.Reason
	// Message is a sentence that names the feed and the next step.
	Message string
}

// Cause names the rule that keeps a feed from being searched.
type Cause string

// The causes, in the order in which they are looked for.
const (
	// CauseNoOrder: the region has verified no order as yet.
	CauseNoOrder Cause = "NoOrder"
	// CauseFeedNotFound: the hub has no feed with the id.
	CauseFeedNotFound Cause = "FeedNotFound"
	// CauseNotAllowedHere: the feed's owner does not share it with the jurisdiction.
	CauseNotAllowedHere Cause = "NotAllowedHere"
	// CauseNoTerms: the region has no terms, so it accepts nothing.
	CauseNoTerms Cause = "NoTerms"
	// CauseRefusedByTerms: the terms do not cover the feed or any of its purposes.
	CauseRefusedByTerms Cause = "RefusedByTerms"
	// CauseErased: the order says that the feed be erased.
	CauseErased Cause = "Erased"
	// CauseLocked: the order says that the feed be kept and not searched.
	CauseLocked Cause = "Locked"
	// CauseNoRelease: the feed has no release.
	CauseNoRelease Cause = "NoRelease"
	// CauseLegalBasis: the legal basis has ended.
	CauseLegalBasis Cause = "LegalBasis"
	// CauseStale: the newest order is older than the feed's stop limit.
	CauseStale Cause = "Stale"
	// CauseNotHeld: no release that may be searched is held here.
	CauseNotHeld Cause = "NotHeld"
)

// Judge decides about the feed with the id under an order and the region's
// terms, the clock aside. It is the region's own check of what the hub signed:
// a feed is refused outside its jurisdictions even if the order lists it.
func Judge(o *order.Order, terms *Terms, id string) Verdict {
	if o == nil {
		return Verdict{Cause: CauseNoOrder, Reason: screen.ReasonNotProvisioned,
			Message: fmt.Sprintf("feed %s is not known yet: the region has no verified order; see whether it has joined", id)}
	}
	here := o.Region.Jurisdiction
	f := o.Feed(id)
	if f == nil {
		return Verdict{Cause: CauseFeedNotFound, Reason: screen.ReasonNotProvisioned,
			Message: fmt.Sprintf("no feed on the hub has the id %s; correct the id in the pool, or create the feed", id)}
	}
	allowed := slices.Contains(f.Jurisdictions, here)
	switch {
	case !allowed:
		return Verdict{Erase: f.State == order.Erase, Cause: CauseNotAllowedHere, Reason: screen.ReasonRegion,
			Message: fmt.Sprintf("%s may be held in %s only, this region is in %s; ask its owner to share it, or take it off the pool", id, places(f.Jurisdictions), here)}
	case f.State == order.Erase:
		return Verdict{Erase: true, Cause: CauseErased, Reason: screen.ReasonNotProvisioned,
			Message: id + " is erased by order; take it off the pool"}
	case terms == nil:
		return Verdict{Cause: CauseNoTerms, Reason: screen.ReasonNotProvisioned,
			Message: id + " is not accepted: the region has no RegionTerms; write one named terms that lists it"}
	case !terms.AcceptsFeed(id):
		return Verdict{Cause: CauseRefusedByTerms, Reason: screen.ReasonNotProvisioned,
			Message: id + " is not covered by the region's terms; add it to spec.feeds of RegionTerms terms, or take it off the pool"}
	case len(terms.purposes(f.Purposes)) == 0:
		return Verdict{Cause: CauseRefusedByTerms, Reason: screen.ReasonPurpose,
			Message: fmt.Sprintf("%s is for %s, and the region's terms accept none of that; add a purpose to RegionTerms terms, or take the feed off the pool", id, strings.Join(f.Purposes, ", "))}
	case f.State == order.Lock:
		return Verdict{Hold: true, Cause: CauseLocked, Reason: screen.ReasonLocked,
			Message: id + " is locked by order; it is kept and not searched until the order says Serve"}
	case f.State != order.Serve:
		return Verdict{Cause: CauseLocked, Reason: screen.ReasonLocked,
			Message: fmt.Sprintf("the order gives %s the unknown state %s; upgrade the region", id, f.State)}
	case f.Release < 1:
		return Verdict{Hold: true, Cause: CauseNoRelease, Reason: screen.ReasonNotProvisioned,
			Message: id + " has no release yet; see the feed on the hub"}
	}
	return Verdict{Hold: true, Search: true}
}

// JudgeAt is Judge with the clock and the copies that are held: it says what
// an answer given now would say of the feed.
func JudgeAt(v *Verified, terms *Terms, copies Copies, id string, now time.Time) Verdict {
	if v == nil {
		return Judge(nil, terms, id)
	}
	verdict := Judge(v.Order, terms, id)
	if !verdict.Search {
		return verdict
	}
	f := v.Feed(id)
	if until, err := time.Parse(time.RFC3339, f.LegalBasis.ValidUntil); f.LegalBasis.ValidUntil != "" && (err != nil || !now.Before(until)) {
		return Verdict{Hold: true, Cause: CauseLegalBasis, Reason: screen.ReasonLegalBasis,
			Message: fmt.Sprintf("the legal basis of %s ended on %s; its owner must renew it on the hub", id, f.LegalBasis.ValidUntil)}
	}
	limits := f.Freshness.Tighten(v.Region.Freshness)
	if limits.StopSeconds > 0 && now.Sub(v.Clocks.Issued) > time.Duration(limits.StopSeconds)*time.Second {
		return Verdict{Hold: true, Cause: CauseStale, Reason: screen.ReasonStale,
			Message: fmt.Sprintf("%s stopped: the last order was signed at %s, longer ago than %s; restore the link to the hub", id,
				v.Clocks.Issued.UTC().Format(time.RFC3339), time.Duration(limits.StopSeconds)*time.Second)}
	}
	if !copies.usable(f) {
		return Verdict{Hold: true, Cause: CauseNotHeld, Reason: screen.ReasonLoading,
			Message: fmt.Sprintf("%s v%d is not held yet; it is being pulled from the hub", id, f.Release)}
	}
	return verdict
}

func places(jurisdictions []string) string {
	if len(jurisdictions) == 0 {
		return "no jurisdiction"
	}
	return strings.Join(jurisdictions, ", ")
}
