// SPDX-License-Identifier: Apache-2.0

package front

import "net/http"

// Limits of what one front serves at a time; what comes beyond is shed at once.
// A device that is told so can ask again, while one that waits in a queue
// cannot tell a long search from a dead post. The front's memory bounds them: a
// request is held in full, at most 1 MiB, and most are a few hundred bytes.
const (
	defaultMaxInFlight = 128
	// defaultMaxBatches is small, for each batch asks for batchWindow at a time.
	defaultMaxBatches = 4
)

// admit passes a request on while a slot is free, and else refuses it with 429.
func (f *Front) admit(slots chan struct{}, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case slots <- struct{}{}:
		default:
			w.Header().Set("Retry-After", "1")
			f.refuse(w, newProblem(http.StatusTooManyRequests, "The post serves as many requests at a time as it can; ask again in a second. This is no answer about the subject."))
			return
		}
		defer func() { <-slots }()
		next(w, r)
	}
}
