// SPDX-License-Identifier: Apache-2.0

// Package adversary_test plays attacks against a region made of its real parts
// in one process: registries, signed orders, sealed releases, the agent's
// follower and replicator, its API for loaders, a loader that verifies, and the
// engine that answers. docs/threats.md lists what each attack is refused by.
package adversary_test

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
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/loader"
	"github.com/frontline-screening/frontline/internal/matcher"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/serve"
	"github.com/frontline-screening/frontline/internal/trust"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

const (
	here  = "north"
	pool  = "general"
	pod   = "general-0"
	feed  = "intl.a"
	other = "intl.b"
	// wanted is the person whom every release describes.
	wanted = "Orlind Testaku"
	// stop is the age in seconds at which the feed is no longer searched.
	stop = 7200
)

// stage is a region that serves release 2 of the feed under order 2.
type stage struct {
	t          *testing.T
	clock      *regiontest.Clock
	hub        *regiontest.Hub
	state      string
	region     *region.Region
	follower   *region.Follower
	replicator *region.Replicator
	own, from  *artifact.Registry
	up, down   *wire // hub to region, region to loader
	liar       *liar
	dir        dataset.Dir
	engine     *matcher.Engine
	// files of the orders published, by sequence; feeds as they were ordered.
	files map[int64]trust.Files
	feeds map[int64]order.Feed
	// before is the target under order 1.
	before dataset.Target
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{
		t: t, clock: regiontest.NewClock(), state: t.TempDir(), up: &wire{}, down: &wire{}, liar: &liar{ended: make(chan struct{})},
		dir: dataset.OpenDir(t.TempDir()), files: map[int64]trust.Files{}, feeds: map[int64]order.Feed{},
	}
	s.hub = regiontest.NewHub(t, s.clock, here, "AL")
	s.start()
	_, own := regiontest.NewRegistry(t)
	var err error
	s.from, err = artifact.Connect("http://"+s.hub.Registry().Host(), &http.Client{Transport: s.up})
	s.must(err)
	s.own, err = artifact.Connect(own, http.DefaultClient)
	s.must(err)
	s.replicator, err = region.NewReplicator(s.region, s.from, s.own, logr.Discard())
	s.must(err)
	s.serve(own)
	for release := int64(1); release <= 2; release++ {
		s.feeds[release] = s.release(release)
		s.publish(s.feeds[release])
		if release == 1 {
			s.before, _ = s.region.Target(pool)
		}
		s.clock.Add(time.Minute)
	}
	s.eventually("release 2 is searched", func() bool { return s.searched() == 2 })
	return s
}

// start opens the region's state directory, as a process does that begins.
func (s *stage) start() {
	s.t.Helper()
	s.region = regiontest.NewRegion(s.t, s.hub, s.state)
	s.region.SetTerms(&region.Terms{Feeds: []string{"*"}, Purposes: []string{"BorderControl"}})
	var err error
	s.follower, err = region.NewFollower(s.region, s.hub, logr.Discard())
	s.must(err)
}

