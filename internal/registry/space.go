// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// shielded answers a change. An error of the library becomes a sentence when
// its cause is known: a full volume, or a collection that took too long.
type shielded struct {
	http.ResponseWriter
	change *change
	full   func() error
	muted  bool // the library's body is dropped
	begun  bool // the status is sent; the library repeats it after some errors
}

// WriteHeader implements http.ResponseWriter.
func (s *shielded) WriteHeader(status int) {
	if s.begun {
		return
	}
	s.begun = status >= http.StatusOK
	if s.change.err != nil && status >= http.StatusBadRequest {
		s.muted = true
		denyBusy(s.ResponseWriter, s.change.err)
		return
	}
	if status >= http.StatusInternalServerError {
		if err := s.full(); err != nil {
			s.muted = true
			denyFull(s.ResponseWriter, err)
			return
		}
	}
	s.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (s *shielded) Write(data []byte) (int, error) {
	if s.muted {
		return len(data), nil
	}
	return s.ResponseWriter.Write(data)
}

// Unwrap is for http.ResponseController.
func (s *shielded) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// room returns an error when the volume cannot take so many bytes and keep
// its reserve, without which not even a deletion could be recorded.
func (s *Server) room(bytes int64) error {
	free, err := s.free(s.root)
	if err != nil {
		return nil //nolint:nilerr // a volume that does not say is found full by writing
	}
	if need := max(bytes, 0) + s.reserve; free < need {
		return fmt.Errorf("the registry's volume has %d MiB free and needs %d MiB: delete releases and collect, or enlarge the volume; reading goes on", free>>20, need>>20)
	}
	return nil
}

func denyFull(w http.ResponseWriter, err error) {
	answer(w, http.StatusInsufficientStorage, "INSUFFICIENT_STORAGE", err.Error())
}

func denyBusy(w http.ResponseWriter, err error) {
	w.Header().Set("Retry-After", "5")
	answer(w, http.StatusServiceUnavailable, "UNAVAILABLE", err.Error())
}

// answer writes the error body of the distribution specification.
func answer(w http.ResponseWriter, status int, code, message string) {
	type ociError struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	w.Header().Del("Content-Length")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// An error here means that the client has gone.
	_ = json.NewEncoder(w).Encode(map[string][]ociError{"errors": {{Code: code, Message: message}}})
}

// change serves a request that alters the registry.
func (s *Server) change(w http.ResponseWriter, request *http.Request) {
	adds := request.Method != http.MethodDelete
	if adds {
		if err := s.room(request.ContentLength); err != nil {
			s.refusedFull.Add(1)
			denyFull(w, err)
			return
		}
	}
	hold := &change{gate: s.gate, ctx: request.Context()}
	defer hold.finish()
	if request.Method == http.MethodPut && request.Body != nil {
		request.Body = &lastByte{ReadCloser: request.Body, change: hold}
	} else if request.Method != http.MethodPatch {
		if err := hold.begin(); err != nil {
			denyBusy(w, err)
			return
		}
	}
	// The library's own answer to a full volume names no cause.
	full := func() error { return s.room(0) }
	s.app.ServeHTTP(&shielded{ResponseWriter: w, change: hold, full: full}, request)
}

// reading answers when the request changes nothing.
func reading(request *http.Request) bool {
	return request.Method == http.MethodGet || request.Method == http.MethodHead
}

// jittered spreads a period by a tenth of it, so that registries that were
// started together do not clean up together.
func jittered(period time.Duration, random func(n int64) int64) time.Duration {
	if spread := int64(period / 5); spread > 0 {
		return period - period/10 + time.Duration(random(spread))
	}
	return period
}

// isPattern says whether a repository's name stands for several.
func isPattern(name string) bool { return strings.ContainsAny(name, "*?[\\") }
