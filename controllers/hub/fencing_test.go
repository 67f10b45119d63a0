// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"testing"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/hubtest"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	wire "github.com/frontline-screening/frontline/internal/report"
)

func TestHubRestoredFromBackupAdoptsSequence(t *testing.T) {
	b := newBench(t, "backup", "AL")
	hubtest.Create(t, env.Client, hubtest.Pool("backup", "general", "x.y"))
	b.settle(t)
	b.join(t)
	for n := range 3 {
		b.region.Spec.Freshness = &screeningv1.AgeLimits{Mark: "1h", Stop: screeningv1.Duration([]string{"2h", "3h", "4h"}[n])}
		if err := env.Client.Update(t.Context(), b.region); err != nil {
			t.Fatal(err)
		}
		b.settle(t)
	}
	b.obey(t)
	before := b.published(t)

	wipe := func() {
		hubtest.Get(t, env.Client, b.region)
		b.region.Status = screeningv1.RegionalClusterStatus{}
		if err := env.Client.Status().Update(t.Context(), b.region); err != nil {
			t.Fatal(err)
		}
		b.start(t)
	}
	wipe()
	b.settle(t)
	if after := b.published(t); after.Sequence != before.Sequence || after.IndexDigest != before.IndexDigest {
		t.Errorf("an unchanged hub went from order %d to %d", before.Sequence, after.Sequence)
	}
	if b.region.Status.Order.Sequence != before.Sequence || b.region.Status.Identity == nil {
		t.Errorf("status has order %+v, identity %+v", b.region.Status.Order, b.region.Status.Identity)
	}
	b.obey(t)

	// The registry is lost as well: only the region knows.
	wipe()
	b.registry = hubtest.Registry(t)
	b.start(t)
	hubtest.Call(t, b.regions, "", b.region.Name)
	hubtest.Get(t, env.Client, b.region)
	b.region.Spec.Freshness.Stop = "5h"
	if err := env.Client.Update(t.Context(), b.region); err != nil {
		t.Fatal(err)
	}
	hubtest.Call(t, b.orders, "", b.region.Name)
	if err := b.report(t, func(r *wire.Report) {
		r.Observed = &wire.Observed{Term: 1, Sequence: before.Sequence, Digest: before.IndexDigest, Issued: b.clock.Now()}
	}); err != nil {
		t.Fatal(err)
	}
	b.settle(t)
	if after := b.published(t); after.Sequence != before.Sequence+1 {
		t.Errorf("the next order is %d, want %d", after.Sequence, before.Sequence+1)
	}
}

func TestEquivocationIsNeverSigned(t *testing.T) {
	b := newBench(t, "twice", "AL")
	b.settle(t)
	b.join(t)
	b.settle(t)
	b.obey(t)
	before := b.published(t)
	// Another hub of the same key signed this sequence with another body.
	if err := b.report(t, func(r *wire.Report) {
		r.Observed.Digest = "sha256:" + "00000000000000000000000000000000000000000000000000000000000000aa"
	}); err != nil {
		t.Fatal(err)
	}
	hubtest.Call(t, b.regions, "", b.region.Name)
	hubtest.Get(t, env.Client, b.region)
	if c := conditions.Get(b.region, screeningv1.ConditionOrderObserved); c == nil || c.Reason != screeningv1.ReasonEquivocation {
		t.Errorf("OrderObserved is %+v, want Equivocation", c)
	}
	b.settle(t)
	if after := b.published(t); after.Sequence != before.Sequence+1 {
		t.Errorf("the order that settles it is %d, want %d", after.Sequence, before.Sequence+1)
	}
}
