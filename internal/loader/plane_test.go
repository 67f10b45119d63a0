// SPDX-License-Identifier: Apache-2.0

package loader_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/testr"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/feedkey"
	"github.com/frontline-screening/frontline/internal/front"
	"github.com/frontline-screening/frontline/internal/loader"
	"github.com/frontline-screening/frontline/internal/matcher"
	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/registry"
	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/seal"
	"github.com/frontline-screening/frontline/internal/serve"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

const (
	region = "north"
	pool   = "general"
	post   = "gate"
	feedA  = "intl.a"
	feedB  = "intl.b"
)

// The region's key of the epoch, which the agent hands out.
var identity, recipient = seal.NewIdentity()

// plane is a region's path of data in one process: registry, agent, loader,
// engine and front, each behind the mutual TLS it has in a cluster.
type plane struct {
	t        *testing.T
	ca       *pki.CA
	registry *httptest.Server
	tamper   atomic.Bool // damages blobs on their way out of the registry
	push     *artifact.Registry
	agent    *fakeAgent
	agentURL string
	dir      dataset.Dir
	ack      string
	keeper   *serve.Keeper
	engine   *httptest.Server
	front    *httptest.Server
	client   *http.Client
	free     atomic.Int64 // what the loader believes is free; 0 asks the kernel
}

func newPlane(t *testing.T, purposes ...screen.Purpose) *plane {
	t.Helper()
	ca, err := pki.NewCA("region "+region, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	p := &plane{t: t, ca: ca, dir: dataset.OpenDir(t.TempDir()), ack: t.TempDir(), agent: newFakeAgent()}
	if err := p.dir.Prepare(); err != nil {
		t.Fatal(err)
	}

	store, err := registry.New(t.Context(), registry.Config{Root: t.TempDir(), Authorize: registry.BySPIFFE, Log: logr.Discard()})
	if err != nil {
		t.Fatal(err)
	}
	p.registry = p.serveTLS(p.tampering(store), "", true)
	p.push, err = artifact.Connect(p.registry.URL, p.clientAs(pki.AgentID(region), ""))
	if err != nil {
		t.Fatal(err)
	}
	p.agentURL = p.serveTLS(p.agent, pki.AgentID(region), true).URL

	engine := matcher.New(matcher.Options{})
	t.Cleanup(engine.Close)
	p.keeper = serve.New(engine, serve.Options{Region: region, Pool: pool, Dir: p.dir, Ack: p.ack, Poll: 50 * time.Millisecond})
	p.run(p.keeper.Run)
	p.engine = p.serveTLS(serve.Handler(matcher.NewService(engine, matcher.ServiceOptions{MaxInFlight: 256}), engine, region), pki.MatcherID(region, pool), true)

	if len(purposes) == 0 {
		purposes = []screen.Purpose{screen.PurposeBorderControl}
	}
	f, err := front.New(front.Options{
		Config: front.Config{Region: region, Post: post, Purposes: purposes, Pools: []front.Pool{
			{Name: pool, URL: p.engine.URL, Feeds: []string{feedA, feedB}},
		}},
		TLS: func(pool string) *tls.Config {
			return pki.ClientConfig(p.issue(pki.FrontID(region, post)), p.ca.Pool(), pki.MatcherID(region, pool))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.front = p.serveTLS(f.Handler(), "", false)
	p.client = &http.Client{Transport: &http.Transport{
		TLSClientConfig: pki.ClientConfig(nil, p.ca.Pool(), ""), MaxIdleConnsPerHost: 16,
	}}
	t.Cleanup(p.client.CloseIdleConnections)
	return p
}

// issue makes a certificate with the SPIFFE id, good for both ends.
func (p *plane) issue(spiffe string) pki.CertificateSource {
	p.t.Helper()
	cert, key, err := p.ca.Issue(pki.LeafRequest{
		CommonName: "test", SPIFFE: spiffe, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}, Server: true, Client: true,
	}, time.Now())
	if err != nil {
		p.t.Fatal(err)
	}
	source, err := pki.FromPEM(cert, key)
	if err != nil {
		p.t.Fatal(err)
	}
	return source
}

func (p *plane) serveTLS(h http.Handler, spiffe string, mutual bool) *httptest.Server {
	p.t.Helper()
	s := httptest.NewUnstartedServer(h)
	source := p.issue(spiffe)
	cert, err := source()
	if err != nil {
		p.t.Fatal(err)
	}
	s.TLS = pki.ServerConfig(source, p.ca.Pool(), mutual)
	s.TLS.Certificates = []tls.Certificate{*cert} // else httptest puts its own there
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	p.t.Cleanup(s.Close)
	return s
}

func (p *plane) clientAs(spiffe, server string) *http.Client {
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: pki.ClientConfig(p.issue(spiffe), p.ca.Pool(), server)}}
	p.t.Cleanup(c.CloseIdleConnections)
	return c
}

// run starts work that ends before the test's folders are removed.
func (p *plane) run(work func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(logr.NewContext(p.t.Context(), testr.New(p.t)))
	var running sync.WaitGroup
	running.Go(func() {
		if err := work(ctx); err != nil {
			p.t.Error(err)
		}
	})
	stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
	})
	p.t.Cleanup(stop)
	return stop
}

