// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/frontline-screening/frontline/internal/matcher"
	"github.com/frontline-screening/frontline/internal/pki"
)

// Handler serves the engine to the fronts of one region:
//
//	POST /v1/screen, /v1/screen:batch, /v1/verify, GET /openapi.json   as matcher.Service
//	GET  /v1/feeds                                                     a screen.Serving
//
// The connection must have verified the client's certificate.
func Handler(service *matcher.Service, engine *matcher.Engine, region string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", service.Handler())
	mux.HandleFunc("GET /v1/feeds", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(engine.Serving(time.Now()))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, err := pki.PeerID(r.TLS)
		if err == nil && (id.Role != pki.RoleFront || id.Region != region) {
			err = fmt.Errorf("%s may not search here; only the fronts of region %s may", id, region)
		}
		if err != nil {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusForbidden)
			_ = json.NewEncoder(w).Encode(map[string]any{
				"title": http.StatusText(http.StatusForbidden), "status": http.StatusForbidden, "detail": err.Error(),
			})
			return
		}
		mux.ServeHTTP(w, r)
	})
}
