// SPDX-License-Identifier: Apache-2.0

package link

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// A request that is held while a transfer gives the line's connections up is
// made again on another one.
func TestHeldRequestOutlivesDroppedConnections(t *testing.T) {
	var asked atomic.Int64
	held := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			close(held)
			<-r.Context().Done()
			return
		}
		_, _ = w.Write([]byte(`{"sequence":7}`))
	}))
	t.Cleanup(server.Close)
	h := &HTTP{gateways: []string{server.URL}}
	transport := newTransport(nil, nil, &h.open)
	h.client = &http.Client{Transport: transport}
	t.Cleanup(transport.CloseIdleConnections)
	go func() {
		<-held
		(&http.Client{Transport: failover{h}}).CloseIdleConnections()
	}()
	sequence, changed, err := h.WaitOrder(t.Context(), 6)
	if err != nil || !changed || sequence != 7 || asked.Load() != 2 {
		t.Errorf("order %d, changed %v, %v after %d requests; want order 7 at the second", sequence, changed, err, asked.Load())
	}
	if n := len(h.open.open); n != 1 {
		t.Errorf("%d connections are listed, want the new one alone", n)
	}
}
