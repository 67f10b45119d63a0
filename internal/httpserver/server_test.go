// SPDX-License-Identifier: Apache-2.0

package httpserver_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/frontline-screening/frontline/internal/httpserver"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestDrainLosesNoRequest(t *testing.T) {
	l := listen(t)
	url := "http://" + l.Addr().String()
	entered, release := make(chan struct{}), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(entered)
			<-release
		}
		_, _ = io.WriteString(w, "answered")
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- httpserver.Run(ctx, httpserver.Options{Settle: 300 * time.Millisecond, Drain: 10 * time.Second},
			httpserver.Server{Name: "test", Listener: l, Handler: handler})
	}()
	get := func(path string) (string, error) {
		resp, err := http.Get(url + path)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if resp.Close {
			data = append(data, " and closed"...)
		}
		return string(data), err
	}
	slow := make(chan string, 1)
	go func() {
		text, err := get("/slow")
		slow <- text + errText(err)
	}()
	<-entered
	if got, err := get("/"); err != nil || got != "answered" {
		t.Fatalf("before the end: %q, %v", got, err)
	}
	cancel()
	// While others learn of the end, new requests are answered, each ending its connection.
	var got string
	for end := time.Now().Add(5 * time.Second); !strings.HasSuffix(got, "closed") && time.Now().Before(end); {
		var err error
		if got, err = get("/"); err != nil {
			t.Fatalf("a request during the settling failed: %v", err)
		}
	}
	if got != "answered and closed" {
		t.Errorf("during the settling: %q, want an answer that ends its connection", got)
	}
	time.Sleep(400 * time.Millisecond) // past the settling: only what runs is still there
	close(release)
	if got := <-slow; !strings.HasPrefix(got, "answered") {
		t.Errorf("the request that ran when the end was ordered got %q", got)
	}
	if err := <-done; err != nil {
		t.Errorf("Run says %v", err)
	}
	if _, err := get("/"); err == nil {
		t.Error("the server still answers after its end")
	}
}

func errText(err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestRunFailsOnATakenAddress(t *testing.T) {
	l := listen(t)
	defer l.Close()
	err := httpserver.Run(t.Context(), httpserver.Options{}, httpserver.Server{Name: "health", Bind: l.Addr().String(), Handler: http.NotFoundHandler()})
	if err == nil || !strings.Contains(err.Error(), "health server") {
		t.Errorf("error is %v, want one that names the server", err)
	}
}

func TestHealthIsAStartGate(t *testing.T) {
	waiting := errors.New("feed intl.a is loading")
	ready := httpserver.Sticky(func() error { return waiting })
	l := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- httpserver.Run(ctx, httpserver.Options{Drain: time.Second},
			httpserver.Server{Name: "health", Listener: l, Handler: httpserver.Health(ready, httpserver.NewMetrics())})
	}()
	check := func(path string, status int, text string) {
		t.Helper()
		resp, err := http.Get("http://" + l.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != status || !strings.Contains(string(data), text) {
			t.Errorf("%s: status %d, body %q; want %d and %q", path, resp.StatusCode, data, status, text)
		}
	}
	check("/livez", http.StatusOK, "ok")
	check("/readyz", http.StatusServiceUnavailable, "feed intl.a is loading")
	check("/metrics", http.StatusOK, "go_goroutines")
	waiting = nil
	check("/readyz", http.StatusOK, "ok")
	waiting = errors.New("the feed was withdrawn")
	check("/readyz", http.StatusOK, "ok")
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
