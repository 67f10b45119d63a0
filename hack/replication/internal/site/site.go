// SPDX-License-Identifier: Apache-2.0

// Package site puts the real parts of a hub and a region together without
// Kubernetes: registries, gateway and signing in this process, the region's
// agent and its matcher pods in processes of their own, the line between them
// as package line makes it. All of them speak TLS as in an installation.
package site

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"github.com/frontline-screening/frontline/hack/replication/internal/line"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/gateway"
	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/registry"
	"github.com/frontline-screening/frontline/internal/report"
)

// Options of a site.
type Options struct {
	// Line is what lies between hub and region.
	Line line.Kind
	// Memory is a folder in memory for what is plain, Disk one for the rest.
	Memory, Disk string
}

// Site is a hub, a line and a region.
type Site struct {
	Hub   *Hub
	Line  *line.Line
	Agent *Process
	Pods  []*Pod

	dir, disk string
	ca        *pki.CA
	agent     AgentConfig
	store     *region.Region // for the pin alone; the agent's process has its own
	registry  string
	stop      context.CancelFunc
	stopStore context.CancelFunc
	volume    int
	swap      *handlerSwitch
	agentURL  string
}

// Pod is a matcher pod.
type Pod struct {
	*Process
	Config PodConfig
	// URL of its engine.
	URL string
}

// Open brings up a hub and a region whose agent has announced its keys.
func Open(ctx context.Context, o Options) (s *Site, err error) {
	s = &Site{swap: &handlerSwitch{}}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.dir, err = os.MkdirTemp(o.Memory, "frontline-bench-"); err != nil {
		return s, err
	}
	if s.disk, err = os.MkdirTemp(o.Disk, "frontline-bench-"); err != nil {
		return s, err
	}
	if s.Line, err = line.Open(ctx, o.Line); err != nil {
		return s, err
	}
	gatewayCA, err := s.openHub(running)
	if err != nil {
		return s, err
	}
	for _, step := range []func() error{
		func() error { return s.openRegion(running, gatewayCA) },
		func() error { return s.Hub.Order(ctx) },
		func() error { return s.StartAgent(ctx) },
	} {
		if err := step(); err != nil {
			return s, err
		}
	}
	_, err = s.Hub.said(ctx, "it has keys", func(f report.Feed) bool { return f.Keys != nil })
	return s, err
}

// openHub starts the hub's registry and its gateway at the far end of the line.
func (s *Site) openHub(ctx context.Context) (gatewayCA []byte, err error) {
	ca, err := pki.NewCA("hub", time.Now())
	if err != nil {
		return nil, err
	}
	store, err := registry.New(ctx, registry.Config{Root: filepath.Join(s.disk, "hub"), Authorize: registry.BySPIFFE, Log: logr.Discard()})
	if err != nil {
		return nil, err
	}
	listener, err := listen(ctx)
	if err != nil {
		return nil, err
	}
	pair, err := issue(ca, "registry", "", loopback)
	if err == nil {
		err = pair.serve(ctx, listener, store, false)
	}
	if err != nil {
		return nil, err
	}
	url := "https://" + listener.Addr().String()
	own, err := issue(ca, "hub", pki.HubID())
	if err != nil {
		return nil, err
	}
	client, err := own.client()
	if err != nil {
		return nil, err
	}
	connected, err := artifact.Connect(url, client)
	if err != nil {
		return nil, err
	}
	if s.Hub, err = newHub(connected, s.dir); err != nil {
		return nil, err
	}
	handler, err := gateway.NewHandler(&gateway.Service{
		Identities: s.Hub, Orders: &s.Hub.orders, Reports: s.Hub, Joiner: s.Hub, Registry: connected,
	}, url, client.Transport)
	if err != nil {
		return nil, err
	}
	address, err := hostIP(s.Line.Address())
	if err != nil {
		return nil, err
	}
	front, err := issue(ca, "gateway", "", address)
	if err != nil {
		return nil, err
	}
	return ca.CertPEM(), front.serve(ctx, s.Line.Listener(), handler, true)
}

// openRegion starts the region's registry and leaves the state of a region that
// has joined.
func (s *Site) openRegion(ctx context.Context, gatewayCA []byte) (err error) {
	if s.ca, err = pki.NewCA("region "+Region, time.Now()); err != nil {
		return err
	}
	listener, err := listen(ctx)
	if err != nil {
		return err
	}
	pair, err := issue(s.ca, "registry", "", loopback)
	if err != nil {
		return err
	}
	if err := s.NewVolume(); err != nil {
		return err
	}
	if err := pair.serve(ctx, listener, s.swap, false); err != nil {
		return err
	}
	s.registry = "https://" + listener.Addr().String()
	s.agent = AgentConfig{Region: Region, StateDir: filepath.Join(s.disk, "agent"), Registry: s.registry}
	if s.agent.TLS, err = issue(s.ca, "agent", pki.AgentID(Region), loopback); err != nil {
		return err
	}
	store, err := region.OpenStore(s.agent.StateDir)
	if err != nil {
		return err
	}
	identity, err := store.Identity(Region, time.Now())
	if err != nil {
		return err
	}
	s.Hub.admit(identity.Key)
	if s.store, err = region.New(Region, store, time.Now); err != nil {
		return err
	}
	return s.store.SetJoined(region.Joined{
		HubUID: hubUID, Term: 1, Region: Region, RegionUID: regionUID, Jurisdiction: Jurisdiction,
		Gateways: []string{"https://" + s.Line.Address()}, GatewayCA: string(gatewayCA), Root: s.Hub.root, Incarnation: 1,
	})
}

