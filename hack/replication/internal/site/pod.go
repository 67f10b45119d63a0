// SPDX-License-Identifier: Apache-2.0

package site

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/loader"
	"github.com/frontline-screening/frontline/internal/matcher"
	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/serve"
)

// PodConfig is what a matcher pod is given.
type PodConfig struct {
	Region string `json:"region"`
	Pool   string `json:"pool"`
	Pod    string `json:"pod"`
	// Dir holds the dataset directory and the folder of acknowledgements; it is in memory.
	Dir      string `json:"dir"`
	Agent    string `json:"agent"`
	Registry string `json:"registry"`
	TLS      Pair   `json:"tls"`
	// Subject is asked for as soon as there is something new to search.
	Subject string `json:"subject"`
	// LoaderAlone leaves the engine out.
	LoaderAlone bool `json:"loaderAlone,omitempty"`
}

// Data is the dataset directory.
func (c PodConfig) Data() string { return filepath.Join(c.Dir, "data") }

// Acks is the folder of acknowledgements.
func (c PodConfig) Acks() string { return filepath.Join(c.Dir, "ack") }

func (c PodConfig) pin() string { return filepath.Join(c.Dir, "trust.json") }

// WritePin writes what the pod holds its agent's word against, as the Secret of
// its pool does.
func (c PodConfig) WritePin(r *region.Region) error {
	pin, _, err := r.Pin()
	if err != nil {
		return err
	}
	data, err := canonical.Marshal(pin)
	if err != nil {
		return err
	}
	return os.WriteFile(c.pin(), data, 0o600)
}

// RunPod runs a loader and, unless it is to be alone, the engine beside it, in
// one process. The engine answers any client on loopback without TLS.
func RunPod(ctx context.Context, c PodConfig, tell func(Event)) error {
	for _, folder := range []string{c.Data(), c.Acks()} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
	}
	client, err := c.TLS.client()
	if err != nil {
		return err
	}
	agent, err := loader.NewAgent(c.Agent, c.Pool, client)
	if err != nil {
		return err
	}
	registry, err := artifact.Connect(c.Registry, client)
	if err != nil {
		return err
	}
	dir := dataset.OpenDir(c.Data())
	if err := dir.Prepare(); err != nil {
		return err
	}
	l := loader.New(loader.Options{
		Region: c.Region, Pool: c.Pool, Pod: c.Pod, Dir: dir, Ack: c.Acks(), Agent: agent, Registry: registry,
		Verifier: loader.NewVerifier(c.pin(), dir),
	})
	if c.LoaderAlone {
		tell(Event{Address: c.Dir})
		return l.Run(ctx)
	}
	go func() { _ = l.Run(ctx) }()
	engine := matcher.New(matcher.Options{Bench: true})
	defer engine.Close()
	listener, err := listen(ctx)
	if err != nil {
		return err
	}
	start(ctx, listener, matcher.NewService(engine, matcher.ServiceOptions{}).Handler(), nil)
	tell(Event{Address: listener.Addr().String()})
	go tellSearched(ctx, engine, c.Subject, tell)
	return serve.New(engine, serve.Options{Region: c.Region, Pool: c.Pool, Dir: dir, Ack: c.Acks()}).Run(ctx)
}

// lookEvery is how often a pod looks whether its engine has something new; a
// time measured is late by at most as much.
const lookEvery = 2 * time.Millisecond

// tellSearched searches as soon as the engine has another release, and tells
// the first answer from it.
func tellSearched(ctx context.Context, engine *matcher.Engine, subject string, tell func(Event)) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	var last int64
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		serving := engine.Serving(time.Now()).Searched
		if len(serving) == 0 || serving[0].Version == last {
			continue
		}
		answer, err := engine.Screen(ctx, Ask(subject), time.Now())
		if err == nil && len(answer.Searched) == 1 && len(answer.Unavailable) == 0 {
			last = answer.Searched[0].Version
			tell(Event{Searched: last})
		}
	}
}

// purpose is what everything here is searched for.
const purpose = string(screen.PurposeBorderControl)

// Ask is a request for one name.
func Ask(name string) screen.Request {
	return screen.Request{Purpose: screen.PurposeBorderControl, Subject: screen.Subject{Names: []screen.Name{{Full: name}}}}
}

func loaderPair(ca *pki.CA, region, pool string) (Pair, error) {
	return issue(ca, "loader "+pool, pki.LoaderID(region, pool))
}
