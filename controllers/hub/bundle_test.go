// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/types"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	bundles "github.com/frontline-screening/frontline/controllers/hub/bundle"
	"github.com/frontline-screening/frontline/controllers/hub/recordrequest"
	"github.com/frontline-screening/frontline/controllers/hub/report"
	"github.com/frontline-screening/frontline/internal/bundle"
	wire "github.com/frontline-screening/frontline/internal/report"
	"github.com/frontline-screening/frontline/internal/trust"
)

// files is the hub's exchange of files, as a forwarded port reaches it.
func (b *bench) files(t *testing.T) func(path string, body []byte) (int, []byte) {
	t.Helper()
	leading := make(chan struct{})
	close(leading)
	handler := (&bundles.Server{Ingestor: b.ingestor, Exporter: &bundles.Exporter{
		Client: env.Client, Reader: env.Client, Namespace: b.namespace, Registry: b.registry, Signers: b.trust,
		Reports: b.ingestor.Reports, Clock: b.clock, Leading: leading,
	}}).Handler()
	return func(path string, body []byte) (int, []byte) {
		t.Helper()
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, bytes.NewReader(body)))
		return recorder.Code, recorder.Body.Bytes()
	}
}

// opened reads a bundle to its end and verifies it as its region would.
func (b *bench) opened(t *testing.T, data []byte, at time.Time) (trust.Verified, trust.Bundle, bundle.Summary) {
	t.Helper()
	summary, err := bundle.Describe(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	r, err := bundle.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	verified, statement, err := b.verifier(t).VerifyBundle(r.Order, r.Statement, nil, at)
	if err != nil {
		t.Fatal(err)
	}
	return verified, statement, summary
}

// TestBundleExport: what is exported verifies in its region, is numbered
// upwards, and counts as a copy until it expires.
func TestBundleExport(t *testing.T) {
	b, feed, _ := serving(t, "island")
	post := b.files(t)
	code, first := post("/v1/bundles/island", nil)
	if code != http.StatusOK {
		t.Fatalf("export: %d %s", code, first)
	}
	verified, statement, summary := b.opened(t, first, b.clock.Now().Add(60*time.Hour))
	if want := b.published(t); verified.Sequence != want.Sequence || verified.IndexDigest != want.IndexDigest || statement.Region != "island" {
		t.Errorf("bundle %+v of order %d", statement, verified.Sequence)
	}
	if statement.Expires.Sub(statement.Created) != trust.BundleLifetime || len(summary.Feeds) != 1 || summary.Feeds[0].Absent != 0 || summary.Feeds[0].Release != 1 {
		t.Errorf("summary %+v", summary)
	}
	code, second := post("/v1/bundles/island?valid=48h", nil)
	if _, next, _ := b.opened(t, second, b.clock.Now()); code != http.StatusOK || next.Number <= statement.Number || next.Expires.Sub(next.Created) != 48*time.Hour {
		t.Errorf("second: %d, %+v after %d", code, next, statement.Number)
	}
	held, err := bundles.Valid(t.Context(), env.Client, b.namespace, "island", b.clock.Now())
	if err != nil || len(held) != 2 || held[0].Number != statement.Number || held[0].Release(string(feed.ID())) != 1 || held[1].Release("other.feed") != 0 {
		t.Errorf("recorded %+v: %v", held, err)
	}

	for path, want := range map[string]int{
		"/v1/bundles/nowhere":            http.StatusNotFound,
		"/v1/bundles/island?valid=721h":  http.StatusUnprocessableEntity,
		"/v1/bundles/island?valid=1s":    http.StatusUnprocessableEntity,
		"/v1/bundles/island?valid=weeks": http.StatusUnprocessableEntity,
	} {
		if code, body := post(path, nil); code != want || !strings.Contains(string(body), "message") {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}

	// By its own word the region holds release 1: nothing of it is sent again.
	if err := b.report(t, func(r *wire.Report) { r.Feeds[0].Retained = []int64{1} }); err != nil {
		t.Fatal(err)
	}
	code, short := post("/v1/bundles/island?since-report=true", nil)
	if _, _, summary := b.opened(t, short, b.clock.Now()); code != http.StatusOK || summary.Feeds[0].Bytes != 0 || summary.Feeds[0].Absent == 0 {
		t.Errorf("since its report: %d, %+v", code, summary.Feeds)
	}

	// An erasure counts the bundles from before it, by the end of the last.
	b.requests.Bundles = func(ctx context.Context, id screeningv1.FeedID) ([]recordrequest.Bundle, error) {
		held, err := bundles.Holding(ctx, env.Client, env.Client, b.namespace, id, b.clock.Now())
		var out []recordrequest.Bundle
		for _, one := range held {
			out = append(out, recordrequest.Bundle(one))
		}
		return out, err
	}
	request := b.ask(t, feed, "dpa-1", screeningv1.RecordErase, "T.0003")
	b.follow(t, feed, request)
	one := copyOf(request, screeningv1.PlaceBundle)
	if one.State != screeningv1.CopyOutstanding || one.Region != "island" || !one.Until.Time.Equal(statement.Expires) {
		t.Errorf("the bundles count as %+v, want Outstanding until %s", one, statement.Expires)
	}
	b.clock.Step(trust.BundleLifetime + time.Minute)
	if held, err := bundles.Holding(t.Context(), env.Client, env.Client, b.namespace, feed.ID(), b.clock.Now()); err != nil || len(held) != 0 {
		t.Errorf("expired bundles count: %+v, %v", held, err)
	}
}

// TestReportInAFile: a report that was carried counts once and is no sign of life.
func TestReportInAFile(t *testing.T) {
	b, feed, _ := serving(t, "islet")
	post := b.files(t)
	lease := func() *coordinationv1.Lease {
		t.Helper()
		lease := &coordinationv1.Lease{}
		if err := env.Client.Get(t.Context(), types.NamespacedName{Namespace: b.namespace, Name: report.LeaseName("islet")}, lease); err != nil {
			t.Fatal(err)
		}
		return lease
	}
	before := lease()
	o := b.published(t)
	b.clock.Step(time.Hour)
	sign := func(number int64, region string) []byte {
		t.Helper()
		data, err := wire.Sign(t.Context(), wire.Report{
			Format: wire.Format, Region: region, RegionUID: o.Region.UID, HubUID: b.hubUID,
			Incarnation: b.region.Status.Identity.Incarnation, Number: number,
			Feeds: []wire.Feed{{ID: string(feed.ID()), UID: o.Feeds[0].UID, State: "Serve", Retained: []int64{1}}},
		}, b.key, b.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	data := sign(900, "islet")
	if code, body := post("/v1/reports", data); code != http.StatusOK || !strings.Contains(string(body), "islet") {
		t.Fatalf("report: %d %s", code, body)
	}
	after := lease()
	if !after.Spec.RenewTime.Equal(before.Spec.RenewTime) || fmt.Sprint(after.Annotations) == fmt.Sprint(before.Annotations) {
		t.Errorf("the Lease was %v %v and is %v %v", before.Spec.RenewTime, before.Annotations, after.Spec.RenewTime, after.Annotations)
	}
	if last := b.ingestor.Reports.Last("islet"); last == nil || last.Number != 900 {
		t.Errorf("the hub remembers %+v", last)
	}
	for what, data := range map[string][]byte{"the same again": data, "an older one": sign(899, "islet"), "of no region": sign(901, "nowhere"), "no report": []byte("{}")} {
		if code, body := post("/v1/reports", data); code < 400 || code >= 500 {
			t.Errorf("%s: %d %s", what, code, body)
		}
	}
	recorder := httptest.NewRecorder()
	(&bundles.Server{Ingestor: b.ingestor}).Handler().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/reports", http.NoBody))
	if recorder.Code != http.StatusMethodNotAllowed {
		t.Errorf("a GET, as a feed's source sends it: %d %s", recorder.Code, recorder.Body)
	}
}
