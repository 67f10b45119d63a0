// SPDX-License-Identifier: Apache-2.0

package bootstrap

import (
	"context"
	"crypto/tls"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
)

// renewEvery is how often certificates are looked at. They live 90 days and
// are renewed after 60.
const renewEvery = time.Hour

// Renewer keeps the certificates of a running hub fresh. It is a runnable of
// the manager, in every process.
type Renewer struct {
	client  client.Client
	options Options
	clock   clock.WithTicker
	keys    atomic.Pointer[Keys]
}

// NewRenewer starts from keys that Ensure returned.
func NewRenewer(c client.Client, o Options, keys Keys, clk clock.WithTicker) *Renewer {
	r := &Renewer{client: c, options: o, clock: clk}
	r.keys.Store(&keys)
	return r
}

// Gateway is the gateway's certificate of the moment.
func (r *Renewer) Gateway() (*tls.Certificate, error) { return r.keys.Load().Gateway() }

// Client is the hub's own certificate of the moment.
func (r *Renewer) Client() (*tls.Certificate, error) { return r.keys.Load().Client() }

// Start implements manager.Runnable.
func (r *Renewer) Start(ctx context.Context) error {
	ticker := r.clock.NewTicker(renewEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C():
		}
		keys, err := Ensure(ctx, r.client, r.options, r.clock.Now())
		if err != nil {
			ctrllog.FromContext(ctx).Error(err, "Certificates were not looked at; it is tried again")
			continue
		}
		r.keys.Store(&keys)
	}
}

// NeedLeaderElection implements manager.LeaderElectionRunnable: every process
// presents certificates.
func (r *Renewer) NeedLeaderElection() bool { return false }
