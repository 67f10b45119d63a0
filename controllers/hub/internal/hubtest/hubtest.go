// SPDX-License-Identifier: Apache-2.0

// Package hubtest is the bench of the hub's tests: a registry and a publisher
// in the process, a clock that stands still, and all controllers of the hub
// on a real API server, called one by one.
package hubtest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	testingclock "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/testenv"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/registry"
)

// Publisher serves one file whose content a test sets.
type Publisher struct {
	URL string
	// Requests counts all, Sent those answered with content.
	Requests, Sent atomic.Int64

	content atomic.Pointer[string]
}

// NewPublisher serves content until the test ends.
func NewPublisher(t testing.TB, content string) *Publisher {
	t.Helper()
	p := &Publisher{}
	p.Set(content)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.Requests.Add(1)
		content := *p.content.Load()
		etag := fmt.Sprintf("%q", fmt.Sprint(len(content), strings.Count(content, "\n"), hash(content)))
		w.Header().Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		p.Sent.Add(1)
		_, _ = w.Write([]byte(content))
	}))
	t.Cleanup(server.Close)
	p.URL = server.URL + "/list.jsonl"
	return p
}

// Set replaces the file.
func (p *Publisher) Set(content string) { p.content.Store(&content) }

func hash(s string) uint32 {
	var h uint32 = 2166136261
	for _, c := range []byte(s) {
		h = (h ^ uint32(c)) * 16777619
	}
	return h
}

// List is a list of n synthetic people in the canonical form, from the number first on.
func List(first, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"id":"T.%04d","type":"Person","names":[{"full":"Synthetic Person %04d"}],"birthDates":["1970"]}`+"\n", first+i, first+i)
	}
	return b.String()
}

// Registry is an empty registry that lets everybody in.
func Registry(t testing.TB) *artifact.Registry {
	t.Helper()
	handler, err := registry.NewUnprotected(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	client, err := artifact.Connect(server.URL, server.Client())
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// Start is the time at which tests begin.
var Start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Clock stands at Start until a test steps it.
func Clock() *testingclock.FakeClock { return testingclock.NewFakeClock(Start) }

// Region creates a RegionalCluster and its namespace, both of which end with
// the test.
func Region(t testing.TB, env *testenv.Environment, name, jurisdiction string) *screeningv1.RegionalCluster {
	t.Helper()
	region := &screeningv1.RegionalCluster{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       screeningv1.RegionalClusterSpec{Jurisdiction: screeningv1.CountryCode(jurisdiction)},
	}
	Create(t, env.Client, region)
	Create(t, env.Client, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: screeningv1.RegionNamespace(name), Labels: map[string]string{screeningv1.LabelRegion: name},
	}})
	return region
}

// Feed returns a feed that may be created as it is.
func Feed(namespace, name, url string, allow ...screeningv1.CountryCode) *screeningv1.WatchlistFeed {
	return &screeningv1.WatchlistFeed{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: screeningv1.WatchlistFeedSpec{
			Source:       screeningv1.FeedSource{HTTP: &screeningv1.HTTPSource{URL: url, Addresses: []screeningv1.AddressRange{screeningv1.AddressLoopback}}},
			Format:       screeningv1.FormatFrontlineJSONL,
			Interval:     "1h",
			Verification: screeningv1.FeedVerification{Mode: screeningv1.VerificationUnsigned, Reason: "synthetic"},
			Grade:        screeningv1.GradeAuthoritative,
			Nature:       screeningv1.NatureWanted,
			LegalBasis: screeningv1.LegalBasis{
				Controller: "Test authority", Reference: "Test act", ValidUntil: metav1.NewTime(Start.AddDate(1, 0, 0)),
			},
			Purposes: []screeningv1.Purpose{screeningv1.PurposeBorderControl},
			Sharing:  screeningv1.FeedSharing{Allow: allow, MaxCopyAge: screeningv1.AgeLimits{Mark: "24h", Stop: "48h"}},
		},
	}
}

// Pool returns a pool of the region that names the feeds.
func Pool(region, name string, feeds ...screeningv1.FeedID) *screeningv1.MatcherPool {
	pool := &screeningv1.MatcherPool{
		ObjectMeta: metav1.ObjectMeta{Namespace: screeningv1.RegionNamespace(region), Name: name},
		Spec:       screeningv1.MatcherPoolSpec{Modalities: []screeningv1.Modality{screeningv1.ModalityBiographic}},
	}
	for _, id := range feeds {
		pool.Spec.Feeds = append(pool.Spec.Feeds, screeningv1.PoolFeed{ID: id})
	}
	return pool
}

// Create creates the object and deletes it, finalizers or not, after the test.
func Create(t testing.TB, c client.Client, o client.Object) {
	t.Helper()
	if err := c.Create(t.Context(), o); err != nil {
		t.Fatalf("create %T %s: %v", o, o.GetName(), err)
	}
	t.Cleanup(func() {
		ctx := context.Background()
		fresh, ok := o.DeepCopyObject().(client.Object)
		if !ok || c.Get(ctx, client.ObjectKeyFromObject(o), fresh) != nil {
			return
		}
		if len(fresh.GetFinalizers()) > 0 {
			fresh.SetFinalizers(nil)
			_ = c.Update(ctx, fresh)
		}
		_ = c.Delete(ctx, fresh)
	})
}

// Get reads the object again.
func Get[T client.Object](t testing.TB, c client.Client, o T) T {
	t.Helper()
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
		t.Fatalf("read %T %s: %v", o, o.GetName(), err)
	}
	return o
}

// Reconciler is what Call calls.
type Reconciler interface {
	Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error)
}

// Call calls a reconciler for a key until it asks for no immediate repeat.
func Call(t testing.TB, r Reconciler, namespace, name string) ctrl.Result {
	t.Helper()
	for range 5 {
		result, err := r.Reconcile(t.Context(), ctrl.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}})
		if err != nil {
			t.Fatalf("reconcile %s/%s: %v", namespace, name, err)
		}
		if result.RequeueAfter == 0 || result.RequeueAfter > time.Second {
			return result
		}
	}
	t.Fatalf("reconcile %s/%s: asks for repeats without end", namespace, name)
	return ctrl.Result{}
}
