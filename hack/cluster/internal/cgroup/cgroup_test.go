// SPDX-License-Identifier: Apache-2.0

package cgroup

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHierarchies(t *testing.T) {
	tests := []struct {
		name, mounts string
		want         []Hierarchy
	}{
		{
			name: "version 2",
			mounts: "/dev/sda1 / ext4 rw 0 0\n" +
				"cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n",
			want: []Hierarchy{{Mount: "/sys/fs/cgroup", Options: []string{"rw", "nosuid"}, V2: true}},
		},
		{
			name: "version 1 with the unified one beside it",
			mounts: "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n" +
				"cgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0\n" +
				"cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n",
			want: []Hierarchy{
				{Mount: "/sys/fs/cgroup/cpu,cpuacct", Options: []string{"rw", "cpu", "cpuacct"}},
				{Mount: "/sys/fs/cgroup/pids", Options: []string{"rw", "pids"}},
			},
		},
		{name: "none", mounts: "proc /proc proc rw 0 0\n\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Hierarchies(test.mounts)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMissing(t *testing.T) {
	groups := Groups{hierarchies: []Hierarchy{
		{Options: []string{"rw", "cpu", "cpuacct"}},
		{Options: []string{"rw", "memory"}},
	}}
	if diff := cmp.Diff([]string{"pids", "cpuset"}, groups.Missing()); diff != "" {
		t.Error(diff)
	}
}
