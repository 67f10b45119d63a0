// SPDX-License-Identifier: Apache-2.0

package region

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/go-logr/logr"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/pki"
)

const (
	// holdTime is how long a request for a target waits for a change.
	holdTime = 25 * time.Second
	// maxAck bounds an acknowledgement, in bytes.
	maxAck = 256 << 10
)

// LoaderAPI answers the loaders of the region:
//
//	GET  /v1/targets/POOL?after=ETAG   the pool's dataset.Target; held until it differs from ETAG, 204 when it does not
//	POST /v1/acks/POOL                 a dataset.PodAck
//
// A loader may ask for its own pool alone, the one its certificate names.
func LoaderAPI(r *Region) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/targets/{pool}", func(w http.ResponseWriter, req *http.Request) {
		if allowed(w, req, r.name) {
			serveTarget(w, req, r)
		}
	})
	mux.HandleFunc("POST /v1/acks/{pool}", func(w http.ResponseWriter, req *http.Request) {
		if allowed(w, req, r.name) {
			takeAck(w, req, r)
		}
	})
	return mux
}

func allowed(w http.ResponseWriter, req *http.Request, region string) bool {
	id, err := pki.PeerID(req.TLS)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return false
	}
	if want := (pki.ID{Role: pki.RoleLoader, Region: region, Name: req.PathValue("pool")}); id != want {
		http.Error(w, fmt.Sprintf("%s may not ask for this pool; each loader asks for its own", id), http.StatusForbidden)
		return false
	}
	return true
}

func serveTarget(w http.ResponseWriter, req *http.Request, r *Region) {
	pool, after := req.PathValue("pool"), req.URL.Query().Get("after")
	end := time.NewTimer(holdTime)
	defer end.Stop()
	for {
		changed := r.Changed()
		target, known := r.Target(pool)
		if known {
			data, err := canonical.Marshal(target)
			if err != nil {
				http.Error(w, "the target cannot be encoded", http.StatusInternalServerError)
				return
			}
			if tag := `"` + canonical.Digest(data) + `"`; tag != after {
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("ETag", tag)
				_, _ = w.Write(data)
				return
			}
		}
		select {
		case <-req.Context().Done():
			return
		case <-end.C:
			w.WriteHeader(http.StatusNoContent)
			return
		case <-changed:
		}
	}
}

func takeAck(w http.ResponseWriter, req *http.Request, r *Region) {
	var ack dataset.PodAck
	if err := json.NewDecoder(http.MaxBytesReader(w, req.Body, maxAck)).Decode(&ack); err != nil {
		http.Error(w, "the body is not an acknowledgement in JSON of at most 256 KiB", http.StatusBadRequest)
		return
	}
	if ack.Pod == "" || len(ack.Pod) > 253 {
		http.Error(w, "the acknowledgement names no pod", http.StatusBadRequest)
		return
	}
	if err := r.Acknowledge(req.PathValue("pool"), ack); err != nil {
		logr.FromContextOrDiscard(req.Context()).Error(err, "A restarted agent would have to wait for this acknowledgement", "pool", req.PathValue("pool"))
	}
	w.WriteHeader(http.StatusNoContent)
}
