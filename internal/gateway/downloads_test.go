// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// sink is a region's side of a download.
type sink struct {
	header http.Header
	got    atomic.Int64
	stuck  chan struct{} // not nil: nothing is taken before it closes
	dead   atomic.Bool
}

func (s *sink) Header() http.Header { return s.header }
func (s *sink) WriteHeader(int)     {}

func (s *sink) Write(data []byte) (int, error) {
	if s.stuck != nil {
		<-s.stuck
		if s.dead.Load() {
			return 0, context.DeadlineExceeded
		}
	}
	s.got.Add(int64(len(data)))
	return len(data), nil
}

// SetWriteDeadline ends a write that is stuck, if the deadline has passed.
func (s *sink) SetWriteDeadline(at time.Time) error {
	if s.stuck != nil && at.Before(time.Now()) {
		s.dead.Store(true)
		close(s.stuck)
	}
	return nil
}

func blobRequest(ctx context.Context) *http.Request {
	return httptest.NewRequestWithContext(ctx, http.MethodGet, "/v2/regions/north/feeds/a.b/blobs/sha256:00", nil)
}

func TestRegionsGetEqualParts(t *testing.T) {
	d := newDownloads(1 << 20)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	parts := map[string]*sink{"north": {}, "south": {}}
	var wg sync.WaitGroup
	read := func(region string) {
		one, ok := d.begin(parts[region], blobRequest(ctx), region)
		if !ok {
			t.Errorf("no place for %s", region)
			return
		}
		wg.Go(func() {
			defer d.end(one, region)
			for {
				if _, err := one.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		})
	}
	for range perRegionBlobs {
		read("north")
	}
	read("south")
	wg.Wait()
	north, south := parts["north"].got.Load(), parts["south"].got.Load()
	if south*3 < north || north*3 < south {
		t.Errorf("north read %d bytes by %d downloads and south %d by one", north, perRegionBlobs, south)
	}
	if len(d.regions) > 0 {
		t.Errorf("kept: %v", d.regions)
	}
}

func TestAbandonedDownloadsGiveWay(t *testing.T) {
	d := newDownloads(0)
	var clock atomic.Int64
	d.now = func() time.Time { return time.Unix(1_000_000+clock.Load(), 0) }
	var wg sync.WaitGroup
	var stuck []*sink
	for range perRegionBlobs {
		s := &sink{stuck: make(chan struct{})}
		stuck = append(stuck, s)
		one, ok := d.begin(s, blobRequest(t.Context()), "north")
		if !ok {
			t.Fatal("no place")
		}
		wg.Go(func() {
			_, _ = one.Write(make([]byte, 100))
			d.end(one, "north")
		})
		clock.Add(1)
	}
	clock.Store(0)
	if _, ok := d.begin(&sink{}, blobRequest(t.Context()), "north"); ok {
		t.Error("a download that moves gave way")
	}
	south, ok := d.begin(&sink{}, blobRequest(t.Context()), "south")
	if !ok {
		t.Fatal("one region took another's places")
	}
	d.end(south, "south")
	clock.Store(60)
	fresh, ok := d.begin(&sink{}, blobRequest(t.Context()), "north")
	if !ok {
		t.Fatal("an abandoned download did not give way")
	}
	if _, err := fresh.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	if !stuck[0].dead.Load() || stuck[1].dead.Load() {
		t.Error("not the oldest gave way")
	}
	d.end(fresh, "north")
	for _, s := range stuck[1:] {
		_ = s.SetWriteDeadline(time.Unix(1, 0))
	}
	wg.Wait()
}

func TestBlobsLeaveRoomForQuestions(t *testing.T) {
	b := newBench(t)
	release := make(chan struct{})
	entered := make(chan struct{}, perRegionBlobs)
	b.slow = func(r *http.Request) {
		if isBlob(r) {
			entered <- struct{}{}
			<-release
		}
	}
	client := b.client(t, "north")
	get := func(path string) int {
		response, err := client.Get(b.url + path)
		if err != nil {
			t.Error(err)
			return 0
		}
		response.Body.Close()
		return response.StatusCode
	}
	var wg sync.WaitGroup
	for range perRegionBlobs {
		wg.Go(func() { get("/v2/regions/north/feeds/a.b/blobs/sha256:00") })
	}
	for range perRegionBlobs {
		<-entered
	}
	if status := get("/v2/regions/north/feeds/a.b/blobs/sha256:00"); status != http.StatusTooManyRequests {
		t.Errorf("one blob too many: %d", status)
	}
	for _, path := range []string{"/v2/regions/north/order/manifests/current", "/v2/regions/north/order/blobs/sha256:00", "/v2/regions/north/feeds/a.b/manifests/v1"} {
		if status := get(path); status != http.StatusOK {
			t.Errorf("%s while blobs are read: %d", path, status)
		}
	}
	close(release)
	wg.Wait()
}
