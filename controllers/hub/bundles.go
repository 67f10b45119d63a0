// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"fmt"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/bundle"
	"github.com/frontline-screening/frontline/controllers/hub/recordrequest"
	"github.com/frontline-screening/frontline/controllers/hub/report"
	"github.com/frontline-screening/frontline/internal/hub"
)

// outstanding lists the bundles with a feed that can still be imported.
func outstanding(c, reader client.Reader, o Options) func(context.Context, screeningv1.FeedID) ([]recordrequest.Bundle, error) {
	return func(ctx context.Context, feed screeningv1.FeedID) ([]recordrequest.Bundle, error) {
		held, err := bundle.Holding(ctx, c, reader, o.Namespace, feed, o.Clock.Now())
		if err != nil {
			return nil, err
		}
		var out []recordrequest.Bundle
		for _, one := range held {
			out = append(out, recordrequest.Bundle(one))
		}
		return out, nil
	}
}

// addFiles adds what exchanges bundles and reports with regions without a line.
func addFiles(mgr ctrl.Manager, o Options, reports *hub.Reports, ingestor *report.Ingestor) error {
	if o.FilesBind == "" {
		return nil
	}
	server := &bundle.Server{Bind: o.FilesBind, Ingestor: ingestor, Exporter: &bundle.Exporter{
		Client: mgr.GetClient(), Reader: mgr.GetAPIReader(), Namespace: o.Namespace, Registry: o.Registry, Signers: o.Signers,
		Reports: reports, Clock: o.Clock, Leading: mgr.Elected(),
	}}
	if err := mgr.Add(server); err != nil {
		return fmt.Errorf("add the exchange by files: %w", err)
	}
	return nil
}
