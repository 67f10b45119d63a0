// SPDX-License-Identifier: Apache-2.0

package front

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"github.com/frontline-screening/frontline/internal/screen"
)

// Options of a front.
type Options struct {
	Config Config
	// TLS returns the client configuration for a pool: the front's certificate,
	// and the identity that the pool must prove.
	TLS func(pool string) *tls.Config
	// Attempt bounds each of the at most two attempts at a pool (default 3 s).
	Attempt time.Duration
	// MaxInFlight is how many requests are served at a time (default 128),
	// MaxBatches how many batches (default 4); further ones are shed with 429.
	MaxInFlight, MaxBatches int
	// Metrics counts what happens; nil counts for nobody.
	Metrics *Metrics
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Front answers for one post.
type Front struct {
	config  Config
	pools   []*pool
	metrics *Metrics
	now     func() time.Time
	// slots and batches hold one mark for each request under way.
	slots, batches chan struct{}
}

// New returns a front. The configuration must be valid.
func New(o Options) (*Front, error) {
	if err := o.Config.Validate(); err != nil {
		return nil, err
	}
	if o.Attempt <= 0 {
		o.Attempt = 3 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	if o.MaxInFlight <= 0 {
		o.MaxInFlight = defaultMaxInFlight
	}
	if o.MaxBatches <= 0 {
		o.MaxBatches = defaultMaxBatches
	}
	f := &Front{
		config: o.Config, metrics: o.Metrics, now: o.Now,
		slots: make(chan struct{}, o.MaxInFlight), batches: make(chan struct{}, o.MaxBatches),
	}
	for _, p := range o.Config.Pools {
		f.pools = append(f.pools, newPool(p, o.TLS(p.Name), o.Attempt))
	}
	return f, nil
}

// Handler serves the post's interface.
func (f *Front) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/screen", f.admit(f.slots, f.handleScreen))
	mux.HandleFunc("POST /v1/screen:batch", f.admit(f.batches, f.handleBatch))
	mux.HandleFunc("POST /v1/verify", f.admit(f.slots, f.handleVerify))
	mux.HandleFunc("GET /v1/post", f.admit(f.slots, f.handlePost))
	mux.HandleFunc("GET /openapi.json", handleOpenAPI)
	return mux
}

func (f *Front) handleScreen(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	req, err := screen.DecodeRequest(http.MaxBytesReader(w, r.Body, screen.MaxRequestBytes))
	if err != nil {
		f.refuse(w, badRequest(err))
		return
	}
	answer, p := f.screen(r.Context(), req)
	if p != nil {
		f.refuse(w, p)
		return
	}
	f.metrics.answered(answer, time.Since(started))
	writeJSON(w, answer)
}

// writeJSON answers what no cache may keep.
func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v) // an error means that the client is gone
}

func (f *Front) refuse(w http.ResponseWriter, p *problem) {
	f.metrics.refused(p.Status)
	p.write(w)
}

func badRequest(err error) *problem {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return newProblem(http.StatusRequestEntityTooLarge, "The request is larger than 1 MiB; send fewer or smaller templates.")
	}
	return newProblem(http.StatusBadRequest, err.Error())
}

// screen asks every pool of the post about one request.
func (f *Front) screen(ctx context.Context, req screen.Request) (screen.Answer, *problem) {
	if p := f.permit(&req); p != nil {
		return screen.Answer{}, p
	}
	limit := req.Limit
	// The front cuts the list to length itself, once for all pools. What is for
	// the receipt alone stays here.
	req.Limit = screen.MaxLimit
	req.Requester, req.Reason, req.Case = "", "", ""
	body, err := json.Marshal(req)
	if err != nil {
		return screen.Answer{}, newProblem(http.StatusBadRequest, "The request cannot be passed on.")
	}
	answers, errs := ask[screen.Answer](ctx, f, http.MethodPost, searchPath, body)
	for _, err := range errs {
		if s, ok := errors.AsType[*statusError](err); ok && s.status == http.StatusBadRequest {
			return screen.Answer{}, newProblem(http.StatusBadRequest, s.detail)
		}
	}
	answer := compose(f.config, answers, f.now())
	answer.ID = newID()
	screen.Truncate(&answer, limit)
	return answer, nil
}

// permit refuses what the post may not do and fills in what goes without saying.
func (f *Front) permit(req *screen.Request) *problem {
	have := f.config.Purposes
	switch {
	case req.Purpose == "" && len(have) == 1:
		req.Purpose = have[0]
	case req.Purpose == "":
		return newProblem(http.StatusBadRequest, "purpose: this post has several; say which of "+join(have)+".")
	case !slices.Contains(have, req.Purpose):
		return newProblem(http.StatusForbidden, "This post does not screen for "+string(req.Purpose)+"; it may screen for "+join(have)+
			". Ask at a post that has the purpose, or have it added to this one.")
	}
	return nil
}

// searchPath asks a pool for the feeds of the post alone. What other feeds of the
// pool hold must not crowd out what these hold when the pool cuts its list.
func searchPath(p *pool) string {
	return "/v1/screen?" + url.Values{"feed": p.Feeds}.Encode()
}

// ask calls all pools at once. Where a pool fails, its answer is nil and its error set.
func ask[T any](ctx context.Context, f *Front, method string, path func(*pool) string, body []byte) ([]*T, []error) {
	answers, errs := make([]*T, len(f.pools)), make([]error, len(f.pools))
	var calls sync.WaitGroup
	for i, p := range f.pools {
		calls.Go(func() {
			var answer T
			if errs[i] = p.call(ctx, method, path(p), body, &answer); errs[i] == nil {
				answers[i] = &answer
			} else {
				f.poolFailed(ctx, p, errs[i])
			}
		})
	}
	calls.Wait()
	return answers, errs
}

// poolFailed counts a pool that gave no answer, unless the client is gone.
func (f *Front) poolFailed(ctx context.Context, p *pool, err error) {
	if ctx.Err() != nil {
		return
	}
	f.metrics.poolFailures.WithLabelValues(p.Name).Inc()
	logr.FromContextOrDiscard(ctx).V(1).Info("A pool gave no answer", "pool", p.Name, "cause", err.Error())
}

// newID returns 128 random bits in hexadecimal.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
