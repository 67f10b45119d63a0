// SPDX-License-Identifier: Apache-2.0

package region_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/inventory"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
	"github.com/frontline-screening/frontline/internal/testnet"
)

// patience is how long a test waits for what has to happen.
const patience = 60 * time.Second

// eventually waits until the region is as wanted.
func (l *lab) eventually(what string, is func() bool) {
	l.t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			l.t.Fatalf("never %s; logged:\n%s", what, l.logged())
		}
	}
}

// run starts the replicator until the test ends.
func (l *lab) run() {
	l.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(l.t.Context()))
	ended := make(chan error, 1)
	copies := l.copies
	go func() { ended <- copies.Run(ctx) }()
	l.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			l.t.Error(err)
		}
	})
}

func (l *lab) held(feed string) int64 { return l.region.Copies()[feed].Release }

// over makes the hub's registry answer over a line, and returns the line.
func (l *lab) over() *testnet.Proxy {
	l.t.Helper()
	proxy, err := testnet.Listen(l.hub.Registry().Host())
	l.must(err)
	l.t.Cleanup(func() { _ = proxy.Close() })
	l.from, err = artifact.Connect("http://"+proxy.Addr(), &http.Client{Transport: &http.Transport{}})
	l.must(err)
	l.restart()
	return proxy
}

// TestNoFeedWaitsForAnother: a small list is held while the full copy of a
// great one is still on its way, and what is no longer ordered is broken off.
func TestNoFeedWaitsForAnother(t *testing.T) {
	l := newLab(t)
	line := l.over()
	great := l.hub.PushRelease(t, regiontest.Release{Feed: "intl.great", Number: 1, Records: regiontest.People(8000), Jurisdictions: []string{"AL"}})
	small := l.hub.PushFeed(t, labFeed, 1, "one", "AL")
	l.order(great, small)
	line.SetRate(200 << 10) // the great one takes more than ten seconds
	l.run()
	l.eventually("held the small list", func() bool { return l.held(labFeed) == 1 })
	if l.held("intl.great") != 0 {
		t.Fatal("the great list is held; the test has too fast a line")
	}
	next := l.hub.PushFeed(t, labFeed, 2, "two", "AL")
	l.order(great, next)
	l.eventually("held the update", func() bool { return l.held(labFeed) == 2 })
	l.order(great, small)
	l.eventually("gone back", func() bool { return l.held(labFeed) == 1 })
	erase := order.Feed{ID: "intl.great", UID: great.UID, State: order.Erase}
	l.order(erase, small)
	l.eventually("erased what was on its way", func() bool {
		keys, err := l.region.Store().EpochKeys("intl.great")
		_, statErr := os.Stat(filepath.Join(l.dir, "spool", "intl.great"))
		return err == nil && len(keys) == 0 && os.IsNotExist(statErr)
	})
	if _, down := line.Bytes(); down > great.Size {
		t.Errorf("%d bytes came over the line, the great list alone has %d", down, great.Size)
	}
}

// TestBandwidthCap: the order's cap holds for content, changes at run time, and
// leaves orders alone.
func TestBandwidthCap(t *testing.T) {
	l := newLab(t)
	l.hub.Region.BytesPerSecond = 1 << 10
	f := l.hub.PushRelease(t, regiontest.Release{Feed: labFeed, Number: 1, Records: regiontest.People(2000), Jurisdictions: []string{"AL"}})
	l.order(f)
	l.run()
	l.eventually("took the cap", func() bool { return l.copies.BytesPerSecond() == 1<<10 })
	l.eventually("transferred something", func() bool { return l.line.bytes.Load() > 0 })
	if l.held(labFeed) != 0 {
		t.Fatal("600 KiB came at 1 KiB a second")
	}
	l.hub.Region.BytesPerSecond = 0
	l.order(f)
	l.eventually("held the list without the cap", func() bool { return l.held(labFeed) == 1 })
	if l.copies.BytesPerSecond() != 0 {
		t.Error("the cap stays")
	}
}

// TestRunComparesTheRegistry: what the registry lost comes again, what nobody
// ordered goes, both without an order.
func TestRunComparesTheRegistry(t *testing.T) {
	l := newLab(t)
	f := l.hub.PushFeed(t, labFeed, 1, "one", "AL")
	l.must(l.obey(f))
	stray := l.hub.PushFeed(t, labFeed, 7, "stray", "AL")
	if _, err := copySnapshot(t, l, stray.Artifact); err != nil {
		t.Fatal(err)
	}
	blobs, err := l.own.Blobs(t.Context(), labRepo, f.Artifact)
	l.must(err)
	l.must(l.own.Delete(t.Context(), labRepo, f.Artifact))
	l.must(l.own.CollectNow(t.Context(), labRepo, append(blobs, f.Artifact)))
	if l.holds(f.Artifact) {
		t.Fatal("the test removed nothing")
	}
	outcomes := make(chan inventory.Outcome, 100)
	l.copies.AuditEvery = 50 * time.Millisecond
	l.copies.Audited = func(o inventory.Outcome, err error) {
		if err != nil {
			t.Error(err)
		}
		outcomes <- o
	}
	l.run()
	l.eventually("mended", func() bool { return l.holds(f.Artifact) && !l.holds(stray.Artifact) })
	l.eventually("told", func() bool { return len(outcomes) >= 2 })
	var mended, removed int
	for len(outcomes) > 0 {
		o := <-outcomes
		mended, removed = mended+o.Mended, removed+o.Removed
	}
	if mended != 1 || removed != 1 {
		t.Errorf("told of %d mended and %d removed, want one each", mended, removed)
	}
}

