// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/frontline-screening/frontline/internal/garbage"
)

// Collect removes what nothing refers to. Changes wait meanwhile; reading goes
// on. It is not stopped half way by the end of ctx, only before.
func (s *Server) Collect(ctx context.Context, o garbage.Options) (garbage.Collected, error) {
	if o.UntaggedSeconds == 0 {
		o.UntaggedSeconds = s.regular.UntaggedSeconds
	}
	open, err := s.gate.shut(ctx)
	if err != nil {
		s.collected(garbage.Collected{}, err, s.now())
		return garbage.Collected{}, err
	}
	defer open()
	start := time.Now()
	c, err := newCollection(newLayout(s.root), o, s.now(), s.grace)
	if err != nil {
		return garbage.Collected{}, err
	}
	result, err := c.run(context.WithoutCancel(ctx))
	result.Milliseconds = time.Since(start).Milliseconds()
	s.collected(result, err, s.now())
	if len(result.Unreadable) > 0 {
		s.log.Info("Manifests could not be read and were removed; push them again", "manifests", result.Unreadable)
	}
	return result, err
}

// Run collects at once and then every period, until ctx ends.
func (s *Server) Run(ctx context.Context, period time.Duration) error {
	for {
		result, err := s.Collect(ctx, s.regular)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // the end that was asked for
		case err != nil:
			s.log.Error(err, "Cleaning up failed; what is kept too long is tried again", "period", period.String())
		case result.Blobs+result.Manifests+result.Links+result.Uploads > 0:
			s.log.Info("Cleaned up", "blobs", result.Blobs, "bytes", result.Bytes, "manifests", result.Manifests,
				"uploads", result.Uploads, "bytesLeft", result.BytesLeft, "milliseconds", result.Milliseconds)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(jittered(period, rand.Int64N)):
		}
	}
}

// collect answers garbage.Path for one who may write; allowed judges each
// repository named.
func (s *Server) collect(w http.ResponseWriter, request *http.Request, allowed func(repository string) error) {
	if request.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		answer(w, http.StatusMethodNotAllowed, "UNSUPPORTED", "collections are asked for by POST")
		return
	}
	o, err := garbage.ReadOptions(request.Body)
	if err != nil {
		answer(w, http.StatusBadRequest, "INVALID", err.Error())
		return
	}
	for _, name := range slices.Concat(o.Untagged, slices.Sorted(maps.Keys(o.Erase))) {
		if err := allowed(name); err != nil {
			s.log.Info("refused", "repository", name, "collect", true, "reason", err.Error())
			deny(w, err.Error())
			return
		}
	}
	if _, err := newCollection(newLayout(s.root), o, s.now(), s.grace); err != nil {
		answer(w, http.StatusBadRequest, "DIGEST_INVALID", err.Error())
		return
	}
	result, err := s.Collect(request.Context(), o)
	if err != nil {
		s.log.Error(err, "Cleaning up failed")
		denyBusy(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(result)
}
