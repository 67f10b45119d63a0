// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/join"
	"github.com/frontline-screening/frontline/internal/report"
)

// Hold is how long a request for a newer order is held.
const Hold = 25 * time.Second

// Identities knows which region a key belongs to.
type Identities interface {
	// Region returns the region whose pinned key has the digest (pki.KeyPin).
	Region(ctx context.Context, pin string) (region string, found bool, err error)
}

// Reports takes what regions say of themselves.
type Reports interface {
	// Report verifies and takes a signed report of the region. One that is not
	// newer than what was taken is refused as Overtaken.
	Report(ctx context.Context, region string, envelope []byte) error
}

// Joiner answers requests to join.
type Joiner interface {
	Join(ctx context.Context, request []byte) (join.Acceptance, error)
}

// Refusal is an error that the other side is told, with an HTTP status. Any
// other error is the hub's own affair and shows as an internal error.
type Refusal struct {
	Status int
	Reason string
	// Taken is told beside the reason where a report is refused for what was taken.
	Taken *report.TakenError
}

// Error implements error.
func (r *Refusal) Error() string { return r.Reason }

// Unwrap returns Taken.
func (r *Refusal) Unwrap() error {
	if r.Taken == nil {
		return nil
	}
	return r.Taken
}

// Overtaken refuses a report for what was taken before.
func Overtaken(taken report.TakenError) error {
	return &Refusal{Status: http.StatusConflict, Reason: taken.Reason, Taken: &taken}
}

// Refuse makes a Refusal. The reason never repeats what was sent.
func Refuse(status int, reason string) error { return &Refusal{Status: status, Reason: reason} }

// ErrNotLeading is answered by a hub process that does not lead; another does.
var ErrNotLeading = Refuse(http.StatusServiceUnavailable, "this process does not lead the hub; connect again")

// Service is what the gateway does, whatever carries the requests.
type Service struct {
	Identities Identities
	Orders     *Notifier
	Reports    Reports
	Joiner     Joiner
	// Registry is the hub's registry.
	Registry *artifact.Registry
}

// Local returns the hub as a region in the same process sees it: no listener,
// no client certificate, everything else the same.
func (s *Service) Local(region string) *Local { return &Local{service: s, region: region} }

// Local is a region's line to a hub in the same process.
type Local struct {
	service *Service
	region  string
}

// Join asks to join with a signed request.
func (l *Local) Join(ctx context.Context, request []byte) (join.Acceptance, error) {
	return l.service.Joiner.Join(ctx, request)
}

// WaitOrder waits until the region's order is newer than after, or for Hold.
func (l *Local) WaitOrder(ctx context.Context, after int64) (sequence int64, changed bool, err error) {
	sequence, changed = l.service.Orders.Wait(ctx, l.region, after, Hold)
	return sequence, changed, ctx.Err()
}

// Report hands a signed report in.
func (l *Local) Report(ctx context.Context, envelope []byte) error {
	return l.service.Reports.Report(ctx, l.region, envelope)
}

// Registry returns the registry to pull from.
func (l *Local) Registry() *artifact.Registry { return l.service.Registry }

// statusOf is the HTTP status of an error and the text that may be shown.
func statusOf(err error) (int, string) {
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		return refusal.Status, refusal.Reason
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return http.StatusServiceUnavailable, "the hub took too long; try again"
	default:
		return http.StatusInternalServerError, "the hub could not do it; its log says why; try again"
	}
}
