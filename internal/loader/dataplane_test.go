// SPDX-License-Identifier: Apache-2.0

package loader_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/level"
	"github.com/frontline-screening/frontline/internal/screen"
)

func TestListUpdateUnderLoad(t *testing.T) {
	p := newPlane(t)
	if err := p.keeper.Ready(); err == nil {
		t.Error("the engine is ready before its first set")
	}
	p.order(1)
	p.startLoader()
	p.await("the first release is searched", of(1))
	p.eventually("the engine is ready", func() bool { return p.keeper.Ready() == nil })

	var asked, failed, mixed, newest atomic.Int64
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				a, _, err := p.ask("")
				asked.Add(1)
				if err != nil {
					failed.Add(1)
					t.Log(err)
					continue
				}
				release := releaseOf(a)
				if release == 0 {
					mixed.Add(1)
					t.Logf("an answer of no one release: searched %v, unavailable %v", a.Searched, a.Unavailable)
				}
				newest.Store(max(newest.Load(), release))
			}
		})
	}
	for release := int64(2); release <= 6; release++ {
		p.order(release)
		p.eventually("the next release is searched", func() bool { return newest.Load() >= release })
	}
	close(stop)
	clients.Wait()
	if failed.Load() != 0 || mixed.Load() != 0 {
		t.Errorf("of %d requests during 5 updates %d failed and %d were answered from two releases at once; want none",
			asked.Load(), failed.Load(), mixed.Load())
	}
	t.Logf("%d requests during 5 updates", asked.Load())

	p.eventually("the agent knows what is served", func() bool {
		ack := p.agent.last()
		return ack.Pod == "general-0" && cmp.Equal(ack.Ack.Feeds, map[string]int64{feedA: 6, feedB: 6}) && ack.Ack.Error == "" && ack.Ack.Level == level.Known
	})
	p.eventually("the blobs of old releases are removed", func() bool {
		set, _, err := p.dir.Current()
		return err == nil && blobs(t, p.dir) == len(set.Feeds)
	})
}

func TestTamperedBlobIsRefused(t *testing.T) {
	p := newPlane(t)
	p.order(1)
	p.startLoader()
	p.await("the first release is searched", of(1))

	p.tamper.Store(true)
	target := p.order(2)
	_, wanted, err := dataset.Encode(target.Set)
	if err != nil {
		t.Fatal(err)
	}
	p.eventually("the agent learns of the refusal", func() bool {
		ack := p.agent.last().Ack
		return ack.Refused == wanted && strings.Contains(ack.Error, artifact.ErrDigest.Error())
	})
	if a, _, err := p.ask(""); err != nil || releaseOf(a) != 1 {
		t.Errorf("with release 2 tampered, the answer is of release %d (%v), want 1", releaseOf(a), err)
	}
	if got := p.agent.last().Ack.Feeds; !cmp.Equal(got, map[string]int64{feedA: 1, feedB: 1}) {
		t.Errorf("the engine acknowledges %v, want release 1 of both feeds", got)
	}

	p.tamper.Store(false)
	p.await("release 2 is searched once its blobs are sound", of(2))
	p.eventually("the refusal is taken back", func() bool { return p.agent.last().Ack.Error == "" })
}

