// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/bootstrap"
	"github.com/frontline-screening/frontline/controllers/hub/internal/hubtest"
)

// A region whose keys are damaged stops the feeds that it holds and no others.
func TestUnreadableOrderHoldsUpItsOwnFeeds(t *testing.T) {
	b, held, publisher := serving(t, "damaged")
	elsewhere, other := b.feed(t, "elsewhere", "AL")
	hubtest.Call(t, b.feeds, elsewhere.Namespace, elsewhere.Name)

	keys := hubtest.Get(t, env.Client, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: b.namespace, Name: bootstrap.RegionSecret("damaged")}})
	whole := keys.DeepCopy().Data
	keys.Data = map[string][]byte{"targets.key": []byte("damaged")}
	if err := env.Client.Update(t.Context(), keys); err != nil {
		t.Fatal(err)
	}
	b.start(t)
	publisher.Set(hubtest.List(2, 10))
	other.Set(hubtest.List(2, 5))
	b.clock.Step(2 * time.Hour)
	newest := func(feed *screeningv1.WatchlistFeed) screeningv1.ReleaseVersion {
		t.Helper()
		return hubtest.Get(t, env.Client, feed).Status.Release.Version
	}

	hubtest.Call(t, b.feeds, elsewhere.Namespace, elsewhere.Name)
	if got := newest(elsewhere); got != "v2" {
		t.Errorf("the feed that the region does not hold is at %s, want v2", got)
	}
	_, err := b.feeds.Reconcile(t.Context(), requestFor(held))
	if err == nil || !strings.Contains(err.Error(), "region damaged") || !strings.Contains(err.Error(), string(held.ID())) {
		t.Errorf("the feed that the region holds: %v, want an error that names region and feed", err)
	}
	if got := newest(held); got != "v1" {
		t.Errorf("the feed that the region holds is at %s while the region's order cannot be read, want v1", got)
	}

	hubtest.Get(t, env.Client, keys)
	keys.Data = whole
	if err := env.Client.Update(t.Context(), keys); err != nil {
		t.Fatal(err)
	}
	hubtest.Call(t, b.feeds, held.Namespace, held.Name)
	if got := newest(held); got != "v2" {
		t.Errorf("with the keys back the feed is at %s, want v2", got)
	}
}
