// SPDX-License-Identifier: Apache-2.0

package region_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/loader"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
)

// loaderClient is a client with a loader's certificate of the authority.
func loaderClient(t *testing.T, ca *pki.CA, id string) *http.Client {
	t.Helper()
	cert, key, err := ca.Issue(pki.LeafRequest{CommonName: "test", SPIFFE: id, Client: true}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	source, err := pki.FromPEM(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: pki.ClientConfig(source, ca.Pool(), pki.AgentID("north"))}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestLoaderAPI(t *testing.T) {
	hub := regiontest.NewHub(t, regiontest.NewClock(), "north", "AL")
	r := regiontest.NewRegion(t, hub, t.TempDir())
	r.SetTerms(&region.Terms{Feeds: []string{"*"}, Purposes: []string{"BorderControl"}})
	ca, err := r.Store().CA("north", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	cert, key, err := ca.Issue(pki.LeafRequest{CommonName: "agent", SPIFFE: pki.AgentID("north"), Server: true}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	source, err := pki.FromPEM(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(region.LoaderAPI(r))
	listener := tls.NewListener(server.Listener, pki.ServerConfig(source, ca.Pool(), true))
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	url := strings.Replace(server.URL, "http://", "https://", 1)

	agent, err := loader.NewAgent(url, "general", loaderClient(t, ca, pki.LoaderID("north", "general")))
	if err != nil {
		t.Fatal(err)
	}
	hub.Publish(t, order.Input{
		Feeds: []order.Feed{{ID: "rs.national", UID: "u", State: order.Erase, Jurisdictions: []string{"RS"}}},
		Pools: []order.Workload{pool("general", "rs.national")},
	})
	f := newFollower(t, r, hub)
	mustPull(t, f)
	target, tag, changed, err := agent.Target(t.Context(), "")
	if err != nil || !changed || target.Set.Feeds[0].Reason != "Region" {
		t.Fatalf("target %+v, changed %v, %v; want one feed that may not be held here", target, changed, err)
	}

	// A held request is answered as soon as something changes.
	answered := make(chan dataset.Target)
	go func() {
		next, _, _, _ := agent.Target(t.Context(), tag)
		answered <- next
	}()
	hub.Publish(t, order.Input{Pools: []order.Workload{pool("general", "rs.national", "me.national")}})
	mustPull(t, f)
	if next := <-answered; len(next.Set.Feeds) != 2 {
		t.Errorf("the held request brought %+v, want two feeds", next.Set)
	}

	if err := agent.Ack(t.Context(), dataset.PodAck{Pod: "p", Ack: dataset.Ack{Feeds: map[string]int64{"me.national": 3}}}); err != nil {
		t.Fatal(err)
	}
	if got := r.Served("me.national"); got.Pods != 1 || got.Release != 3 {
		t.Errorf("served is %+v, want one pod with release 3", got)
	}

	for name, id := range map[string]string{
		"loader of another pool":   pki.LoaderID("north", "other"),
		"loader of another region": pki.LoaderID("south", "general"),
		"front":                    pki.FrontID("north", "general"),
	} {
		stranger, err := loader.NewAgent(url, "general", loaderClient(t, ca, id))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := stranger.Target(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("%s: %v, want 403", name, err)
		}
		if err := stranger.Ack(t.Context(), dataset.PodAck{Pod: "p"}); err == nil {
			t.Errorf("%s may acknowledge", name)
		}
	}
	foreign, err := pki.NewCA("other", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	outsider := loaderClient(t, foreign, pki.LoaderID("north", "general"))
	outsider.Transport.(*http.Transport).TLSClientConfig.VerifyConnection = nil
	if _, err := outsider.Get(url + "/v1/targets/general"); err == nil {
		t.Error("a certificate of another authority is accepted")
	}
}

func TestReportNumbersNeverRepeat(t *testing.T) {
	dir := t.TempDir()
	seen := map[int64]bool{}
	for range 3 {
		store, err := region.OpenStore(dir)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			n, err := store.NextReport(1)
			if err != nil || seen[n] {
				t.Fatalf("number %d again, %v", n, err)
			}
			seen[n] = true
		}
	}
	store, err := region.OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := store.NextReport(2); err != nil || n != 1 {
		t.Errorf("the first report of a new incarnation has number %d, %v", n, err)
	}
}