// NewVolume gives the region's registry an empty volume.
func (s *Site) NewVolume() error {
	if s.stopStore != nil {
		s.stopStore()
	}
	s.volume++
	ctx, stop := context.WithCancel(context.Background())
	s.stopStore = stop
	store, err := registry.New(ctx, registry.Config{
		Root: filepath.Join(s.disk, fmt.Sprintf("region-%d", s.volume)), Authorize: registry.BySPIFFE, Log: logr.Discard(),
	})
	if err == nil {
		s.swap.set(store)
	}
	return err
}

// handlerSwitch lets a server go on with another handler.
type handlerSwitch struct {
	mu   sync.RWMutex
	next http.Handler
}

func (h *handlerSwitch) set(next http.Handler) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.next = next
}

// ServeHTTP implements http.Handler.
func (h *handlerSwitch) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.RLock()
	next := h.next
	h.mu.RUnlock()
	next.ServeHTTP(w, r)
}

// StartAgent starts the region's agent, or starts it again after it was killed.
func (s *Site) StartAgent(ctx context.Context) (err error) {
	if s.Agent, err = Start("agent", "the region's agent", s.agent); err != nil {
		return err
	}
	started, err := s.Agent.Await(ctx, "it listens", func(e Event) bool { return e.Address != "" })
	s.agentURL = "https://" + started.Address
	return err
}

// AddPod starts a matcher pod that asks for a subject's name when it has
// something new. It needs the agent.
func (s *Site) AddPod(ctx context.Context, subject string, loaderAlone bool) (*Pod, error) {
	c := PodConfig{
		Region: Region, Pool: Pool, Pod: fmt.Sprintf("%s-%d", Pool, len(s.Pods)), Agent: s.agentURL, Registry: s.registry,
		Subject: subject, LoaderAlone: loaderAlone,
	}
	c.Dir = filepath.Join(s.dir, c.Pod)
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, err
	}
	if err := c.WritePin(s.store); err != nil {
		return nil, err
	}
	var err error
	if c.TLS, err = loaderPair(s.ca, Region, Pool); err != nil {
		return nil, err
	}
	process, err := Start("pod", c.Pod, c)
	if err != nil {
		return nil, err
	}
	pod := &Pod{Process: process, Config: c}
	s.Pods = append(s.Pods, pod)
	started, err := pod.Await(ctx, "it listens", func(e Event) bool { return e.Address != "" })
	pod.URL = "http://" + started.Address
	return pod, err
}

// AwaitHeld waits until the agent holds an artifact; the time is when it did.
func (s *Site) AwaitHeld(ctx context.Context, artifact string) (int64, error) {
	e, err := s.Agent.Await(ctx, "it holds the release ordered", func(e Event) bool { return e.Artifact == artifact })
	return e.At, err
}

// AwaitSearched waits until every pod has answered from a release; the time is
// that of the last one's answer.
func (s *Site) AwaitSearched(ctx context.Context, release int64) (int64, error) {
	var last int64
	for _, pod := range s.Pods {
		e, err := pod.Await(ctx, fmt.Sprintf("it answers from release %d", release), func(e Event) bool { return e.Searched == release })
		if err != nil {
			return 0, err
		}
		last = max(last, e.At)
	}
	return last, nil
}

// AwaitNeedsFull waits until the region reports that it asks for a full copy.
func (s *Site) AwaitNeedsFull(ctx context.Context) error {
	_, err := s.Hub.said(ctx, "it needs a full copy", func(f report.Feed) bool { return f.NeedsFull })
	return err
}

// StateDir is the agent's state directory.
func (s *Site) StateDir() string { return s.agent.StateDir }

// Close ends all processes and removes all files.
func (s *Site) Close() error {
	for _, pod := range s.Pods {
		pod.Stop()
	}
	if s.Agent != nil {
		s.Agent.Stop()
	}
	s.stop()
	if s.stopStore != nil {
		s.stopStore()
	}
	var err error
	if s.Line != nil {
		err = s.Line.Close()
	}
	for _, dir := range []string{s.dir, s.disk} {
		if dir != "" {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}
	return err
}
