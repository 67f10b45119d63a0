// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/frontline-screening/frontline/internal/testnet"
)

// quick is a patience that tests have time for.
var quick = patience{
	answer: 2 * time.Second, stall: 100 * time.Millisecond, first: 5 * time.Millisecond, longest: 50 * time.Millisecond,
	quiet: 20 * time.Second, base: time.Minute, slowest: 2 << 10,
}

// pushBytes puts a blob into the registry.
func (s *server) pushBytes(t *testing.T, size int) (ocispec.Descriptor, []byte) {
	t.Helper()
	data := make([]byte, size)
	if _, err := rand.Read(data); err != nil {
		t.Fatal(err)
	}
	desc := ocispec.Descriptor{MediaType: "a/b", Digest: digest.FromBytes(data), Size: int64(size)}
	repository, err := s.repository(repo)
	if err != nil {
		t.Fatal(err)
	}
	if err := uploadBlob(t.Context(), repository, desc, opener(data)); err != nil {
		t.Fatal(err)
	}
	return desc, data
}

// over returns a client of the same registry over a bad line.
func (s *server) over(t *testing.T) (*Registry, *testnet.Proxy) {
	t.Helper()
	proxy, err := testnet.Listen(s.Host())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	r, err := Connect("http://"+proxy.Addr(), &http.Client{Transport: &http.Transport{}})
	if err != nil {
		t.Fatal(err)
	}
	r.patience = quick
	return r, proxy
}

func holdsBytes(t *testing.T, path string, want []byte) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: %d bytes, %v; want the %d of the blob", path, len(got), err, len(want))
	}
}

// TestFetchHelper is the process that TestFetchSurvivesKill kills.
func TestFetchHelper(t *testing.T) {
	address := os.Getenv("FETCH_FROM")
	if address == "" {
		return // an ordinary run: there is nothing to fetch
	}
	r, err := Connect(address, &http.Client{})
	if err != nil {
		t.Fatal(err)
	}
	var size int64
	if _, err := fmt.Sscan(os.Getenv("FETCH_SIZE"), &size); err != nil {
		t.Fatal(err)
	}
	desc := ocispec.Descriptor{Digest: digest.Digest(os.Getenv("FETCH_DIGEST")), Size: size}
	if err := r.fetchBlob(t.Context(), repo, desc, os.Getenv("FETCH_TO")); err != nil {
		t.Fatal(err)
	}
}

