// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/hubtest"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	wire "github.com/frontline-screening/frontline/internal/report"
)

func TestRefusedReports(t *testing.T) {
	b := newBench(t, "reports", "AL")
	b.settle(t)
	b.join(t)
	b.settle(t)
	b.obey(t)
	tests := []struct {
		name string
		edit func(*wire.Report)
		want int
	}{
		{"replayed", func(r *wire.Report) { r.Number = 1 }, http.StatusConflict},
		{"of another region", func(r *wire.Report) { r.Region = "elsewhere" }, http.StatusForbidden},
		{"of a region of the same name", func(r *wire.Report) { r.RegionUID = "0" }, http.StatusForbidden},
		{"for another hub", func(r *wire.Report) { r.HubUID = "0" }, http.StatusForbidden},
		{"of an old incarnation", func(r *wire.Report) { r.Incarnation = 0 }, http.StatusConflict},
		{"of an incarnation nobody gave", func(r *wire.Report) { r.Incarnation = 9 }, http.StatusConflict},
		{"in another format", func(r *wire.Report) { r.Format = "frontline.report/v9" }, http.StatusForbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := status(b.report(t, tt.edit)); got != tt.want {
				t.Errorf("answer is %d, want %d", got, tt.want)
			}
		})
	}
	t.Run("of another key", func(t *testing.T) {
		good := b.key
		b.key = newKey(t)
		if got := status(b.report(t, nil)); got != http.StatusForbidden {
			t.Errorf("answer is %d, want 403", got)
		}
		b.key = good
	})
	b.obey(t)
	for _, tt := range []struct {
		name                string
		edit                func(*wire.Report)
		incarnation, number int64
	}{
		{"an older number", func(r *wire.Report) { r.Number = 1 }, 1, b.number},
		{"an older incarnation", func(r *wire.Report) { r.Incarnation = 0 }, 1, 0},
	} {
		taken, ok := errors.AsType[*wire.TakenError](b.report(t, tt.edit))
		if !ok || taken.Incarnation != tt.incarnation || taken.Number != tt.number {
			t.Errorf("%s: the region is told %+v, want incarnation %d and number %d", tt.name, taken, tt.incarnation, tt.number)
		}
	}
}

// TestRestoredRegionIsShown: what a region says of its memory stands in a condition
// until somebody acknowledges it or the region joins anew.
func TestRestoredRegionIsShown(t *testing.T) {
	b := newBench(t, "forgetful", "AL")
	b.settle(t)
	b.join(t)
	b.settle(t)
	restored := func() *metav1.Condition {
		b.settle(t)
		return conditions.Get(b.region, screeningv1.ConditionRegionRestored)
	}
	say := func(resumed *wire.Resumed) {
		t.Helper()
		if err := b.report(t, func(r *wire.Report) { r.Resumed = resumed }); err != nil {
			t.Fatal(err)
		}
	}
	say(nil)
	if c := restored(); c != nil {
		t.Errorf("of a region that lost nothing is said %+v", c)
	}
	for _, tt := range []struct {
		said wire.Resumed
		want string
	}{
		{wire.Resumed{Cause: wire.ReportsBehind, From: 40, To: 1041}, screeningv1.ReasonReportsBehind},
		{wire.Resumed{Cause: wire.VolumeRestored, From: 1041, To: 1042, Order: 7}, screeningv1.ReasonVolumeRestored},
		{wire.Resumed{Cause: wire.VolumeLost, From: 1042, To: 1043, Order: 7}, screeningv1.ReasonVolumeLost},
	} {
		say(&tt.said)
		c := restored()
		how := fmt.Sprintf("%s=%d", screeningv1.AnnotationAcknowledgeRestored, tt.said.To)
		if c == nil || c.Status != metav1.ConditionTrue || c.Reason != tt.want || !strings.Contains(c.Message, how) {
			t.Errorf("of %+v is said %+v", tt.said, c)
		}
		if ready := conditions.Get(b.region, screeningv1.ConditionReady); ready.Reason == tt.want {
			t.Errorf("the region serves, and Ready is %+v", ready)
		}
	}
	version := b.region.ResourceVersion
	say(&wire.Resumed{Cause: wire.VolumeLost, From: 1042, To: 1043, Order: 7})
	restored()
	if b.region.ResourceVersion != version {
		t.Error("saying it again was a write")
	}
	b.start(t) // a hub that starts knows no report
	if c := restored(); c == nil {
		t.Error("a hub that starts forgets it")
	}
	acknowledge := func(value string) {
		b.region.Annotations = map[string]string{screeningv1.AnnotationAcknowledgeRestored: value}
		if err := env.Client.Update(t.Context(), b.region); err != nil {
			t.Fatal(err)
		}
		say(&wire.Resumed{Cause: wire.VolumeLost, From: 1042, To: 1043, Order: 7})
	}
	acknowledge("1042")
	if c := restored(); c == nil {
		t.Error("acknowledging an earlier one ended it")
	}
	acknowledge("1043")
	if c := restored(); c != nil {
		t.Errorf("once acknowledged it still says %+v", c)
	}
}