func TestWithdrawalDoesNotWaitForAnotherFeedsBlob(t *testing.T) {
	p := newPlane(t)
	target := p.order(1)
	p.startLoader()
	p.await("the first release is searched", of(1))

	// Release 2 of feed A cannot be had; feed B is locked by the same order.
	missing := target.Set.Feeds[0]
	missing.Release, missing.Content = 2, "sha256:"+strings.Repeat("ab", 32)
	next := newTarget()
	next.Set.Feeds = []dataset.Feed{missing, {ID: feedB, State: dataset.Unavailable, Reason: string(screen.ReasonLocked)}}
	p.agent.set(next)
	a := p.await("feed B is named as locked", func(a screen.Answer) bool { return len(a.Unavailable) == 1 })
	if want := (screen.Unavailable{Feed: feedB, Reason: screen.ReasonLocked}); a.Unavailable[0] != want {
		t.Errorf("unavailable is %v, want %v", a.Unavailable[0], want)
	}
	if len(a.Searched) != 1 || a.Searched[0].Version != 1 {
		t.Errorf("searched is %v, want release 1 of feed A", a.Searched)
	}
	p.eventually("the agent learns that the blob is nowhere", func() bool {
		return strings.Contains(p.agent.last().Ack.Error, "NotPlaced")
	})

	// The floor forbids what is held: the feed is named instead of searched.
	missing.Floor = 2
	next.Set.Feeds = []dataset.Feed{missing, next.Set.Feeds[1]}
	p.agent.set(next)
	a = p.await("feed A is not searched below its floor", func(a screen.Answer) bool { return len(a.Searched) == 0 })
	if a.Outcome != screen.OutcomeUnavailable || !slices.Contains(a.Unavailable, screen.Unavailable{Feed: feedA, Reason: screen.ReasonLoading}) {
		t.Errorf("outcome %s, unavailable %v; want Unavailable and feed A loading", a.Outcome, a.Unavailable)
	}
}

func TestServesWithoutRegistryAndAgent(t *testing.T) {
	p := newPlane(t)
	p.order(1)
	stop := p.startLoader()
	p.await("the first release is searched", of(1))

	p.registry.CloseClientConnections()
	p.registry.Close()
	p.agent.setDown(true)
	for range 20 {
		if a, _, err := p.ask(""); err != nil || releaseOf(a) != 1 {
			t.Fatalf("with registry and agent away: %v, %v", a, err)
		}
	}
	stop()
	p.startLoader() // it goes on from what it kept
	if a, _, err := p.ask(""); err != nil || releaseOf(a) != 1 {
		t.Fatalf("after the loader restarted: %v, %v", a, err)
	}
	before := len(p.agentAcks())
	p.agent.setDown(false)
	p.eventually("the agent is told again what is served", func() bool {
		return len(p.agentAcks()) > before && p.agent.last().Ack.Feeds[feedA] == 1
	})
}

// TestRestartedLoaderWaitsForKeys: what was not fetched yet needs keys, which
// are in no file. Until the agent hands them out, what is held serves.
func TestRestartedLoaderWaitsForKeys(t *testing.T) {
	p := newPlane(t)
	p.order(1)
	stop := p.startLoader()
	p.await("the first release is searched", of(1))
	p.tamper.Store(true)
	p.order(2)
	p.eventually("release 2 is refused", func() bool { return p.agent.last().Ack.Error != "" })
	stop()

	p.agent.setDown(true)
	p.tamper.Store(false)
	p.startLoader()
	for range 20 {
		if a, _, err := p.ask(""); err != nil || releaseOf(a) != 1 {
			t.Fatalf("without keys: %v, %v", a, err)
		}
	}
	p.agent.setDown(false)
	p.await("release 2 is loaded with the agent's keys", of(2))
}

func TestInsufficientSpace(t *testing.T) {
	p := newPlane(t)
	p.order(1)
	p.startLoader()
	p.await("the first release is searched", of(1))
	p.free.Store(1)
	p.order(2)
	p.eventually("the agent learns of the lack of space", func() bool {
		return strings.Contains(p.agent.last().Ack.Error, "InsufficientSpace")
	})
	if a, _, err := p.ask(""); err != nil || releaseOf(a) != 1 {
		t.Errorf("without space the answer is of release %d (%v), want 1", releaseOf(a), err)
	}
	p.free.Store(0)
	p.await("release 2 is searched once there is space", of(2))
}

