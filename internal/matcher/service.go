// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/frontline-screening/frontline/internal/screen"
)

//go:embed openapi.json
var openAPI []byte

// ServiceOptions configure a service. Zero fields mean their defaults.
type ServiceOptions struct {
	// Timeout is the most one request may take (default 2 s); a batch has it for each line.
	Timeout time.Duration
	// MaxInFlight is how many requests are served at a time, waiting ones included;
	// further ones are shed with 429 (default 64 for each CPU).
	MaxInFlight int
	// MaxBatches is how many batches are served at a time (default 2).
	MaxBatches int
	// Now is the clock (default time.Now).
	Now func() time.Time
}

// turnsPerCPU is how many searches share a CPU: more than one, so that a slow one does
// not hold up those behind it.
const turnsPerCPU = 2

// Service serves an engine over HTTP. It logs nothing: what is asked and answered is
// personal, and numbers are at /metrics.
type Service struct {
	engine  *Engine
	options ServiceOptions
	slots   chan struct{}
	batches chan struct{}
	// turns bound how many are searched at a time: the others wait where they are counted,
	// so that they are shed and not queued where nobody sees them.
	turns   chan struct{}
	metrics *metrics
}

// NewService returns a service over the engine.
func NewService(engine *Engine, o ServiceOptions) *Service {
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Second
	}
	if o.MaxInFlight <= 0 {
		o.MaxInFlight = 64 * runtime.GOMAXPROCS(0)
	}
	if o.MaxBatches <= 0 {
		o.MaxBatches = 2
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Service{
		engine: engine, options: o,
		slots: make(chan struct{}, o.MaxInFlight), batches: make(chan struct{}, o.MaxBatches),
		turns:   make(chan struct{}, turnsPerCPU*runtime.GOMAXPROCS(0)),
		metrics: newMetrics(engine),
	}
}

// Handler serves searches, and comparisons with one record:
//
//	POST /v1/screen        one request, one answer
//	POST /v1/screen:batch  JSON lines, streamed in the same order
//	POST /v1/verify        one subject against one record or reference
//	GET  /openapi.json     the contract
//
// Errors are problem details (RFC 9457). Who may ask is the server's TLS to decide.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/screen", s.admit(s.slots, s.screen))
	mux.HandleFunc("POST /v1/screen:batch", s.admit(s.batches, s.batch))
	mux.HandleFunc("POST /v1/verify", s.admit(s.slots, s.verify))
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(openAPI)
	})
	return mux
}

// HealthHandler serves /livez, /readyz and /metrics, in plain text and numbers. ready
// says why the process is not ready, or nil.
func (s *Service) HealthHandler(ready func() error) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := ready(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ok\n"))
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
	return mux
}

// Registry is where the service's metrics are registered; callers may add their own.
func (s *Service) Registry() *prometheus.Registry { return s.metrics.registry }

// admit takes a slot for the request or sheds it: a client that is told so can ask
// another pod, one that waits in a queue cannot.
func (s *Service) admit(slots chan struct{}, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case slots <- struct{}{}:
		default:
			s.metrics.shed.Inc()
			w.Header().Set("Retry-After", "1")
			problem(w, http.StatusTooManyRequests, "too many requests at a time; ask again, or scale the pool")
			return
		}
		s.metrics.inFlight.Inc()
		defer func() {
			s.metrics.inFlight.Dec()
			<-slots
		}()
		h(w, r)
	}
}

// inTurn waits for a turn and does the work. The error is the work's, or the context's.
func inTurn[T any](ctx context.Context, turns chan struct{}, work func() (T, error)) (T, error) {
	select {
	case turns <- struct{}{}:
		defer func() { <-turns }()
		return work()
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

func (s *Service) screen(w http.ResponseWriter, r *http.Request) {
	serve(s, w, r, screen.DecodeRequest, func(ctx context.Context, req screen.Request, feeds []string) (screen.Answer, error) {
		req.Feeds = feeds
		return s.engine.Screen(ctx, req, s.options.Now())
	}, func(answer screen.Answer, took time.Duration) { s.metrics.observe(Result{Answer: answer, Took: took}) })
}

// serve reads one request, has it answered within the time and in turn, and counts what
// became of it. work is told to which feeds the request is limited.
func serve[Req, Ans any](s *Service, w http.ResponseWriter, r *http.Request, decode func(io.Reader) (Req, error),
	work func(context.Context, Req, []string) (Ans, error), observe func(Ans, time.Duration),
) {
	if !isType(r, "application/json") {
		problem(w, http.StatusUnsupportedMediaType, "send the request as application/json")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.options.Timeout)
	defer cancel()
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.options.Timeout))
	req, err := decode(r.Body)
	if err != nil {
		s.metrics.refused.Inc()
		problem(w, http.StatusBadRequest, err.Error())
		return
	}
	start := time.Now()
	answer, err := inTurn(ctx, s.turns, func() (Ans, error) {
		defer s.metrics.worked(time.Now())
		return work(ctx, req, r.URL.Query()["feed"])
	})
	switch {
	case errors.Is(err, ErrRequest):
		s.metrics.refused.Inc()
		problem(w, http.StatusBadRequest, err.Error())
		return
	case err != nil:
		s.metrics.late.Inc()
		w.Header().Set("Retry-After", "1")
		problem(w, http.StatusServiceUnavailable, "the search did not end in time; ask again")
		return
	}
	observe(answer, time.Since(start))
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(answer)
}

// batch streams: answers leave while requests still come.
func (s *Service) batch(w http.ResponseWriter, r *http.Request) {
	if !isType(r, "application/x-ndjson", "application/jsonl", "application/json") {
		problem(w, http.StatusUnsupportedMediaType, "send the requests as application/x-ndjson, one a line")
		return
	}
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex()
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	extend := func() {
		deadline := time.Now().Add(s.options.Timeout)
		_, _ = control.SetReadDeadline(deadline), control.SetWriteDeadline(deadline)
	}
	extend()
	err := s.engine.Batch(r.Context(), r.Body, w, BatchOptions{
		Workers: runtime.GOMAXPROCS(0), Now: s.options.Now,
		Observe: func(res Result) {
			if res.Err != nil {
				s.metrics.refused.Inc()
			} else {
				s.metrics.observe(res)
				s.metrics.busy.Add(int64(res.Took))
			}
			extend()
			_ = control.Flush()
		},
	})
	if err != nil {
		// The status is sent: only a broken stream tells the client that answers are missing.
		panic(http.ErrAbortHandler)
	}
}

func isType(r *http.Request, want ...string) bool {
	got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return r.Header.Get("Content-Type") == ""
	}
	return slices.Contains(want, got)
}

// problem writes problem details.
func problem(w http.ResponseWriter, status int, detail string) {
	body, _ := json.Marshal(map[string]any{"title": http.StatusText(status), "status": status, "detail": detail})
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
