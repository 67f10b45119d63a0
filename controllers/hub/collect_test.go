// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"slices"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	testingclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/report"
)

// Regions are gone for the collector once a hub that runs has missed them for a day.
func TestGoneRegions(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := screeningv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	if err := coordinationv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	region := func(name string) *screeningv1.RegionalCluster {
		return &screeningv1.RegionalCluster{ObjectMeta: metav1.ObjectMeta{Name: name}}
	}
	lease := func(name string) *coordinationv1.Lease {
		return &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
			Namespace: "system", Name: report.LeaseName(name), Labels: map[string]string{screeningv1.LabelRegion: name},
		}}
	}
	clock := testingclock.NewFakeClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	c := &collector{
		client: fake.NewClientBuilder().WithScheme(scheme).WithObjects(
			region("stays"), lease("stays"), region("returns"), lease("returns"), region("goes"), lease("goes"),
			region("silent"), // it never reported
			&coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: "system", Name: "frontline-hub"}},
		).Build(),
		namespace: "system", clock: clock,
	}
	want := func(when string, names ...string) {
		t.Helper()
		got, err := c.gone(t.Context())
		if err != nil || !slices.Equal(got, names) {
			t.Errorf("%s: %v, %v; want %v", when, got, err, names)
		}
	}
	remove := func(name string) {
		t.Helper()
		if err := c.client.Delete(t.Context(), region(name)); err != nil {
			t.Fatal(err)
		}
	}
	want("with all of them")
	remove("returns")
	remove("goes")
	remove("silent")
	clock.Step(48 * time.Hour) // nobody looked meanwhile
	want("when they are missed first")
	clock.Step(23 * time.Hour)
	want("before a day has passed")
	if err := c.client.Create(t.Context(), region("returns")); err != nil {
		t.Fatal(err)
	}
	clock.Step(2 * time.Hour)
	want("after a day", "goes")
	remove("returns")
	clock.Step(2 * time.Hour)
	want("when one is missed again", "goes")
	stays := &coordinationv1.Lease{}
	if err := c.client.Get(t.Context(), client.ObjectKeyFromObject(lease("stays")), stays); err != nil || len(stays.Annotations) > 0 {
		t.Errorf("the Lease of a region that stays was written: %v, %v", stays.Annotations, err)
	}
}