func TestClocksMoveWithoutANewSet(t *testing.T) {
	p := newPlane(t)
	target := p.order(1)
	for i := range target.Set.Feeds {
		target.Set.Feeds[i].MarkSeconds, target.Set.Feeds[i].StopSeconds = 600, 3600
	}
	aged := func(age time.Duration, connected bool) {
		target.Clocks.OrderIssued, target.Clocks.Connected = time.Now().UTC().Add(-age), connected
		p.agent.set(target)
	}
	aged(0, true)
	p.startLoader()
	p.await("answers are Online", func(a screen.Answer) bool { return of(1)(a) && a.Mode == screen.ModeOnline })
	_, set, err := p.dir.Current()
	if err != nil {
		t.Fatal(err)
	}
	aged(30*time.Minute, true)
	p.await("answers are Marked past the mark limit", func(a screen.Answer) bool { return of(1)(a) && a.Mode == screen.ModeMarked })
	aged(0, false)
	p.await("answers are Offline while the link is down", func(a screen.Answer) bool { return of(1)(a) && a.Mode == screen.ModeOffline })
	aged(2*time.Hour, true)
	a := p.await("the feeds stop past the stop limit", func(a screen.Answer) bool { return len(a.Searched) == 0 })
	if len(a.Unavailable) != 2 || a.Unavailable[0].Reason != screen.ReasonStale || a.Outcome != screen.OutcomeUnavailable {
		t.Errorf("past the stop limit: outcome %s, unavailable %v; want Unavailable, both Stale", a.Outcome, a.Unavailable)
	}
	if err := p.keeper.Ready(); err != nil {
		t.Errorf("stopped feeds made the engine unready: %v", err)
	}
	aged(0, true)
	p.await("the stop is taken back", of(1))
	if _, got, err := p.dir.Current(); err != nil || got != set {
		t.Errorf("clocks alone changed the set from %s to %s (%v)", set, got, err)
	}
}

func TestForeignTargetIsRefused(t *testing.T) {
	p := newPlane(t)
	p.order(1)
	p.startLoader()
	p.await("the first release is searched", of(1))
	foreign := newTarget()
	foreign.Set.Pool = "other"
	p.agent.set(foreign)
	p.agent.set(foreign)
	for range 20 {
		if a, _, err := p.ask(""); err != nil || releaseOf(a) != 1 {
			t.Fatalf("a target for another pool changed the answer to %v (%v)", a, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestOnlyFrontsOfTheRegionMaySearch(t *testing.T) {
	p := newPlane(t)
	tests := []struct {
		name, id string
		want     int
	}{
		{"a front of the region", "spiffe://frontline/front/north/other", http.StatusOK},
		{"a front of another region", "spiffe://frontline/front/south/gate", http.StatusForbidden},
		{"the pool's own loader", "spiffe://frontline/loader/north/general", http.StatusForbidden},
		{"no identity", "", http.StatusForbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, err := p.clientAs(tt.id, "spiffe://frontline/matcher/north/general").Get(p.engine.URL + "/v1/feeds")
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != tt.want {
				t.Errorf("status %d, want %d", resp.StatusCode, tt.want)
			}
		})
	}
}

func TestPurposeOfThePost(t *testing.T) {
	p := newPlane(t, screen.PurposeBorderControl, screen.PurposeAsylumReception)
	p.order(1)
	p.startLoader()
	p.eventually("the purpose of the post is answered", func() bool {
		a, _, err := p.ask(screen.PurposeBorderControl)
		return err == nil && releaseOf(a) == 1
	})
	for purpose, want := range map[screen.Purpose]int{
		screen.PurposeLawEnforcement: http.StatusForbidden,
		"":                           http.StatusBadRequest,
		"Curiosity":                  http.StatusBadRequest,
	} {
		_, status, err := p.ask(purpose)
		if status != want || !strings.Contains(err.Error(), `"detail":"`) {
			t.Errorf("purpose %q: status %d (%v), want %d with a sentence", purpose, status, err, want)
		}
	}
}
