// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

const (
	// perRegionBlobs bounds the blobs that one region reads at once. Manifests
	// and questions whether a blob is there have places of their own.
	perRegionBlobs = 8
	// turn is what is sent between two questions for leave, in bytes.
	turn = 16 << 10
	// sendTimeout bounds the sending of a turn: a line slower than 0.5 kB/s is
	// down. The region notices by itself and asks for the rest.
	sendTimeout = 30 * time.Second
	// abandoned is how long a download has sent nothing that gives way to a new
	// one of its region. After a cut the region is back long before its old
	// connections are known to be dead.
	abandoned = 3 * time.Second
)

// downloads shares the hub's line between regions.
type downloads struct {
	now   func() time.Time
	limit *rate.Limiter // of all regions together

	mu      sync.Mutex
	regions map[string]*lane
}

// lane is what one region reads.
type lane struct {
	// next is held while the region asks for leave to send. The limiter serves
	// those who ask in turn, and one of each region asks, so that regions get
	// equal parts however many blobs each reads; what a slow one does not
	// take, others get.
	next    chan struct{}
	running []*download
}

// download is one blob on its way to a region.
type download struct {
	http.ResponseWriter
	ctx    context.Context //nolint:containedctx // of the request, which it does not outlive
	cancel context.CancelFunc
	lane   *lane
	all    *downloads
	moved  atomic.Int64 // when something was sent last, Unix nanoseconds
}

func newDownloads(bytesPerSecond int64) *downloads {
	d := &downloads{now: time.Now, limit: rate.NewLimiter(rate.Inf, turn), regions: map[string]*lane{}}
	if bytesPerSecond > 0 {
		d.limit = rate.NewLimiter(rate.Limit(bytesPerSecond), int(max(turn, bytesPerSecond/20)))
	}
	return d
}

// isBlob says whether a request reads a blob of a feed. The files of an order
// are small, and everything waits for them.
func isBlob(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/feeds/") && strings.Contains(r.URL.Path, "/blobs/")
}

// begin takes a place for a download of the region; false when all are taken
// by others that move. The caller ends it.
func (d *downloads) begin(w http.ResponseWriter, r *http.Request, region string) (*download, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.regions[region]
	if l == nil {
		l = &lane{next: make(chan struct{}, 1)}
		d.regions[region] = l
	}
	if len(l.running) >= perRegionBlobs && !l.evict(d.now().Add(-abandoned)) {
		return nil, false
	}
	ctx, cancel := context.WithCancel(r.Context())
	one := &download{ResponseWriter: w, ctx: ctx, cancel: cancel, lane: l, all: d}
	one.moved.Store(d.now().UnixNano())
	l.running = append(l.running, one)
	return one, true
}

// evict ends the download that has stood still for longest, if it has since then.
func (l *lane) evict(since time.Time) bool {
	oldest := slices.MinFunc(l.running, func(a, b *download) int { return int(a.moved.Load() - b.moved.Load()) })
	if oldest.moved.Load() > since.UnixNano() {
		return false
	}
	oldest.cancel()
	// A write to a dead connection ends by its deadline alone.
	_ = http.NewResponseController(oldest.ResponseWriter).SetWriteDeadline(time.Unix(1, 0))
	l.remove(oldest)
	return true
}

func (l *lane) remove(one *download) {
	if i := slices.Index(l.running, one); i >= 0 {
		l.running = slices.Delete(l.running, i, i+1)
	}
}

// end gives the place up.
func (d *downloads) end(one *download, region string) {
	one.cancel()
	d.mu.Lock()
	defer d.mu.Unlock()
	one.lane.remove(one)
	if len(one.lane.running) == 0 && d.regions[region] == one.lane {
		delete(d.regions, region)
	}
}

// Unwrap is for http.ResponseController.
func (d *download) Unwrap() http.ResponseWriter { return d.ResponseWriter }

// Write implements http.ResponseWriter: in turns, each with leave.
func (d *download) Write(data []byte) (sent int, err error) {
	for len(data) > 0 {
		piece := data[:min(len(data), turn)]
		if err := d.leave(len(piece)); err != nil {
			return sent, err
		}
		_ = http.NewResponseController(d.ResponseWriter).SetWriteDeadline(time.Now().Add(sendTimeout))
		n, err := d.ResponseWriter.Write(piece)
		sent += n
		if err != nil {
			return sent, err
		}
		d.moved.Store(d.all.now().UnixNano())
		data = data[n:]
	}
	return sent, nil
}

// leave waits for the region's turn.
func (d *download) leave(n int) error {
	if d.all.limit.Limit() == rate.Inf {
		return d.ctx.Err()
	}
	select {
	case d.lane.next <- struct{}{}:
	case <-d.ctx.Done():
		return d.ctx.Err()
	}
	defer func() { <-d.lane.next }()
	err := d.all.limit.WaitN(d.ctx, n)
	// Waiting for the hub's own line is not standing still.
	d.moved.Store(d.all.now().UnixNano())
	return err
}
