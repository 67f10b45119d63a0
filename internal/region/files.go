// SPDX-License-Identifier: Apache-2.0

package region

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
)

// Problem is what FileAPI answers instead of a result.
type Problem struct {
	// Reason is why a bundle was refused; empty for a failure that may pass.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message"`
}

// Files is what a region exchanges with its hub by files. Both are nil while
// the region has not joined.
type Files struct {
	Import func(context.Context, io.Reader) (Imported, error)
	Report func(context.Context) ([]byte, error)
}

// errNotJoined is the answer of a region that has no hub.
var errNotJoined = errors.New("the region has not joined a hub; run: frontline region join FILE")

// FileAPI carries files between a region and its people:
//
//	POST /v1/bundles   a bundle; Imported, or a Problem
//	POST /v1/report    a signed report for the hub, or a Problem
//
// It asks nobody who he is: what comes in is proven by its signatures, and
// what goes out is signed and no secret. Bind it to the loopback address, so
// that only those reach it who may forward a port of the pod.
func FileAPI(files func() Files) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/bundles", func(w http.ResponseWriter, req *http.Request) {
		unhurried(w)
		done, err := Imported{}, errNotJoined
		if take := files().Import; take != nil {
			done, err = take(req.Context(), req.Body)
		}
		if err != nil {
			// Who is still writing does not read: an answer before the end of the
			// request would be lost.
			_, _ = io.Copy(io.Discard, req.Body)
			refuseFile(w, err)
			return
		}
		answerFile(w, http.StatusOK, done)
	})
	mux.HandleFunc("POST /v1/report", func(w http.ResponseWriter, req *http.Request) {
		envelope, err := []byte(nil), errNotJoined
		if makeReport := files().Report; makeReport != nil {
			envelope, err = makeReport(req.Context())
		}
		if err != nil {
			refuseFile(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(envelope)
	})
	return mux
}

// unhurried lifts the limits of the server for a body as large as a bundle.
func unhurried(w http.ResponseWriter) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{})
	_ = control.SetWriteDeadline(time.Time{})
}

func refuseFile(w http.ResponseWriter, err error) {
	reason := ImportReason(err)
	status := http.StatusInternalServerError
	switch {
	case reason != "":
		status = http.StatusUnprocessableEntity
	case errors.Is(err, ErrImporting):
		status = http.StatusConflict
	case errors.Is(err, errNotJoined), errors.Is(err, errStarting):
		status = http.StatusServiceUnavailable
	}
	answerFile(w, status, Problem{Reason: reason, Message: err.Error()})
}

func answerFile(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
