// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/order"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/bundle"
	"github.com/frontline-screening/frontline/internal/gateway"
	"github.com/frontline-screening/frontline/internal/hub"
	"github.com/frontline-screening/frontline/internal/trust"
)

// MaxValid is the longest that a bundle may be good for: for as long, an
// erasure is outstanding.
const MaxValid = 30 * 24 * time.Hour

// Exporter makes bundles.
type Exporter struct {
	Client client.Client
	// Reader reads past the cache.
	Reader client.Reader
	// Namespace of the installation.
	Namespace string
	Registry  *artifact.Registry
	Signers   order.Signers
	Reports   *hub.Reports
	Clock     clock.PassiveClock
	// Leading is closed once this process leads.
	Leading <-chan struct{}
}

// Request says what to export.
type Request struct {
	Region string
	// Valid is how long the bundle may be imported; trust.BundleLifetime if zero.
	Valid time.Duration
	// SinceReport leaves out what the region holds by its last report.
	SinceReport bool
}

func (r *Request) complete() error {
	if r.Valid == 0 {
		r.Valid = trust.BundleLifetime
	}
	if r.Valid < time.Minute || r.Valid > MaxValid {
		return gateway.Refuse(http.StatusUnprocessableEntity, fmt.Sprintf("valid for %s is not between 1m and %s", r.Valid, MaxValid))
	}
	return nil
}

// Export is a bundle that is recorded and ready to be written.
type Export struct {
	Record
	Write func(ctx context.Context, w io.Writer) error
}

// Export gathers what is published for a region, signs for it and records it.
// The record stands before the first byte leaves.
func (e *Exporter) Export(ctx context.Context, r Request) (*Export, error) {
	select {
	case <-e.Leading:
	default:
		return nil, gateway.ErrNotLeading
	}
	if err := r.complete(); err != nil {
		return nil, err
	}
	region := &screeningv1.RegionalCluster{}
	if err := e.Client.Get(ctx, types.NamespacedName{Name: r.Region}, region); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, gateway.Refuse(http.StatusNotFound, fmt.Sprintf("the hub has no region %s; see: kubectl get rgn", r.Region))
		}
		return nil, fmt.Errorf("read RegionalCluster %s: %w", r.Region, err)
	}
	if region.Status.Identity == nil {
		return nil, gateway.Refuse(http.StatusConflict, fmt.Sprintf("region %s has not joined, so it has no keys to seal lists to; run: frontline region invite %s", r.Region, r.Region))
	}
	signer, err := e.Signers.Signer(ctx, r.Region)
	if err != nil {
		return nil, err
	}
	p, err := bundle.Gather(ctx, e.Registry, r.Region, signer.Roots)
	if errors.Is(err, artifact.ErrNotFound) {
		return nil, gateway.Refuse(http.StatusConflict, fmt.Sprintf("what is published for region %s is not whole; wait for its next order: %s", r.Region, err))
	}
	if err != nil {
		return nil, err
	}
	if r.SinceReport {
		if err := e.leave(ctx, p); err != nil {
			return nil, err
		}
	}
	return e.record(ctx, r, p, signer)
}

// leave takes out what the region has by its own word.
func (e *Exporter) leave(ctx context.Context, p *bundle.Package) error {
	last := e.Reports.Last(p.Region)
	if last == nil {
		return gateway.Refuse(http.StatusConflict, fmt.Sprintf("the hub has no report of region %s since it started; import one (frontline bundle import-report), or export without --since-report", p.Region))
	}
	for _, feed := range last.Feeds {
		if err := p.Leave(ctx, feed.ID, feed.Retained); err != nil {
			return err
		}
	}
	return nil
}

func (e *Exporter) record(ctx context.Context, r Request, p *bundle.Package, signer order.Signer) (*Export, error) {
	ledger, err := readLedger(ctx, e.Reader, e.Namespace, r.Region)
	if err != nil {
		return nil, err
	}
	now := e.Clock.Now().UTC().Truncate(time.Second)
	record := Record{
		Number: ledger.number(e.Clock.Now()), Sequence: p.Sequence, Digest: p.Digest,
		Created: now, Expires: now.Add(r.Valid), Feeds: p.Feeds,
	}
	statement, err := p.Sign(signer.Keys.Bundle, record.Number, record.Created, record.Expires)
	if err != nil {
		return nil, err
	}
	if err := ledger.add(ctx, e.Client, record); err != nil {
		return nil, err
	}
	return &Export{Record: record, Write: func(ctx context.Context, w io.Writer) error { return p.Write(ctx, w, statement) }}, nil
}