func (p *plane) startLoader() (stop func()) {
	p.t.Helper()
	agent, err := loader.NewAgent(p.agentURL, pool, p.clientAs(pki.LoaderID(region, pool), pki.AgentID(region)))
	if err != nil {
		p.t.Fatal(err)
	}
	from, err := artifact.Connect(p.registry.URL, p.clientAs(pki.LoaderID(region, pool), ""))
	if err != nil {
		p.t.Fatal(err)
	}
	o := loader.Options{
		Region: region, Pool: pool, Pod: "general-0", Dir: p.dir, Ack: p.ack, Agent: agent, Registry: from,
		Poll: 50 * time.Millisecond, Repeat: time.Second, Retry: 10 * time.Millisecond, RetryMax: 100 * time.Millisecond,
		FreeBytes: func(string) (int64, error) {
			if n := p.free.Load(); n > 0 {
				return n, nil
			}
			return 1 << 30, nil
		},
	}
	return p.run(loader.New(o).Run)
}

// tampering flips a bit of every blob on its way out while tamper is set.
func (p *plane) tampering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !p.tamper.Load() || r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/blobs/") {
			next.ServeHTTP(w, r)
			return
		}
		recorder := httptest.NewRecorder()
		next.ServeHTTP(recorder, r)
		body := recorder.Body.Bytes()
		if len(body) > 0 {
			body[len(body)/2] ^= 1
		}
		maps.Copy(w.Header(), recorder.Header())
		w.WriteHeader(recorder.Code)
		_, _ = w.Write(body)
	})
}

// publish pushes release n of the feed to the registry. Its one person has the
// release in the record's id, so that an answer says what was searched.
func (p *plane) publish(feed string, release int64) (dataset.Feed, dataset.Source) {
	p.t.Helper()
	built, err := snapshot.Build(snapshot.Meta{Format: watchlist.FrontlineJSONL}, []watchlist.Record{{
		ID: fmt.Sprintf("%s-%d", feed, release), Type: watchlist.Person,
		Names: []watchlist.Name{{Full: "Orlind Testaku"}}, BirthDates: []string{"1970-01-02"},
	}})
	if err != nil {
		p.t.Fatal(err)
	}
	path := filepath.Join(p.t.TempDir(), "snapshot")
	if err := os.WriteFile(path, built.Bytes, 0o600); err != nil {
		p.t.Fatal(err)
	}
	repository := artifact.FeedRepository(region, feed)
	desc, _, err := p.push.CutSnapshot(p.t.Context(), repository, artifact.Cut{
		Snapshot: artifact.Snapshot{
			Path: path, Digest: built.Digest, Size: built.Size, Feed: feed, Region: region, Version: release, Records: 1,
		},
		Epoch: 1, Key: feedkey.New(), Recipients: []string{recipient}, Dir: p.t.TempDir(),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return dataset.Feed{ID: feed, State: dataset.Serve, Release: release, Content: built.Digest, Size: built.Size, Records: 1},
		dataset.Source{Feed: feed, Repository: repository, Artifact: desc.Digest.String()}
}

// order publishes release n of both feeds and makes them the target.
func (p *plane) order(release int64) dataset.Target {
	p.t.Helper()
	target := newTarget()
	for _, feed := range []string{feedA, feedB} {
		f, s := p.publish(feed, release)
		target.Set.Feeds = append(target.Set.Feeds, f)
		target.Sources = append(target.Sources, s)
	}
	p.agent.set(target)
	return target
}

func newTarget() dataset.Target {
	return dataset.Target{
		Set:    dataset.Set{Format: dataset.SetFormat, Region: region, Pool: pool},
		Clocks: dataset.Clocks{Format: dataset.ClocksFormat, OrderIssued: time.Now().UTC(), Connected: true},
		Keys:   map[string][]string{feedA: {identity}, feedB: {identity}},
	}
}

// ask screens the person of every release at the post.
func (p *plane) ask(purpose screen.Purpose) (screen.Answer, int, error) {
	body, _ := json.Marshal(screen.Request{Purpose: purpose, Subject: screen.Subject{Names: []screen.Name{{Full: "Orlind Testaku"}}}})
	resp, err := p.client.Post(p.front.URL+"/v1/screen", "application/json", bytes.NewReader(body))
	if err != nil {
		return screen.Answer{}, 0, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return screen.Answer{}, resp.StatusCode, fmt.Errorf("status %d, %w, body %s", resp.StatusCode, err, data)
	}
	var a screen.Answer
	return a, resp.StatusCode, json.Unmarshal(data, &a)
}

// await asks until the answer satisfies the condition.
func (p *plane) await(what string, condition func(screen.Answer) bool) screen.Answer {
	p.t.Helper()
	var a screen.Answer
	var err error
	defer func() {
		if p.t.Failed() {
			p.t.Logf("the last answer: %+v, %v", a, err)
		}
	}()
	p.eventually(what, func() bool {
		a, _, err = p.ask("")
		return err == nil && condition(a)
	})
	return a
}

func (p *plane) eventually(what string, condition func() bool) {
	p.t.Helper()
	for end := time.Now().Add(30 * time.Second); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("never happened: %s", what)
		}
	}
}

