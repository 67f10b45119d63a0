// SPDX-License-Identifier: Apache-2.0

package front

import (
	"net/http"

	"github.com/frontline-screening/frontline/internal/screen"
)

// Status is what a post answers with at the moment: ids, numbers and times.
type Status struct {
	Region   string           `json:"region"`
	Post     string           `json:"post"`
	Hostname string           `json:"hostname,omitempty"`
	Purposes []screen.Purpose `json:"purposes"`
	// Pools are the post's, in the order of its configuration.
	Pools []PoolStatus `json:"pools"`
	screen.Serving
}

// PoolStatus says whether a pool answers this front.
type PoolStatus struct {
	Name      string `json:"name"`
	Reachable bool   `json:"reachable"`
}

// handlePost asks the pools what they serve and puts it together as for an answer.
func (f *Front) handlePost(w http.ResponseWriter, r *http.Request) {
	serving, _ := ask[screen.Serving](r.Context(), f, http.MethodGet, func(*pool) string { return "/v1/feeds" }, nil)
	status := Status{
		Region: f.config.Region, Post: f.config.Post, Hostname: f.config.Hostname, Purposes: f.config.Purposes,
	}
	answers := make([]*screen.Answer, len(serving))
	for i, s := range serving {
		status.Pools = append(status.Pools, PoolStatus{Name: f.pools[i].Name, Reachable: s != nil})
		if s != nil {
			answers[i] = &screen.Answer{Searched: s.Searched, Unavailable: s.Unavailable, Engines: s.Engines, Mode: s.Mode}
		}
	}
	a := compose(f.config, answers, f.now())
	status.Serving = screen.Serving{Searched: a.Searched, Unavailable: a.Unavailable, Engines: a.Engines, Mode: a.Mode}
	writeJSON(w, status)
}
