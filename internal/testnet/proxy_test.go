// SPDX-License-Identifier: Apache-2.0

package testnet_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/frontline-screening/frontline/internal/testnet"
)

func newLine(t *testing.T, body []byte) (*testnet.Proxy, func(context.Context) ([]byte, error)) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
	t.Cleanup(server.Close)
	proxy, err := testnet.Listen(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := proxy.Close(); err != nil {
			t.Error(err)
		}
	})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return proxy, func(ctx context.Context) ([]byte, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+proxy.Addr(), nil)
		if err != nil {
			return nil, err
		}
		response, err := client.Do(request)
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		return io.ReadAll(response.Body)
	}
}

func TestProxyPassesEverything(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789"), 50_000)
	proxy, get := newLine(t, body)
	proxy.SetDelay(5 * time.Millisecond)
	proxy.SetRate(5 << 20)
	start := time.Now()
	got, err := get(t.Context())
	if err != nil || !bytes.Equal(got, body) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	// The least it can take: 500 kB at 5 MiB/s and a round trip. No upper bound: the machine may be busy.
	if took := time.Since(start); took < 85*time.Millisecond {
		t.Errorf("took %s: the line is not as it was set", took)
	}
	// A piece counts once it was written, which its reader may have noticed before.
	up, down := proxy.Bytes()
	for wait := time.Now().Add(5 * time.Second); down < int64(len(body)) && time.Now().Before(wait); up, down = proxy.Bytes() {
		time.Sleep(time.Millisecond)
	}
	if up == 0 || down < int64(len(body)) || proxy.Connections() != 1 {
		t.Errorf("counted %d up, %d down, %d connections", up, down, proxy.Connections())
	}
}

func TestProxyCutsAndResets(t *testing.T) {
	proxy, get := newLine(t, []byte("hello"))
	proxy.Cut()
	proxy.Cut()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if got, err := get(ctx); err == nil {
		t.Errorf("got %q over a line that is down", got)
	}
	proxy.Restore()
	if got, err := get(t.Context()); err != nil || string(got) != "hello" {
		t.Errorf("after the line came back: %q, %v", got, err)
	}
	slow, get := newLine(t, make([]byte, 1<<20))
	slow.SetRate(100 << 10)
	failed := make(chan error, 1)
	go func() { _, err := get(t.Context()); failed <- err }()
	for _, down := slow.Bytes(); down == 0; _, down = slow.Bytes() {
		time.Sleep(time.Millisecond)
	}
	slow.Reset()
	if err := <-failed; err == nil {
		t.Error("a reset connection went on")
	}
}
