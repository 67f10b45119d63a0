// SPDX-License-Identifier: Apache-2.0

package regionalcluster

import (
	"context"
	"strings"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/report"
)

// What a status has room for. A report may carry more; the rest is in the region.
const (
	mostFeeds    = 128
	mostPurposes = 16
	mostRefusals = 64
)

// showTerms repeats what the region accepts and what it refuses. Without a
// report since the hub started, what was known before stands.
func (r *Reconciler) showTerms(_ context.Context, s *scope) error {
	status := &s.region.Status
	if status.Identity == nil {
		status.Terms, status.Refusals = nil, nil
		conditions.Delete(s.region, screeningv1.ConditionTermsAccepted)
		return nil
	}
	if s.received == nil {
		return nil
	}
	status.Terms, status.Refusals = nil, refusals(s.received.Refusals)
	terms := s.received.Terms
	if terms == nil {
		conditions.False(s.region, screeningv1.ConditionTermsAccepted, screeningv1.ReasonNoTerms,
			"The region has no terms and accepts nothing; write RegionTerms %s in its namespace %s", screeningv1.RegionTermsName, screeningv1.RegionNamespace(s.region.Name))
		return nil
	}
	seen := screeningv1.RegionTermsSeen{Feeds: some(terms.Feeds, mostFeeds), Purposes: some(terms.Purposes, mostPurposes)}
	if len(seen.Feeds)+len(seen.Purposes) > 0 {
		status.Terms = &seen
	}
	if refused := refusedFeeds(s.received.Refusals); len(refused) > 0 {
		conditions.False(s.region, screeningv1.ConditionTermsAccepted, screeningv1.ReasonRefusedByTerms,
			"The region's terms refuse %s; who runs the region changes RegionTerms %s there, or the feed is taken off its pools", conditions.Line(refused), screeningv1.RegionTermsName)
		return nil
	}
	conditions.True(s.region, screeningv1.ConditionTermsAccepted, screeningv1.ReasonTermsAccepted, "The region's terms accept every feed of its order")
	return nil
}

func refusals(said []report.Refusal) []screeningv1.RegionRefusal {
	var out []screeningv1.RegionRefusal
	for _, refusal := range said[:min(len(said), mostRefusals)] {
		if refusal.Subject != "" {
			out = append(out, screeningv1.RegionRefusal{Subject: refusal.Subject, Reason: refusal.Reason, Message: refusal.Message})
		}
	}
	return out
}

// refusedFeeds names the feeds that the terms do not cover.
func refusedFeeds(said []report.Refusal) []string {
	var ids []string
	for _, refusal := range said {
		if id, ok := strings.CutPrefix(refusal.Subject, order.KindFeed+" "); ok && refusal.Reason == screeningv1.ReasonRefusedByTerms {
			ids = append(ids, id)
		}
	}
	return ids
}

// some returns the entries that say something, up to a number.
func some(list []string, most int) []string {
	var out []string
	for _, entry := range list {
		if entry != "" && len(out) < most {
			out = append(out, entry)
		}
	}
	return out
}
