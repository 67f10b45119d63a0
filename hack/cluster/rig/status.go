// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"context"
	"time"

	"github.com/frontline-screening/frontline/hack/cluster/internal/cgroup"
	"github.com/frontline-screening/frontline/hack/cluster/internal/hostnet"
	"github.com/frontline-screening/frontline/hack/cluster/internal/process"
)

// Status is what a cluster is doing.
type Status struct {
	Name string `json:"name"`
	// NodeIP and Server are as in Cluster.
	NodeIP     string `json:"nodeIP"`
	Server     string `json:"server"`
	Kubeconfig string `json:"kubeconfig"`
	// API and Node are "Ready" or why not; Node is "None" in a cluster without.
	API  string `json:"api"`
	Node string `json:"node"`
	// Link is "Up" or "Cut".
	Link       string            `json:"link"`
	Components []ComponentStatus `json:"components"`
	// PodMemory is the resident memory, in bytes, of everything that runs in the
	// cluster beside its components: containers and their shims.
	PodMemory uint64 `json:"podMemory"`
	// Healthy is set when all that should run runs and answers.
	Healthy bool `json:"healthy"`
}

// ComponentStatus is what one program of a cluster is doing.
type ComponentStatus struct {
	Name string `json:"name"`
	PID  int    `json:"pid"`
	// State is "Running", "Stopped" (by StopComponent) or "Ended".
	State string `json:"state"`
	// Memory is its resident memory in bytes.
	Memory uint64 `json:"memory"`
	Log    string `json:"log"`
}

// statusLimit is how long an API server that hangs may hold up Status.
const statusLimit = 3 * time.Second

// Status looks at the cluster.
func (c *Cluster) Status(ctx context.Context) (*Status, error) {
	r, err := readRecord(c.dir)
	if err != nil {
		return nil, err
	}
	status := &Status{
		Name: c.Name, NodeIP: c.NodeIP, Server: c.Server, Kubeconfig: c.Kubeconfig,
		API: "Ready", Node: "Ready", Link: "Up", Healthy: r.healthy(),
	}
	if hostnet.IsCut(ctx, c.plan) {
		status.Link = "Cut"
	}
	known := map[int]bool{}
	for _, part := range r.Components {
		known[part.Ref.PID] = true
		status.Components = append(status.Components, ComponentStatus{
			Name: part.Name, PID: part.Ref.PID, State: part.state(), Memory: part.Ref.Memory(), Log: r.Layout.Log(part.Name),
		})
	}
	if status.PodMemory, err = podMemory(r, known); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, statusLimit)
	defer cancel()
	r.askAPI(ctx, status)
	return status, nil
}

func (c component) state() string {
	switch {
	case c.Ref.Alive():
		return "Running"
	case c.Stopped:
		return "Stopped"
	default:
		return "Ended"
	}
}

// askAPI fills in what only the API server knows.
func (r *record) askAPI(ctx context.Context, status *Status) {
	client, err := openAPI(r.Layout)
	if err == nil {
		defer client.close()
		err = client.do(ctx, "GET", "/readyz", "", nil)
	}
	if err != nil {
		status.API, status.Node, status.Healthy = err.Error(), "Unknown", false
		return
	}
	if r.NoNodes {
		status.Node = "None"
		return
	}
	if err := client.nodeReady(ctx, r.Layout.NodeName()); err != nil {
		status.Node, status.Healthy = err.Error(), false
	}
}

// podMemory sums the memory of what runs in the cluster's control group but is
// none of its components.
func podMemory(r *record, components map[int]bool) (uint64, error) {
	groups, err := cgroup.For(r.ID)
	if err != nil {
		return 0, err
	}
	pids, err := groups.Processes()
	if err != nil {
		return 0, err
	}
	var sum uint64
	for _, pid := range pids {
		if components[pid] {
			continue
		}
		if ref, err := process.Identify(pid); err == nil {
			sum += ref.Memory()
		}
	}
	return sum, nil
}
