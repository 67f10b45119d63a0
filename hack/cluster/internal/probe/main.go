// SPDX-License-Identifier: Apache-2.0

// Command probe lets a test look at a cluster from inside a pod. It serves
// HTTP on port 8080 and needs nothing but itself in its image:
//
//	GET /                    200, the pod's host name
//	GET /resolve?name=NAME   200, the addresses of a DNS name, one a line
//	GET /get?url=URL         200, the body behind an http URL
//	GET /write?path=PATH     200, after writing a file and reading it back
//
// What fails is answered 502 with the reason.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// limit is how long one look may take; well above what any link of the rig
// needs, so that only a cut one exceeds it.
const limit = 3 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", answer(func(context.Context, *http.Request) (string, error) { return os.Hostname() }))
	mux.HandleFunc("GET /resolve", answer(resolve))
	mux.HandleFunc("GET /get", answer(get))
	mux.HandleFunc("GET /write", answer(write))
	server := &http.Server{Addr: ":8080", Handler: mux, ReadHeaderTimeout: limit}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}

func answer(look func(context.Context, *http.Request) (string, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		text, err := look(ctx, r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		fmt.Fprintln(w, text)
	}
}

func resolve(ctx context.Context, r *http.Request) (string, error) {
	addresses, err := net.DefaultResolver.LookupHost(ctx, r.FormValue("name"))
	return strings.Join(addresses, "\n"), err
}

func get(ctx context.Context, r *http.Request) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.FormValue("url"), nil)
	if err != nil {
		return "", err
	}
	// A connection of its own each time: one kept alive would tell nothing of
	// the link now.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", response.Status, body)
	}
	return strings.TrimSpace(string(body)), nil
}

func write(_ context.Context, r *http.Request) (string, error) {
	path, want := r.FormValue("path"), time.Now().String()
	if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
		return "", err
	}
	got, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if string(got) != want {
		return "", fmt.Errorf("%s holds %q after writing %q", path, got, want)
	}
	return path, nil
}