// serve starts loader and engine of the region's one pod.
func (s *stage) serve(registry string) {
	t := s.t
	t.Helper()
	ca, err := pki.NewCA("region "+here, time.Now())
	s.must(err)
	issue := func(id string) pki.CertificateSource {
		cert, key, err := ca.Issue(pki.LeafRequest{
			CommonName: "test", SPIFFE: id, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}, Server: true, Client: true,
		}, time.Now())
		s.must(err)
		source, err := pki.FromPEM(cert, key)
		s.must(err)
		return source
	}
	s.liar.next = region.LoaderAPI(s.region)
	server := httptest.NewUnstartedServer(s.liar)
	source := issue(pki.AgentID(here))
	cert, err := source()
	s.must(err)
	server.TLS = pki.ServerConfig(source, ca.Pool(), true)
	server.TLS.Certificates = []tls.Certificate{*cert}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()

	client := &http.Client{Transport: &http.Transport{TLSClientConfig: pki.ClientConfig(issue(pki.LoaderID(here, pool)), ca.Pool(), pki.AgentID(here))}}
	agent, err := loader.NewAgent(server.URL, pool, client)
	s.must(err)
	from, err := artifact.Connect(registry, &http.Client{Transport: s.down})
	s.must(err)
	pin, ok, err := s.region.Pin()
	if err != nil || !ok {
		t.Fatal("the region has no pin", err)
	}
	data, err := canonical.Marshal(pin)
	s.must(err)
	pinned := filepath.Join(t.TempDir(), "trust.json")
	s.must(os.WriteFile(pinned, data, 0o600))
	s.must(s.dir.Prepare())
	acks := t.TempDir()
	s.engine = matcher.New(matcher.Options{})
	keeper := serve.New(s.engine, serve.Options{Region: here, Pool: pool, Dir: s.dir, Ack: acks, Poll: 20 * time.Millisecond})
	l := loader.New(loader.Options{
		Region: here, Pool: pool, Pod: pod, Dir: s.dir, Ack: acks, Agent: agent, Registry: from,
		Verifier: loader.NewVerifier(pinned, s.dir), Poll: 20 * time.Millisecond, Repeat: time.Second,
		Retry: 10 * time.Millisecond, RetryMax: 100 * time.Millisecond,
		FreeBytes: func(string) (int64, error) { return 1 << 30, nil },
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, run := range []func(context.Context) error{keeper.Run, l.Run} {
		running.Go(func() {
			if err := run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() {
		cancel()
		running.Wait()
		client.CloseIdleConnections()
		server.CloseClientConnections()
		server.Close()
		s.engine.Close()
	})
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// people are the records of a release.
func (s *stage) people(n int64) []watchlist.Record {
	people := regiontest.People(40)
	people[0].Names = []watchlist.Name{{Full: wanted}}
	people[1].Names = append(people[1].Names, watchlist.Name{Full: fmt.Sprintf("Sample of Release %d", n)})
	return people
}

// release publishes a release of the feed and returns what an order says of it.
func (s *stage) release(n int64) order.Feed {
	s.t.Helper()
	f := s.hub.PushRelease(s.t, regiontest.Release{Feed: feed, Number: n, Records: s.people(n), Jurisdictions: []string{"AL"}})
	f.Freshness.StopSeconds = stop
	return f
}

func input(feeds ...order.Feed) order.Input {
	spec := json.RawMessage(`{"feeds":[{"id":"` + feed + `"}]}`)
	return order.Input{Feeds: feeds, Pools: []order.Workload{{Name: pool, UID: "p", Generation: 1, Spec: spec}}}
}

// sign signs the next order without publishing it.
func (s *stage) sign(feeds ...order.Feed) trust.Files {
	s.t.Helper()
	s.hub.Sequence++
	files := s.hub.Sign(s.t, input(feeds...), s.hub.Sequence)
	s.files[s.hub.Sequence] = files
	return files
}

// renew signs the newest order again, as the hub does every few minutes.
func (s *stage) renew(feeds ...order.Feed) trust.Files {
	s.t.Helper()
	s.hub.Sequence--
	return s.sign(feeds...)
}

// publish publishes the next order and lets the region carry it out.
func (s *stage) publish(feeds ...order.Feed) {
	s.t.Helper()
	s.hub.Push(s.t, s.sign(feeds...))
	s.must(s.follower.Pull(s.t.Context()))
	s.must(s.replicator.Sync(s.t.Context()))
}

// refuses publishes an order and lets the region look at it; it must not obey.
func (s *stage) refuses(files trust.Files) {
	s.t.Helper()
	s.hub.Push(s.t, files)
	if err := s.follower.Pull(s.t.Context()); err == nil {
		s.t.Fatal("the order was put in force")
	}
}

// ask screens for the person that each release describes.
func (s *stage) ask() screen.Answer {
	s.t.Helper()
	a, err := s.engine.Screen(s.t.Context(), screen.Request{
		Purpose: screen.PurposeBorderControl, Subject: screen.Subject{Names: []screen.Name{{Full: wanted}}},
	}, s.clock.Now())
	s.must(err)
	return a
}

// searched is the release that an answer found the person in; 0 is none.
func (s *stage) searched() int64 {
	a := s.ask()
	if len(a.Searched) != 1 || len(a.Candidates) != 1 {
		return 0
	}
	return a.Searched[0].Version
}

// mapped are the contents on the pod's disk.
func (s *stage) mapped() []string {
	s.t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.dir.Root(), "blobs"))
	s.must(err)
	var out []string
	for _, e := range entries {
		out = append(out, strings.Replace(e.Name(), "sha256-", "sha256:", 1))
	}
	return out
}

// ack is what the pod last told the agent.
func (s *stage) ack() dataset.Ack { return s.region.Acks(pool)[pod] }

func (s *stage) eventually(what string, condition func() bool) {
	s.t.Helper()
	for end := time.Now().Add(30 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("never happened: %s; answer %+v, refusal %+v, failure %+v, acknowledgement %+v",
				what, s.ask(), s.region.Refusal(), s.region.Failure(feed), s.ack())
		}
	}
}

// wire carries requests to a registry and changes answers on the way.
type wire struct {
	mu     sync.Mutex
	change func(r *http.Request, body []byte) []byte
	// from and to are repositories: what is asked of one is asked of the other.
	from, to string
}

func (w *wire) redirect(from, to string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.from, w.to = from, to
}

func (w *wire) set(change func(r *http.Request, body []byte) []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.change = change
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	change, from, to := w.change, w.from, w.to
	w.mu.Unlock()
	if from != "" {
		r = r.Clone(r.Context())
		r.URL.Path = strings.Replace(r.URL.Path, "/v2/"+from+"/", "/v2/"+to+"/", 1)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || change == nil || r.Method != http.MethodGet || resp.StatusCode >= 300 {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	_ = resp.Body.Close()
	body = change(r, body)
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return resp, nil
}

// liar is an agent whose targets are changed before loaders get them.
type liar struct {
	next http.Handler
	mu   sync.Mutex
	lie  func(*dataset.Target)
	// ended is closed when the process that answers ends.
	ended chan struct{}
}

func (l *liar) set(lie func(*dataset.Target)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lie = lie
}

// turn lets another process of the agent answer; requests that the one before
// holds end with it.
func (l *liar) turn(next http.Handler) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.ended)
	l.next, l.ended = next, make(chan struct{})
}

// ServeHTTP implements http.Handler.
func (l *liar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	recorder := httptest.NewRecorder()
	l.mu.Lock()
	next, ended := l.next, l.ended
	l.mu.Unlock()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	go func() {
		select {
		case <-ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	next.ServeHTTP(recorder, r.WithContext(ctx))
	body := recorder.Body.Bytes()
	l.mu.Lock()
	lie := l.lie
	l.mu.Unlock()
	if lie != nil && r.Method == http.MethodGet && recorder.Code == http.StatusOK {
		var target dataset.Target
		if json.Unmarshal(body, &target) == nil {
			lie(&target)
			body, _ = canonical.Marshal(target)
		}
	}
	maps.Copy(w.Header(), recorder.Header())
	w.WriteHeader(recorder.Code)
	_, _ = w.Write(body)
}
