// SPDX-License-Identifier: Apache-2.0

package region_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/erasure"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
	"github.com/frontline-screening/frontline/internal/registry"
)

const labFeed = "intl.un-sc"

var labRepo = artifact.FeedRepository("north", labFeed)

// lab is a hub and a region that a test drives step by step.
type lab struct {
	t        *testing.T
	hub      *regiontest.Hub
	dir      string
	region   *region.Region
	follower *region.Follower
	copies   *region.Replicator
	own      *artifact.Registry
	ownURL   string
	// line counts the bodies of what the hub's registry answers.
	line *wire
	from *artifact.Registry
	log  logr.Logger

	mu      sync.Mutex
	said    strings.Builder
	disturb func(w http.ResponseWriter, r *http.Request) bool
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{t: t, hub: regiontest.NewHub(t, regiontest.NewClock(), "north", "AL"), dir: t.TempDir()}
	l.log = funcr.New(func(prefix, args string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.said.WriteString(prefix + args + "\n")
	}, funcr.Options{Verbosity: 10})
	handler, err := registry.NewUnprotected(context.WithoutCancel(t.Context()), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		disturb := l.disturb
		l.mu.Unlock()
		if disturb == nil || !disturb(w, r) {
			handler.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	l.ownURL = server.URL
	if l.own, err = artifact.Connect(server.URL, server.Client()); err != nil {
		t.Fatal(err)
	}
	l.line = &wire{next: http.DefaultTransport}
	if l.from, err = artifact.Connect("http://"+l.hub.Registry().Host(), &http.Client{Transport: l.line}); err != nil {
		t.Fatal(err)
	}
	l.restart()
	return l
}

// restart is a new process over the same state directory.
func (l *lab) restart() {
	l.t.Helper()
	l.region = regiontest.NewRegion(l.t, l.hub, l.dir)
	l.region.SetTerms(&region.Terms{Feeds: []string{"*"}, Purposes: []string{"BorderControl"}})
	l.follower = newFollower(l.t, l.region, l.hub)
	var err error
	if l.copies, err = region.NewReplicator(l.region, l.from, l.own, l.log); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) disturbing(f func(w http.ResponseWriter, r *http.Request) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.disturb = f
}

func (l *lab) order(feeds ...order.Feed) {
	l.t.Helper()
	l.hub.Publish(l.t, order.Input{Feeds: feeds, Pools: []order.Workload{pool("general", labFeed)}})
	mustPull(l.t, l.follower)
}

// obey carries an order out as far as it goes in one round.
func (l *lab) obey(feeds ...order.Feed) error {
	l.t.Helper()
	l.order(feeds...)
	return l.round()
}

func (l *lab) round() error {
	if err := l.copies.Sync(l.t.Context()); err != nil {
		return err
	}
	return l.copies.CleanUp(l.t.Context())
}

func (l *lab) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// serves lets a pod say that it searches the release; 0 is that it does not search the feed.
func (l *lab) serves(pod string, release int64, blocks string) {
	l.t.Helper()
	ack := dataset.PodAck{Pod: pod, Ack: dataset.Ack{Feeds: map[string]int64{}, Blocks: map[string]string{}}}
	if release > 0 {
		ack.Ack.Feeds[labFeed] = release
	}
	if blocks != "" {
		ack.Ack.Blocks[labFeed] = blocks
	}
	l.must(l.region.Acknowledge("general", ack))
}

// target is what pods are told of the feed.
func (l *lab) target() (dataset.Feed, dataset.Target) {
	l.t.Helper()
	target, known := l.region.Target("general")
	if !known || len(target.Set.Feeds) != 1 {
		l.t.Fatalf("target %v, %d feeds", known, len(target.Set.Feeds))
	}
	return target.Set.Feeds[0], target
}

// reported is the feed's part of the report.
func (l *lab) reported() (feed struct {
	Reason, Message string
	Held, Blocks    int64
	Retained        []int64
	NeedsFull       bool
	Current, Next   int64
	Receipt         json.RawMessage
},
) {
	l.t.Helper()
	for _, f := range l.region.Report(region.Objects{}, "test").Feeds {
		if f.ID != labFeed {
			continue
		}
		feed.Reason, feed.Message, feed.Held, feed.Blocks = f.Reason, f.Message, f.Held, f.Blocks
		feed.Retained, feed.NeedsFull, feed.Receipt = f.Retained, f.NeedsFull, f.Receipt
		if f.Keys != nil {
			feed.Current, feed.Next = f.Keys.Current.Epoch, f.Keys.Next.Epoch
		}
	}
	return feed
}

// receipt is the newest receipt, proven with the region's key.
func (l *lab) receipt() erasure.Receipt {
	l.t.Helper()
	data, err := l.region.Store().Receipt(labFeed)
	l.must(err)
	if data == nil {
		l.t.Fatal("there is no receipt")
	}
	identity, err := l.region.Store().Identity("north", l.hub.Clock.Now())
	l.must(err)
	receipt, err := erasure.Verify(l.t.Context(), data, identity.Key.Public().(ed25519.PublicKey))
	l.must(err)
	return receipt
}

func (l *lab) holds(artifact string) bool {
	l.t.Helper()
	has, err := l.own.HasSnapshot(l.t.Context(), labRepo, artifact)
	l.must(err)
	return has
}

func (l *lab) epochs() []int64 {
	l.t.Helper()
	keys, err := l.region.Store().EpochKeys(labFeed)
	l.must(err)
	var out []int64
	for _, k := range keys {
		out = append(out, k.Epoch)
	}
	return out
}

// logged is all that was logged.
func (l *lab) logged() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.said.String()
}

// wire counts the bytes of answers' bodies that are blobs.
type wire struct {
	next  http.RoundTripper
	bytes atomic.Int64
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := w.next.RoundTrip(request)
	if err == nil && strings.Contains(request.URL.Path, "/blobs/") {
		response.Body = &countedBody{ReadCloser: response.Body, w: w}
	}
	return response, err
}

func (w *wire) take() int64 { return w.bytes.Swap(0) }

type countedBody struct {
	io.ReadCloser
	w *wire
}

func (b *countedBody) Read(data []byte) (int, error) {
	n, err := b.ReadCloser.Read(data)
	b.w.bytes.Add(int64(n))
	return n, err
}
