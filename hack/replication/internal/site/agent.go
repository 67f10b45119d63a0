// SPDX-License-Identifier: Apache-2.0

package site

import (
	"context"
	"time"

	"github.com/go-logr/logr"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/link"
	"github.com/frontline-screening/frontline/internal/region"
)

// AgentConfig is what the region's agent is given.
type AgentConfig struct {
	Region   string `json:"region"`
	StateDir string `json:"stateDir"`
	// Registry is the URL of the region's registry.
	Registry string `json:"registry"`
	TLS      Pair   `json:"tls"`
}

// RunAgent runs the region's agent: the line to the hub, the copies, and the
// API for loaders. Terms stand in place of the RegionTerms object.
func RunAgent(ctx context.Context, c AgentConfig, tell func(Event)) error {
	store, err := region.OpenStore(c.StateDir)
	if err != nil {
		return err
	}
	r, err := region.New(c.Region, store, time.Now)
	if err != nil {
		return err
	}
	identity, err := store.Identity(c.Region, time.Now())
	if err != nil {
		return err
	}
	certificate, err := identity.Certificate()
	if err != nil {
		return err
	}
	joined := r.Joined()
	hub, err := link.NewHTTP(joined.Gateways, []byte(joined.GatewayCA), certificate)
	if err != nil {
		return err
	}
	client, err := c.TLS.client()
	if err != nil {
		return err
	}
	registry, err := artifact.Connect(c.Registry, client)
	if err != nil {
		return err
	}
	log := logr.FromContextOrDiscard(ctx)
	follower, err := region.NewFollower(r, hub, log)
	if err != nil {
		return err
	}
	replicator, err := region.NewReplicator(r, hub.Registry(), registry, log)
	if err != nil {
		return err
	}
	reporter := region.NewReporter(r, hub, func(context.Context) (region.Objects, error) { return region.Objects{}, nil }, "bench", log)
	r.SetOrphans(nil)
	r.SetTerms(&region.Terms{Feeds: []string{"*"}, Purposes: []string{purpose}})

	listener, err := listen(ctx)
	if err != nil {
		return err
	}
	if err := c.TLS.serve(ctx, listener, region.LoaderAPI(r), false); err != nil {
		return err
	}
	tell(Event{Address: listener.Addr().String()})
	go tellHeld(ctx, r, tell)
	for _, run := range []func(context.Context) error{replicator.Run, reporter.Run} {
		go func() { _ = run(ctx) }()
	}
	return follower.Run(ctx)
}

// tellHeld tells each new copy.
func tellHeld(ctx context.Context, r *region.Region, tell func(Event)) {
	var last string
	for {
		changed := r.Changed()
		for _, held := range r.Copies() {
			if held.Artifact != "" && held.Artifact != last {
				last = held.Artifact
				tell(Event{Held: held.Release, Artifact: held.Artifact})
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}