func TestFetchSurvivesKill(t *testing.T) {
	hub := newServer(t)
	const size, kills = 6 << 20, 3
	desc, data := hub.pushBytes(t, size)
	_, line := hub.over(t)
	line.SetRate(3 << 20)
	path := filepath.Join(t.TempDir(), "blob")
	start := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFetchHelper$")
		cmd.Env = append(os.Environ(), "FETCH_FROM=http://"+line.Addr(), "FETCH_DIGEST="+desc.Digest.String(),
			fmt.Sprintf("FETCH_SIZE=%d", size), "FETCH_TO="+path)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	hub.requests()
	var left []int64
	for kill := range kills {
		cmd := start()
		for {
			if info, err := os.Stat(path + partSuffix); err == nil && info.Size() > int64((kill+1)*size/(kills+2)) {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		info, err := os.Stat(path + partSuffix)
		if err != nil {
			t.Fatal(err)
		}
		left = append(left, info.Size())
	}
	if out, err := start().Process.Wait(); err != nil || !out.Success() {
		t.Fatalf("the last process: %v, %v", out, err)
	}
	holdsBytes(t, path, data)
	// Each process went on exactly where the one before had written to.
	asked := hub.requests("GET", "/blobs/")
	if len(asked) != kills+1 {
		t.Fatalf("requests: %v", asked)
	}
	for i, size := range left {
		if !strings.HasSuffix(asked[i+1], fmt.Sprintf("bytes=%d-", size)) {
			t.Errorf("process %d asked %q, and %d bytes were there", i+2, asked[i+1], size)
		}
	}
	if _, down := line.Bytes(); down > size*103/100 {
		t.Errorf("%d bytes on the wire for %d: %.1f %%, at most 103", down, size, float64(down)*100/size)
	} else {
		t.Logf("%d kills: %.2f %% on the wire", kills, float64(down)*100/size)
	}
}

func TestFetchOverBrokenLine(t *testing.T) {
	hub := newServer(t)
	const size = 3 << 20
	desc, data := hub.pushBytes(t, size)
	tests := []struct {
		name   string
		breaks func(*testnet.Proxy)
	}{
		{"reset", func(p *testnet.Proxy) { p.Reset() }},
		{"silent for longer than a stall", func(p *testnet.Proxy) {
			p.Cut()
			time.Sleep(4 * quick.stall)
			p.Restore()
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, line := hub.over(t)
			line.SetRate(3 << 20)
			path := filepath.Join(t.TempDir(), "blob")
			done := make(chan error, 1)
			go func() { done <- r.fetchBlob(t.Context(), repo, desc, path) }()
			for _, at := range []int64{size / 4, size / 2} {
				for _, down := line.Bytes(); down < at; _, down = line.Bytes() {
					time.Sleep(time.Millisecond)
				}
				test.breaks(line)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			holdsBytes(t, path, data)
			if line.Connections() < 3 {
				t.Errorf("%d connections: a line that broke twice was not noticed", line.Connections())
			}
		})
	}
}

func TestFetchGivesUpADeadLine(t *testing.T) {
	hub := newServer(t)
	desc, _ := hub.pushBytes(t, 1<<20)
	r, line := hub.over(t)
	r.patience.quiet, r.patience.answer = 300*time.Millisecond, 100*time.Millisecond
	line.Cut()
	dir := t.TempDir()
	err := r.fetchBlob(t.Context(), repo, desc, filepath.Join(dir, "blob"))
	if err == nil || !errors.Is(err, errStalled) {
		t.Errorf("fetchBlob() = %v", err)
	}
	if files, _ := os.ReadDir(dir); len(files) > 0 {
		t.Errorf("left behind: %v", files)
	}
}

func TestFetchDiscardsOneBlob(t *testing.T) {
	hub := newServer(t)
	hub.patience = quick
	desc, data := hub.pushBytes(t, 100_000)
	status := func(code int) func(http.ResponseWriter, *http.Request, http.Handler) {
		return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.Header.Get("Range") != "" {
				w.Header().Set("Content-Range", "bytes 7-99999/100000")
				w.WriteHeader(code)
				return
			}
			next.ServeHTTP(w, r)
		}
	}
	ignore := func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		r.Header.Del("Range")
		next.ServeHTTP(w, r)
	}
	busy := 2
	tests := []struct {
		name    string
		disturb func(http.ResponseWriter, *http.Request, http.Handler)
		part    []byte
		want    int
	}{
		{"416", status(http.StatusRequestedRangeNotSatisfiable), data[:5000], 2},
		{"200", ignore, data[:5000], 1},
		{"another range", status(http.StatusPartialContent), data[:5000], 2},
		{"part of another blob", nil, []byte("something else"), 2},
		{"part longer than the blob", nil, append(bytes.Clone(data), 'x'), 1},
		{"whole part", nil, data, 0},
		{"busy for a while", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if busy--; busy >= 0 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			next.ServeHTTP(w, r)
		}, data[:5000], 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			hub.disturbing(test.disturb)
			defer hub.disturbing(nil)
			dir := t.TempDir()
			path, other := filepath.Join(dir, "blob"), filepath.Join(dir, "other"+partSuffix)
			for file, content := range map[string][]byte{path + partSuffix: test.part, other: []byte("kept")} {
				if err := os.WriteFile(file, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			hub.requests()
			if err := hub.fetchBlob(t.Context(), repo, desc, path); err != nil {
				t.Fatal(err)
			}
			holdsBytes(t, path, data)
			holdsBytes(t, other, []byte("kept"))
			if got := hub.requests("GET"); len(got) != test.want {
				t.Errorf("requests %v, want %d", got, test.want)
			}
		})
	}
}

func TestFetchNeedsSpace(t *testing.T) {
	hub := newServer(t)
	hub.requests()
	dir := t.TempDir()
	desc := ocispec.Descriptor{Digest: digest.FromString("x"), Size: 1 << 60}
	err := hub.fetchBlob(t.Context(), repo, desc, filepath.Join(dir, "blob"))
	if !errors.Is(err, ErrSpace) {
		t.Errorf("fetchBlob() = %v", err)
	}
	if asked := hub.requests(); len(asked) > 0 {
		t.Errorf("asked all the same: %v", asked)
	}
	if files, _ := os.ReadDir(dir); len(files) > 0 {
		t.Errorf("left behind: %v", files)
	}
}

func TestLimiterIsFair(t *testing.T) {
	hub := newServer(t)
	l := NewLimiter(1 << 20)
	if l.Rate() != 1<<20 {
		t.Errorf("Rate() = %d", l.Rate())
	}
	ctx, cancel := context.WithTimeout(l.Context(t.Context()), time.Second)
	defer cancel()
	dir := t.TempDir()
	start := time.Now()
	var wg sync.WaitGroup
	for i := range 3 {
		desc, _ := hub.pushBytes(t, 4<<20)
		wg.Go(func() {
			// It ends by the context: what counts is how far each has come.
			if err := hub.fetchBlob(ctx, repo, desc, filepath.Join(dir, strconv.Itoa(i))); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("fetchBlob() = %v", err)
			}
		})
	}
	wg.Wait()
	took := time.Since(start).Seconds()
	var total int64
	var sizes []int64
	for i := range 3 {
		info, err := os.Stat(filepath.Join(dir, strconv.Itoa(i)) + partSuffix)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
		sizes = append(sizes, info.Size())
	}
	if most := int64(took*(1<<20)) + 1<<20/20 + 3*largestChunk; total > most {
		t.Errorf("%d bytes in %.2f s at 1 MiB/s, at most %d", total, took, most)
	}
	for _, size := range sizes {
		if size < total/6 {
			t.Errorf("shares %v: one of three has less than half its part", sizes)
		}
	}
}

