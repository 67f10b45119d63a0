// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestArrivals(t *testing.T) {
	due := arrivals(rand.New(rand.NewPCG(1, 1)), 1000, 10*time.Second)
	if len(due) < 9600 || len(due) > 10400 {
		t.Errorf("%d arrivals, want about 10000", len(due))
	}
	for i := 1; i < len(due); i++ {
		if due[i] < due[i-1] || due[i] >= 10*time.Second {
			t.Fatalf("arrival %d at %v after %v", i, due[i], due[i-1])
		}
	}
}

// TestFlooded: every third request is turned away, one result is unlike the others,
// and the server stops once, which all requests due meanwhile must show.
func TestFlooded(t *testing.T) {
	const stop = 200 * time.Millisecond
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch i := n.Add(1); {
		case i == 100:
			time.Sleep(stop)
			fmt.Fprint(w, `{"outcome":"NoCandidate","id":"fe","candidates":[1]}`)
		case i%3 == 0:
			if i%2 == 0 {
				w.Header().Set("Retry-After", "1")
			}
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			fmt.Fprintf(w, `{"outcome":"NoCandidate","id":"%d","candidates":[]}`, i)
		}
	}))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	message := []byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
	var due []time.Duration
	for i := range 300 {
		due = append(due, time.Duration(i)*time.Millisecond)
	}
	atRest := contentOf([]byte(`{"outcome":"NoCandidate","id":"0","candidates":[]}`))
	got, err := flooded(t.Context(), address, [][]byte{message}, []uint64{atRest}, due)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.late) != 300 || got.statuses[http.StatusTooManyRequests] != 100 || got.unlike != 1 || got.silent != 50 {
		t.Errorf("%d sent, statuses %v, %d unlike, %d silent", len(got.late), got.statuses, got.unlike, got.silent)
	}
	if most := got.took[len(got.took)-1]; most < milliseconds(stop) {
		t.Errorf("the slowest took %v ms", most)
	}
}

func TestContentLeavesTheIDAside(t *testing.T) {
	a := contentOf([]byte(`{"id":"a","outcome":"x"}`))
	if a != contentOf([]byte(`{"id":"b","outcome":"x"}`)) || a == contentOf([]byte(`{"id":"a","outcome":"y"}`)) {
		t.Error("answers are compared by their id, or by nothing else")
	}
}
