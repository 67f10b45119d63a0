// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/frontline-screening/frontline/hack/cluster/internal/cgroup"
	"github.com/frontline-screening/frontline/hack/cluster/internal/hostnet"
	"github.com/frontline-screening/frontline/hack/cluster/internal/poll"
	"github.com/frontline-screening/frontline/hack/cluster/internal/process"
)

// Down takes down the named clusters of a state folder, all where none is
// named, with everything they hold. It also clears what a crash left. Taking
// down what is not there is no error. Progress goes to log, which may be nil.
func Down(ctx context.Context, state string, log io.Writer, names ...string) error {
	state, err := statePath(state)
	if err != nil {
		return err
	}
	if log == nil {
		log = io.Discard
	}
	if _, err := os.Stat(state); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	unlock, err := lockState(state)
	if err != nil {
		return err
	}
	defer unlock()
	records, err := readRecords(state)
	if err != nil {
		return err
	}
	if len(names) > 0 {
		records = slices.DeleteFunc(records, func(r *record) bool { return !slices.Contains(names, r.Layout.Name) })
	}
	if len(records) > 0 && os.Geteuid() != 0 {
		return &MachineError{Lacks: []string{"taking clusters down needs root; run the command with sudo"}}
	}
	var errs []error
	for _, r := range records {
		if err := r.tearDown(ctx); err != nil {
			errs = append(errs, err)
			continue
		}
		fmt.Fprintf(log, "%s: down\n", r.Layout.Name)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := forgetHost(); err != nil {
		return err
	}
	left, err := readRecords(state)
	if err != nil {
		return err
	}
	if len(left) == 0 {
		return removeMerged(state)
	}
	return mergeKubeconfigs(state)
}

func removeMerged(state string) error {
	path, err := MergedKubeconfig(state)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the merged kubeconfig: %w", err)
	}
	return nil
}

// tearDown removes one cluster: pods, programs, mounts, network, control
// groups, files. The record goes last, so that an interrupted tearDown can be
// repeated.
func (r *record) tearDown(ctx context.Context) error {
	l := r.Layout
	groups, err := cgroup.For(r.ID)
	if err != nil {
		return err
	}
	sockets := shimSockets(l.Run)
	steps := []struct {
		what string
		do   func() error
	}{
		{"stop its pods", func() error { return r.stopPods(ctx) }},
		{"stop its programs", func() error { return r.stopPrograms(ctx, groups) }},
		{"unmount", func() error { return unmountBelow(ctx, l.Dir, l.Run) }},
		{"remove its network", func() error { return hostnet.Remove(ctx, l.Plan, r.ID) }},
		{"remove its control groups", func() error {
			return poll.Until(ctx, "empty control groups", 10*time.Millisecond, 5*time.Second, func(context.Context) error { return groups.Remove() })
		}},
		{"remove its traces", func() error { return errors.Join(removeLogLinks(l.Dir), removeResults(l.NetworkName())) }},
		{"remove its files", func() error {
			for _, path := range append(sockets, l.Run, l.Dir) {
				if err := os.RemoveAll(path); err != nil {
					return err
				}
			}
			return nil
		}},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			return fmt.Errorf("take down cluster %s: %s: %w", l.Name, step.what, err)
		}
	}
	return nil
}

// shimSockets returns the sockets of the cluster's containerd shims, which lie
// in a folder that all containerds of the machine share. A shim that is killed
// leaves its own behind; its address is in the bundle of its container.
func shimSockets(run string) []string {
	files, err := filepath.Glob(filepath.Join(run, "containerd", "io.containerd.runtime.v2.task", "*", "*", "address"))
	if err != nil {
		return nil
	}
	var sockets []string
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		socket := strings.TrimPrefix(strings.TrimSpace(string(content)), "unix://")
		if filepath.Dir(socket) == shimSocketDir && !slices.Contains(sockets, socket) {
			sockets = append(sockets, socket)
		}
	}
	return sockets
}

// stopPods ends every container by containerd, so that no shim stays behind.
// The kubelet goes first, for it would start them again.
func (r *record) stopPods(ctx context.Context) error {
	if kubelet, err := r.component(Kubelet); err == nil {
		if err := kubelet.Ref.Kill(ctx); err != nil {
			return err
		}
	}
	containerd, err := r.component(Containerd)
	if err != nil || !containerd.Ref.Alive() {
		// Nobody to ask: stopPrograms finds containers and shims by their group.
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	listed, err := ctr(ctx, r.Layout, "tasks", "list", "--quiet")
	if err != nil {
		return nil
	}
	if tasks := strings.Fields(string(listed)); len(tasks) > 0 {
		// What containerd cannot delete any more is left to stopPrograms.
		_, _ = ctr(ctx, r.Layout, append([]string{"tasks", "delete", "--force"}, tasks...)...)
	}
	return nil
}

// stopPrograms ends the components by the process ids the record holds, then
// whatever they started and left, by the cluster's control group.
func (r *record) stopPrograms(ctx context.Context, groups cgroup.Groups) error {
	for _, c := range slices.Backward(r.Components) {
		if err := c.Ref.Signal(syscall.SIGKILL); err != nil {
			return err
		}
	}
	for _, c := range r.Components {
		if err := c.Ref.Kill(ctx); err != nil {
			return err
		}
	}
	return poll.Until(ctx, "the end of all processes", 10*time.Millisecond, 10*time.Second, func(context.Context) error {
		pids, err := groups.Processes()
		if err != nil || len(pids) == 0 {
			return err
		}
		for _, pid := range pids {
			ref, err := process.Identify(pid)
			if err != nil {
				continue
			}
			if err := ref.Signal(syscall.SIGKILL); err != nil {
				return err
			}
		}
		return fmt.Errorf("processes %v still run", pids)
	})
}

// unmountBelow unmounts everything below the folders, the latest first.
func unmountBelow(ctx context.Context, dirs ...string) error {
	content, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	points := mountsBelow(string(content), dirs...)
	if len(points) == 0 {
		return nil
	}
	_, err = output(exec.CommandContext(ctx, "umount", append([]string{"--lazy", "--"}, points...)...))
	return err
}

// mountsBelow reads the mount points below folders out of a mountinfo table
// (proc_pid_mountinfo(5)), the latest first.
func mountsBelow(mountinfo string, dirs ...string) []string {
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	var points []string
	for line := range strings.Lines(mountinfo) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		point := unescape.Replace(fields[4])
		for _, dir := range dirs {
			if strings.HasPrefix(point, dir+"/") {
				points = append(points, point)
			}
		}
	}
	slices.Reverse(points)
	return points
}
