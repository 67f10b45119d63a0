// SPDX-License-Identifier: Apache-2.0

package cgroup

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMounted(t *testing.T) {
	tests := []struct {
		name, mounts   string
		wantV1, wantV2 []Hierarchy
	}{
		{
			name: "version 2",
			mounts: "/dev/sda1 / ext4 rw 0 0\n" +
				"cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n",
			wantV2: []Hierarchy{{Mount: "/sys/fs/cgroup", Options: []string{"rw", "nosuid"}, V2: true}},
		},
		{
			name: "version 1 with the unified one beside it",
			mounts: "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n" +
				"cgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0\n" +
				"cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n",
			wantV1: []Hierarchy{
				{Mount: "/sys/fs/cgroup/cpu,cpuacct", Options: []string{"rw", "cpu", "cpuacct"}},
				{Mount: "/sys/fs/cgroup/pids", Options: []string{"rw", "pids"}},
			},
			wantV2: []Hierarchy{{Mount: "/sys/fs/cgroup/unified", Options: []string{"rw"}, V2: true}},
		},
		{name: "none", mounts: "proc /proc proc rw 0 0\n\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v1, v2 := mounted(test.mounts)
			if diff := cmp.Diff(test.wantV1, v1); diff != "" {
				t.Errorf("version 1: %s", diff)
			}
			if diff := cmp.Diff(test.wantV2, v2); diff != "" {
				t.Errorf("version 2: %s", diff)
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