// of says that both feeds were searched at the release and found its records.
func of(release int64) func(screen.Answer) bool {
	return func(a screen.Answer) bool { return releaseOf(a) == release }
}

// releaseOf returns the one release behind an answer; 0 when it is not of one release in full.
func releaseOf(a screen.Answer) int64 {
	if len(a.Searched) != 2 || len(a.Candidates) != 2 || len(a.Unavailable) != 0 || a.Searched[0].Version != a.Searched[1].Version {
		return 0
	}
	release := a.Searched[0].Version
	for _, c := range a.Candidates {
		if c.Record != fmt.Sprintf("%s-%d", c.Feed, release) {
			return 0
		}
	}
	return release
}

// fakeAgent holds one target and remembers acknowledgements.
type fakeAgent struct {
	mu      sync.Mutex
	target  *dataset.Target
	etag    string
	changed chan struct{}
	acks    []dataset.PodAck
	down    bool
}

func newFakeAgent() *fakeAgent { return &fakeAgent{changed: make(chan struct{})} }

func (a *fakeAgent) set(t dataset.Target) {
	data, _ := canonical.Marshal(t)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.target, a.etag = &t, `"`+canonical.Digest(data)+`"`
	close(a.changed)
	a.changed = make(chan struct{})
}

func (a *fakeAgent) setDown(down bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.down = down
}

func (a *fakeAgent) last() dataset.PodAck {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.acks) == 0 {
		return dataset.PodAck{}
	}
	return a.acks[len(a.acks)-1]
}

func (p *plane) agentAcks() []dataset.PodAck {
	p.agent.mu.Lock()
	defer p.agent.mu.Unlock()
	return slices.Clone(p.agent.acks)
}

// blobs counts the blobs on disk.
func blobs(t *testing.T, d dataset.Dir) int {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(d.Root(), "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func (a *fakeAgent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, err := pki.PeerID(r.TLS)
	if err != nil || id.String() != pki.LoaderID(region, pool) {
		http.Error(w, "not a loader of the pool", http.StatusForbidden)
		return
	}
	a.mu.Lock()
	target, etag, changed, down := a.target, a.etag, a.changed, a.down
	a.mu.Unlock()
	if down {
		http.Error(w, "away", http.StatusServiceUnavailable)
		return
	}
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/v1/acks/"+pool:
		var ack dataset.PodAck
		if err := json.NewDecoder(r.Body).Decode(&ack); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		a.mu.Lock()
		a.acks = append(a.acks, ack)
		a.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodGet && r.URL.Path == "/v1/targets/"+pool:
		if target == nil || r.URL.Query().Get("after") == etag {
			select {
			case <-changed:
			case <-time.After(200 * time.Millisecond):
			case <-r.Context().Done():
			}
			w.WriteHeader(http.StatusNoContent) // the loader asks again
			return
		}
		w.Header().Set("ETag", etag)
		_ = json.NewEncoder(w).Encode(target)
	default:
		http.NotFound(w, r)
	}
}
