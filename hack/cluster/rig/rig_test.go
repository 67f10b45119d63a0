// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/hack/cluster/internal/addrplan"
	"github.com/frontline-screening/frontline/hack/cluster/internal/process"
	"github.com/frontline-screening/frontline/hack/cluster/internal/render"
)

func TestOptionsComplete(t *testing.T) {
	tests := []struct {
		name     string
		clusters []string
		wantErr  string
	}{
		{name: "defaults"},
		{name: "good names", clusters: []string{"hub", "north-2"}},
		{name: "upper case", clusters: []string{"Hub"}, wantErr: `cluster name "Hub"`},
		{name: "path", clusters: []string{"../hub"}, wantErr: "lower-case letters"},
		{name: "too long", clusters: []string{strings.Repeat("a", 21)}, wantErr: "1 to 20"},
		{name: "trailing dash", clusters: []string{"hub-"}, wantErr: "not ending with a dash"},
		{name: "twice", clusters: []string{"hub", "hub"}, wantErr: "given twice"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Options{State: t.TempDir(), Clusters: test.clusters}.complete()
			if test.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), test.wantErr) {
					t.Fatalf("error %v, want one with %q", err, test.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if test.clusters == nil && !cmp.Equal(DefaultClusters, got.Clusters) {
				t.Errorf("clusters %q", got.Clusters)
			}
		})
	}
}

func testRecord(t *testing.T, state, name string) *record {
	t.Helper()
	plan, err := addrplan.For(1)
	if err != nil {
		t.Fatal(err)
	}
	self, err := process.Identify(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	r := &record{
		ID: plan.ID(name), Ready: true, Layout: render.Layout{Name: name, Plan: plan, Dir: state + "/" + name},
		Components: []component{{Name: Etcd, Ref: self}},
	}
	if err := os.MkdirAll(r.Layout.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := r.write(); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLoad(t *testing.T) {
	state := t.TempDir()
	if clusters, err := Load(state); err != nil || len(clusters) != 0 {
		t.Fatalf("an empty state gives %v, %v", clusters, err)
	}
	testRecord(t, state, "north")
	testRecord(t, state, "hub")
	clusters, err := Load(state)
	if err != nil {
		t.Fatal(err)
	}
	north, err := Find(clusters, "north")
	if err != nil {
		t.Fatal(err)
	}
	if north.NodeIP != "10.240.1.2" || north.HostIP != "10.240.1.1" || north.Server != "https://10.240.1.2:6443" ||
		north.Kubeconfig != state+"/north/kubeconfig" || north.AuditLog() != state+"/north/logs/audit.jsonl" {
		t.Errorf("cluster %+v", north)
	}
	if _, err := Find(clusters, "east"); err == nil || !strings.Contains(err.Error(), "there are hub, north") {
		t.Errorf("error %v", err)
	}
}

func TestHealthy(t *testing.T) {
	r := testRecord(t, t.TempDir(), "hub")
	if !r.healthy() {
		t.Error("a running cluster is not healthy")
	}
	r.Components[0].Ref.StartTicks++
	if r.healthy() {
		t.Error("healthy although etcd has ended")
	}
	r.Components[0].Stopped = true
	if !r.healthy() {
		t.Error("not healthy although etcd was stopped on purpose")
	}
	r.Ready = false
	if r.healthy() {
		t.Error("healthy although it never came up")
	}
}

func TestStoppedComponentIsNamed(t *testing.T) {
	state := t.TempDir()
	r := testRecord(t, state, "hub")
	err := r.cluster().StopComponent(t.Context(), "kubeadm")
	if err == nil || !strings.Contains(err.Error(), "no component kubeadm") {
		t.Fatalf("error %v", err)
	}
}

func TestParseNameservers(t *testing.T) {
	const content = "# comment\nnameserver 127.0.0.53\nnameserver 192.0.2.53\nnameserver 2001:db8::1\nsearch example.org\nnameserver\n"
	if diff := cmp.Diff([]string{"192.0.2.53"}, parseNameservers(content)); diff != "" {
		t.Error(diff)
	}
}

func TestImportedRefs(t *testing.T) {
	const output = "unpacking rig.localhost/a:1 (sha256:00)...done\nunpacking rig.localhost/b:2 (sha256:11)...done\n"
	if diff := cmp.Diff([]string{"rig.localhost/a:1", "rig.localhost/b:2"}, importedRefs(output)); diff != "" {
		t.Error(diff)
	}
}

func TestMountsBelow(t *testing.T) {
	const mountinfo = `22 1 8:1 / / rw - ext4 /dev/sda1 rw
30 22 0:50 / /state/hub/data/kubelet/pods/1 rw - tmpfs none rw
31 22 0:51 / /state/hub\040two rw - tmpfs none rw
32 30 0:52 / /state/hub/data/kubelet/pods/1/a\040b rw - tmpfs none rw
33 22 0:53 / /state/hub rw - tmpfs none rw
`
	// What lies on top comes first; the folder itself, and others whose names
	// begin alike, are not below it.
	want := []string{"/state/hub/data/kubelet/pods/1/a b", "/state/hub/data/kubelet/pods/1"}
	if diff := cmp.Diff(want, mountsBelow(mountinfo, "/state/hub", "/run/other")); diff != "" {
		t.Error(diff)
	}
}

func TestMachineError(t *testing.T) {
	err := &MachineError{}
	err.add("ctr", "containerd")
	err.add("containerd", "containerd")
	if diff := cmp.Diff([]string{"containerd"}, err.Packages); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(err.Error(), "ctr not found; on Debian: apt-get install containerd") {
		t.Errorf("error %q", err)
	}
}

func TestDownWithoutClusters(t *testing.T) {
	if err := Down(t.Context(), t.TempDir()+"/absent", nil); err != nil {
		t.Error(err)
	}
}