// TestAFullVolumeIsNamed: the reason is in the report, and time mends it.
func TestAFullVolumeIsNamed(t *testing.T) {
	l := newLab(t)
	f := l.hub.PushFeed(t, labFeed, 1, "one", "AL")
	l.disturbing(func(w http.ResponseWriter, r *http.Request) bool {
		full := r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch
		if full {
			w.WriteHeader(http.StatusInsufficientStorage)
		}
		return full
	})
	if err := l.obey(f); err == nil {
		t.Fatal("a full volume took a copy")
	}
	if r := l.reported(); r.Reason != region.FailureSpace || r.Message == "" {
		t.Errorf("the report says %+v, want InsufficientSpace", r)
	}
	l.disturbing(nil)
	l.must(l.round())
	if r := l.reported(); r.Reason != "" || r.Held != 1 {
		t.Errorf("with space the report says %+v", r)
	}
}

// TestAgentHelper is the process that TestCopySurvivesKill kills.
func TestAgentHelper(t *testing.T) {
	if os.Getenv("AGENT_DIR") == "" {
		return // an ordinary run: there is no region to keep
	}
	store, err := region.OpenStore(os.Getenv("AGENT_DIR"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := region.New("north", store, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	r.SetTerms(&region.Terms{Feeds: []string{"*"}, Purposes: []string{"BorderControl"}})
	from, err := artifact.Connect(os.Getenv("AGENT_FROM"), &http.Client{})
	if err != nil {
		t.Fatal(err)
	}
	to, err := artifact.Connect(os.Getenv("AGENT_TO"), &http.Client{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := region.NewReplicator(r, from, to, logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go func() {
		for r.Copies()[labFeed].Release == 0 && ctx.Err() == nil {
			time.Sleep(5 * time.Millisecond)
		}
		cancel()
	}()
	if err := p.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

// TestCopySurvivesKill kills the agent's process in the middle of a copy, again
// and again. The next one goes on where the last stopped.
func TestCopySurvivesKill(t *testing.T) {
	l := newLab(t)
	line := l.over()
	f := l.hub.PushRelease(t, regiontest.Release{Feed: labFeed, Number: 1, Records: regiontest.People(6000), Jurisdictions: []string{"AL"}})
	l.order(f)
	weight, err := l.from.Weigh(t.Context(), labRepo, f.Artifact)
	l.must(err)
	_, before := line.Bytes()
	start := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0], "-test.run=^TestAgentHelper$") //nolint:gosec // this test's own binary
		cmd.Env = append(os.Environ(), "AGENT_DIR="+l.dir, "AGENT_FROM=http://"+line.Addr(), "AGENT_TO="+l.ownURL)
		l.must(cmd.Start())
		return cmd
	}
	arrived := func() (down int64) {
		_, now := line.Bytes()
		return now - before
	}
	line.SetRate(300 << 10)
	const kills = 3
	for i := range int64(kills) {
		cmd := start()
		l.eventually(fmt.Sprintf("a share of %d arrived", i+1), func() bool { return arrived() > weight.Base*(i+1)/(kills+2) })
		l.must(cmd.Process.Kill())
		_ = cmd.Wait()
	}
	kept, err := filepath.Glob(filepath.Join(l.dir, "spool", labFeed, "*"))
	if err != nil || !slices.ContainsFunc(kept, func(name string) bool { return strings.HasSuffix(name, ".part") }) {
		t.Fatalf("the killed process left %v, %v; want the beginning of a layer", kept, err)
	}
	line.SetRate(0)
	last := start()
	l.must(last.Wait())
	l.restart()
	if l.held(labFeed) != 1 || !l.holds(f.Artifact) {
		t.Fatal("the copy is not held")
	}
	// What was on the line when a process died comes again.
	if extra := arrived() - weight.Base; extra > weight.Base*3/100+kills*(64<<10) {
		t.Errorf("%d bytes came for %d of the layers", arrived(), weight.Base)
	}
	if left, _ := filepath.Glob(filepath.Join(l.dir, "spool", labFeed, "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