func TestLimiterLeavesRoomForSmallBlobs(t *testing.T) {
	hub := newServer(t)
	l := NewLimiter(0)
	ctx := l.Context(t.Context())
	for range largeAtOnce {
		if _, err := l.enter(ctx, 100<<20); err != nil {
			t.Fatal(err)
		}
	}
	small, data := hub.pushBytes(t, 1000)
	path := filepath.Join(t.TempDir(), "blob")
	if err := hub.fetchBlob(ctx, repo, small, path); err != nil {
		t.Fatal(err)
	}
	holdsBytes(t, path, data)
	waiting, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := l.enter(waiting, 100<<20); err == nil {
		t.Error("one large blob too many")
	}
}

func TestLimiterChangesWhileItRuns(t *testing.T) {
	hub := newServer(t)
	desc, data := hub.pushBytes(t, 2<<20)
	l := NewLimiter(1000) // more than half an hour
	path := filepath.Join(t.TempDir(), "blob")
	done := make(chan error, 1)
	go func() { done <- hub.fetchBlob(l.Context(t.Context()), repo, desc, path) }()
	time.Sleep(50 * time.Millisecond)
	l.SetRate(0)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	holdsBytes(t, path, data)
	l.SetRate(100)
	if l.Rate() != 100 {
		t.Errorf("Rate() = %d", l.Rate())
	}
}

func TestPauses(t *testing.T) {
	var last time.Duration
	for before := range 60 {
		last = defaultPatience.pause(before, errors.New("x"))
		if last <= 0 || last > 10*time.Second {
			t.Fatalf("pause %d is %s", before, last)
		}
	}
	if last < time.Second {
		t.Errorf("pauses end at %s", last)
	}
	if got := defaultPatience.pause(0, &retryAfter{error: errors.New("x"), wait: time.Hour}); got > 10*time.Second {
		t.Errorf("a registry can make the region wait for %s", got)
	}
}