func TestJoin(t *testing.T) {
	b := newBench(t, "joining", "AL")
	b.settle(t)
	now := b.clock.Now()
	key := newKey(t)
	call := func(region, token string, key []byte) int {
		_, err := b.joiner.Join(t.Context(), b.request(t, region, token, key))
		return status(err)
	}
	if got := call("joining", "no-invitation", key); got != http.StatusForbidden {
		t.Errorf("without an invitation: %d", got)
	}
	expired := b.invite(t, now.Add(-time.Second))
	if got := call("joining", expired, key); got != http.StatusForbidden {
		t.Errorf("expired: %d", got)
	}
	token := b.invite(t, now.Add(time.Hour))
	for name, got := range map[string]int{
		"wrong token":    call("joining", "guess", key),
		"replaced token": call("joining", expired, key),
		"wrong region":   call("other", token, key),
	} {
		if got != http.StatusForbidden {
			t.Errorf("%s: %d, want 403", name, got)
		}
	}
	if got := call("joining", token, key); got != http.StatusOK {
		t.Fatalf("right token: %d", got)
	}
	if got := call("joining", token, newKey(t)); got != http.StatusForbidden {
		t.Errorf("used token with another key: %d, want 403", got)
	}
	if got := call("joining", token, key); got != http.StatusOK {
		t.Errorf("repeated after a lost answer: %d, want 200", got)
	}
	hubtest.Get(t, env.Client, b.region)
	if b.region.Status.Identity == nil || b.region.Status.Identity.Incarnation != 1 {
		t.Errorf("identity is %+v, want incarnation 1", b.region.Status.Identity)
	}
	again := b.invite(t, now.Add(time.Hour))
	if got := call("joining", again, newKey(t)); got != http.StatusOK {
		t.Fatalf("joining again: %d", got)
	}
	hubtest.Get(t, env.Client, b.region)
	if b.region.Status.Identity.Incarnation != 2 {
		t.Errorf("incarnation is %d, want 2", b.region.Status.Identity.Incarnation)
	}
}

func TestRegionMadeAgainKeepsItsIdentity(t *testing.T) {
	b := newBench(t, "again", "AL")
	b.settle(t)
	b.join(t)
	b.settle(t)
	b.obey(t)
	before := b.published(t)
	if err := env.Client.Delete(t.Context(), b.region); err != nil {
		t.Fatal(err)
	}
	hubtest.Call(t, b.orders, "", "again")
	b.region = &screeningv1.RegionalCluster{ObjectMeta: metav1.ObjectMeta{Name: "again"}, Spec: screeningv1.RegionalClusterSpec{Jurisdiction: "AL"}}
	hubtest.Create(t, env.Client, b.region)
	hubtest.Call(t, b.regions, "", "again")
	b.settle(t)
	after := b.published(t)
	if after.Region.UID != before.Region.UID || after.Sequence != before.Sequence || b.region.Status.Identity == nil {
		t.Errorf("region %s in order %d became %s in %d; identity %+v", before.Region.UID, before.Sequence, after.Region.UID, after.Sequence, b.region.Status.Identity)
	}
	b.obey(t)
}
