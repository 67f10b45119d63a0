// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"context"
	"fmt"
	"path/filepath"
	"syscall"

	"github.com/frontline-screening/frontline/hack/cluster/internal/cgroup"
	"github.com/frontline-screening/frontline/hack/cluster/internal/hostnet"
	"github.com/frontline-screening/frontline/hack/cluster/internal/process"
	"github.com/frontline-screening/frontline/hack/cluster/internal/render"
)

// The components of a cluster, for StopComponent and its like.
const (
	Etcd              = render.Etcd
	APIServer         = render.APIServer
	ControllerManager = render.ControllerManager
	Scheduler         = render.Scheduler
	Containerd        = render.Containerd
	Kubelet           = render.Kubelet
	Proxy             = render.Proxy
)

// StopComponent ends a component at once, as a power cut would, and keeps it
// down until StartComponent. Pods go on running whatever is stopped.
func (c *Cluster) StopComponent(ctx context.Context, name string) error {
	return c.change(func(r *record) error {
		target, err := r.component(name)
		if err != nil {
			return err
		}
		target.Stopped = true
		return target.Ref.Kill(ctx)
	})
}

// StartComponent starts a component that StopComponent ended, or that ended by
// itself; one that runs is left alone. It waits until the API server is ready
// or etcd listens; the others it only starts.
func (c *Cluster) StartComponent(ctx context.Context, name string) error {
	err := c.change(func(r *record) error {
		target, err := r.component(name)
		if err != nil {
			return err
		}
		target.Stopped = false
		if target.Ref.Alive() {
			return nil
		}
		return r.start(name)
	})
	if err != nil {
		return err
	}
	r, err := readRecord(c.dir)
	if err != nil {
		return err
	}
	switch name {
	case Etcd:
		return r.waitEtcd(ctx)
	case APIServer:
		return r.waitAPI(ctx)
	default:
		return nil
	}
}

// PauseComponent stops a component from running without ending it (SIGSTOP):
// its connections stay open and nothing answers.
func (c *Cluster) PauseComponent(name string) error { return c.signal(name, syscall.SIGSTOP) }

// ResumeComponent undoes PauseComponent.
func (c *Cluster) ResumeComponent(name string) error { return c.signal(name, syscall.SIGCONT) }

func (c *Cluster) signal(name string, signal syscall.Signal) error {
	r, err := readRecord(c.dir)
	if err != nil {
		return err
	}
	target, err := r.component(name)
	if err != nil {
		return err
	}
	return target.Ref.Signal(signal)
}

// change lets edit alter the cluster's record, alone among processes, and
// stores the result even when edit failed half-way.
func (c *Cluster) change(edit func(*record) error) error {
	unlock, err := lock(filepath.Join(c.dir, ".lock"))
	if err != nil {
		return err
	}
	defer unlock()
	r, err := readRecord(c.dir)
	if err != nil {
		return err
	}
	failed := edit(r)
	if err := r.write(); err != nil {
		return err
	}
	if failed != nil {
		return fmt.Errorf("cluster %s: %w", c.Name, failed)
	}
	return nil
}

// start starts a component and writes down which process it is.
func (r *record) start(name string) error {
	l := r.Layout
	program, built := r.Programs[name]
	if !built {
		program = name
	}
	ref, err := process.Start(process.Command{
		Netns: hostnet.Path(r.ID),
		Args:  append([]string{program}, l.Args(name)...),
		Log:   l.Log(name),
	})
	if err != nil {
		return err
	}
	if err := r.setProcess(name, ref); err != nil {
		return err
	}
	groups, err := cgroup.For(r.ID)
	if err != nil {
		return err
	}
	return groups.Add(ref.PID)
}
