// SPDX-License-Identifier: Apache-2.0

// Package cgroup makes the control groups of one cluster's node and finds the
// processes in them, on version 1 and version 2 hierarchies (cgroups(7)).
package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// parent is the group above those of all clusters.
const parent = "/frontline"

// system is the group, below a cluster's own, of the programs that are not in
// pods. Whatever they start is in it too, so that nothing can be left behind
// unnoticed.
const system = "system"

// needed are the controllers the kubelet and runc cannot do without.
var needed = []string{"cpu", "memory", "pids", "cpuset"}

// Hierarchy is one mounted hierarchy.
type Hierarchy struct {
	// Mount is its mount point.
	Mount string
	// Options are its mount options: for version 1 these name its controllers.
	Options []string
	// V2 is set for the unified hierarchy.
	V2 bool
}

// mounted reads the mounted hierarchies out of /proc/self/mounts. Where version
// 1 controllers are mounted, the unified hierarchy beside them ("hybrid") holds
// no controller.
func mounted(mounts string) (v1, v2 []Hierarchy) {
	for line := range strings.Lines(mounts) {
		fields := strings.Fields(line)
		if len(fields) < 4 {
			continue
		}
		hierarchy := Hierarchy{Mount: fields[1], Options: strings.Split(fields[3], ",")}
		switch fields[2] {
		case "cgroup":
			v1 = append(v1, hierarchy)
		case "cgroup2":
			hierarchy.V2 = true
			v2 = append(v2, hierarchy)
		}
	}
	return v1, v2
}

// Groups is the control groups of one cluster.
type Groups struct {
	// Path is the group inside every hierarchy, for the kubelet's cgroupRoot.
	Path string
	// hierarchies are those with controllers; mounted are all: on a hybrid
	// machine runc makes groups in the unified one too.
	hierarchies, mounted []Hierarchy
}

// For returns the groups of a cluster; id names it on the machine.
func For(id string) (Groups, error) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return Groups{}, fmt.Errorf("find the control groups: %w", err)
	}
	v1, v2 := mounted(string(mounts))
	groups := Groups{Path: parent + "/" + id, hierarchies: v1, mounted: slices.Concat(v1, v2)}
	if len(v1) == 0 {
		groups.hierarchies = v2
	}
	return groups, nil
}

// Missing names the needed controllers that the machine does not offer.
func (g Groups) Missing() []string {
	var offered []string
	for _, h := range g.hierarchies {
		if !h.V2 {
			offered = append(offered, h.Options...)
			continue
		}
		content, err := os.ReadFile(filepath.Join(h.Mount, "cgroup.controllers"))
		if err == nil {
			offered = append(offered, strings.Fields(string(content))...)
		}
	}
	return slices.DeleteFunc(slices.Clone(needed), func(name string) bool { return slices.Contains(offered, name) })
}

// Create makes the groups in every hierarchy.
func (g Groups) Create() error {
	for _, h := range g.hierarchies {
		for _, path := range []string{parent, g.Path, g.Path + "/" + system} {
			if err := h.create(path); err != nil {
				return fmt.Errorf("make control group %s below %s: %w", path, h.Mount, err)
			}
		}
	}
	return nil
}

func (h Hierarchy) create(path string) error {
	dir := filepath.Join(h.Mount, path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if h.V2 {
		return enableControllers(filepath.Dir(dir))
	}
	if !slices.Contains(h.Options, "cpuset") {
		return nil
	}
	// A version 1 cpuset starts empty and then takes no process.
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		value, err := os.ReadFile(filepath.Join(filepath.Dir(dir), file))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, file), value, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// enableControllers hands every controller of a version 2 group on to the
// groups below it.
func enableControllers(dir string) error {
	content, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	if err != nil {
		return err
	}
	for controller := range strings.FieldsSeq(string(content)) {
		err := os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+controller), 0o644)
		if err != nil && slices.Contains(needed, controller) {
			return err
		}
	}
	return nil
}

// tracking is the hierarchy in which the rig keeps its own programs: the one
// that limits nothing by itself.
func (g Groups) tracking() (Hierarchy, bool) {
	for _, h := range g.hierarchies {
		if h.V2 || slices.Contains(h.Options, "pids") {
			return h, true
		}
	}
	return Hierarchy{}, false
}

// Add puts a process, and what it starts from now on, into the cluster's
// group.
func (g Groups) Add(pid int) error {
	h, found := g.tracking()
	if !found {
		return errors.New("this machine offers no pids control group; mount the cgroup hierarchies first")
	}
	file := filepath.Join(h.Mount, g.Path, system, "cgroup.procs")
	if err := os.WriteFile(file, []byte(strconv.Itoa(pid)), 0o644); err != nil {
		return fmt.Errorf("put process %d into its control group: %w", pid, err)
	}
	return nil
}

// Processes returns the processes in the cluster's group and those below,
// containers among them.
func (g Groups) Processes() ([]int, error) {
	h, found := g.tracking()
	if !found {
		return nil, nil
	}
	var pids []int
	err := g.walk(h, func(dir string) error {
		content, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		if err != nil {
			return ignoreGone(err)
		}
		for field := range strings.FieldsSeq(string(content)) {
			pid, err := strconv.Atoi(field)
			if err != nil {
				return fmt.Errorf("read %s: %w", dir, err)
			}
			pids = append(pids, pid)
		}
		return nil
	})
	return pids, err
}

// Remove takes the groups away, the deepest first; the kernel refuses while a
// process is in one. The common parent goes with the last cluster.
func (g Groups) Remove() error {
	for _, h := range g.mounted {
		var dirs []string
		if err := g.walk(h, func(dir string) error { dirs = append(dirs, dir); return nil }); err != nil {
			return err
		}
		slices.Reverse(dirs)
		for _, dir := range dirs {
			if err := ignoreGone(os.Remove(dir)); err != nil {
				return fmt.Errorf("remove control group: %w", err)
			}
		}
		err := ignoreGone(os.Remove(filepath.Join(h.Mount, parent)))
		if err != nil && !errors.Is(err, syscall.EBUSY) && !errors.Is(err, syscall.ENOTEMPTY) {
			return fmt.Errorf("remove control group: %w", err)
		}
	}
	return nil
}

// walk visits the cluster's folders in a hierarchy, parents before children.
func (g Groups) walk(h Hierarchy, visit func(dir string) error) error {
	return filepath.WalkDir(filepath.Join(h.Mount, g.Path), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return ignoreGone(err)
		}
		if entry.IsDir() {
			return visit(path)
		}
		return nil
	})
}

func ignoreGone(err error) error {
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENODEV) {
		return nil
	}
	return err
}
