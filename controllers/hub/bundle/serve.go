// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/frontline-screening/frontline/controllers/hub/report"
	"github.com/frontline-screening/frontline/internal/gateway"
	"github.com/frontline-screening/frontline/internal/httpserver"
	wire "github.com/frontline-screening/frontline/internal/report"
)

// Problem is what the API answers instead of a result.
type Problem struct {
	Message string `json:"message"`
}

// Server answers those who fetch bundles and bring reports by a forwarded
// port. It runs in every process of the hub; the one that leads does the work.
type Server struct {
	// Bind is a loopback address.
	Bind     string
	Exporter *Exporter
	Ingestor *report.Ingestor
}

// Start implements manager.Runnable.
func (s *Server) Start(ctx context.Context) error {
	if err := httpserver.CheckLoopback(s.Bind); err != nil {
		return err
	}
	return httpserver.Run(ctx, httpserver.Options{}, httpserver.Server{Name: "files", Bind: s.Bind, Handler: s.Handler()})
}

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (s *Server) NeedLeaderElection() bool { return false }

// Handler answers:
//
//	POST /v1/bundles/REGION?valid=168h&since-report=true   a bundle, or a Problem
//	POST /v1/reports                                       a signed report; {"region": …}, or a Problem
//
// It asks nobody who he is. A bundle is ciphertext for the region's keys, and
// a report is proven by its signature.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/bundles/{region}", s.export)
	mux.HandleFunc("POST /v1/reports", s.report)
	return mux
}

func (s *Server) export(w http.ResponseWriter, req *http.Request) {
	query := req.URL.Query()
	r := Request{Region: req.PathValue("region"), SinceReport: query.Get("since-report") == "true"}
	if valid := query.Get("valid"); valid != "" {
		var err error
		if r.Valid, err = time.ParseDuration(valid); err != nil {
			problem(w, gateway.Refuse(http.StatusUnprocessableEntity, "valid is no duration such as 168h"))
			return
		}
	}
	export, err := s.Exporter.Export(req.Context(), r)
	if err != nil {
		problem(w, err)
		return
	}
	// As long as it takes: a bundle may have gigabytes.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
	w.Header().Set("Content-Type", "application/x-tar")
	log := ctrllog.FromContext(req.Context()).WithName("bundles")
	if err := export.Write(req.Context(), w); err != nil {
		if !errors.Is(err, context.Canceled) {
			log.Error(err, "A bundle was not written to its end; it is recorded all the same", "region", r.Region, "number", export.Number)
		}
		panic(http.ErrAbortHandler) // the status was sent: let the reader see that this is not the end
	}
	log.Info("Bundle exported", "region", r.Region, "number", export.Number, "sequence", export.Sequence, "expires", export.Expires.Format(time.RFC3339))
}

func (s *Server) report(w http.ResponseWriter, req *http.Request) {
	envelope, err := io.ReadAll(http.MaxBytesReader(w, req.Body, wire.MaxBytes))
	if err != nil {
		problem(w, gateway.Refuse(http.StatusRequestEntityTooLarge, "the report has too many bytes or was cut"))
		return
	}
	region, err := s.Ingestor.ReportFile(req.Context(), envelope)
	if err != nil {
		problem(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"region": region})
}

func problem(w http.ResponseWriter, err error) {
	status, refusal := http.StatusInternalServerError, (*gateway.Refusal)(nil)
	switch {
	case errors.As(err, &refusal):
		status = refusal.Status
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
		status = http.StatusConflict
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(Problem{Message: err.Error()})
}
