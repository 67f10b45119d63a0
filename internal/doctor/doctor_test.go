// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// healthy returns a place with nothing wrong.
func healthy(place Place) State {
	namespace := func(name string) Seen[Namespace] {
		return Seen[Namespace]{Value: Namespace{Name: name, Found: true, Enforced: "restricted", Region: strings.TrimPrefix(name, "region-")}}
	}
	s := State{Place: place, Binary: "v0.3.0"}
	if place == Node {
		s.Machine = Machine{
			Kernel:  See("6.8.0-45-generic", nil),
			Groups:  See(true, nil),
			Memory:  See(Memory{Total: 8 << 30}, nil),
			Clock:   See(MachineClock{Now: noon, Synchronised: true, Built: noon.AddDate(0, -1, 0)}, nil),
			Disk:    See(Disk{Folder: "/var/lib", Free: 80 << 30}, nil),
			Gateway: See(Gateway{Address: "hub.example:8443", Took: time.Second}, nil),
		}
		return s
	}
	process := Workload{Name: "deployment/frontline-hub", Component: "hub", Image: "frontline:0.3.0", Version: "0.3.0", Wanted: 1, Ready: 1}
	if place == Region {
		process.Name, process.Component = "statefulset/frontline-agent", "agent"
	}
	s.Cluster = Cluster{
		Kubernetes: "v1.36.2",
		Clocks:     See(Clocks{Here: noon, There: noon, Spread: time.Second}, nil),
		Wanted:     []string{"BorderPost", "WatchlistFeed"},
		Served:     See([]string{"WatchlistFeed", "BorderPost"}, nil),
		Install:    namespace("frontline-system"),
		Keys:       namespace("frontline-keys"),
		Region:     namespace("region-north"),
		Classes:    See([]Class{{Name: "slow"}, {Name: "fast", Default: true}}, nil),
		Claims:     See([]Claim{{Name: "root-frontline-registry-0", Phase: "Bound"}}, nil),
		Nodes: See([]ClusterNode{
			{Name: "node-1", Ready: true, Schedulable: true, Kernel: "6.8.0", MemoryBytes: 8 << 30, Renewed: noon.Add(-8 * time.Second)},
		}, nil),
		Rights:      See([]Right{{Verb: "create", Resource: "namespaces", Allowed: true}}, nil),
		Granted:     See([]Right{{Verb: "create", Resource: "secrets", Namespace: "frontline-system", Allowed: true}}, nil),
		Workloads:   See([]Workload{process, {Name: "statefulset/frontline-registry", Component: "registry", Version: "0.3.0", Wanted: 1, Ready: 1}}, nil),
		Policies:    See(Policies{Expected: []string{"frontline-registry"}, Found: []string{"frontline-registry"}}, nil),
		Gateways:    []string{"hub.example:8443"},
		OwnRegistry: true,
		Regions:     See([]Link{{Region: "north", State: "Connected", Version: "0.2.4"}, {Region: "south", State: "NotJoined"}}, nil),
		Terms:       See(true, nil),
		Hub:         See("0.3.1", nil),
	}
	return s
}

// bare is a place where nothing is installed.
func bare(place Place) State {
	s := healthy(place)
	s.Cluster.Workloads.Value, s.Cluster.Served.Value, s.Cluster.Claims.Value = nil, nil, nil
	return s
}

func find(t *testing.T, report Report, name string) Row {
	t.Helper()
	i := slices.IndexFunc(report.Checks, func(r Row) bool { return r.Name == name })
	if i < 0 {
		t.Fatalf("no check %q on %s", name, report.Place)
	}
	return report.Checks[i]
}

func TestHealthy(t *testing.T) {
	for _, s := range []State{healthy(Hub), healthy(Region), healthy(Node), bare(Hub), bare(Region)} {
		report := Examine(s)
		for _, row := range report.Checks {
			if row.Result != OK && row.Result != Skipped {
				t.Errorf("%s, installed %t: %s is %s: %s", s.Place, report.Installed, row.Name, row.Result, row.LookedAt)
			}
			if row.LookedAt == "" {
				t.Errorf("%s: %s does not say what it looked at", s.Place, row.Name)
			}
		}
		if n := report.Count(OK); n < 6 {
			t.Errorf("%s, installed %t: only %d checks looked at anything", s.Place, report.Installed, n)
		}
	}
}

// TestFaults plants one fault each, and wants its finding and no other.
func TestFaults(t *testing.T) {
	tests := []struct {
		name  string
		state State
		plant func(*State)
		check string
		want  Result
		saw   string
	}{
		{"old Kubernetes", bare(Hub), func(s *State) { s.Cluster.Kubernetes = "v1.35.9" }, "kubernetes", Failed, "1.36 or newer"},
		{"Kubernetes of no version", bare(Hub), func(s *State) { s.Cluster.Kubernetes = "main" }, "kubernetes", Warning, "main"},
		{"nothing where something was held to be", bare(Hub), func(s *State) { s.Expected = true }, "installation", Failed, "no hub"},
		{"a command of another release", healthy(Hub), func(s *State) { s.Binary = "v0.2.0" }, "versions", Warning, "v0.2.0"},
		{"a region before its hub", healthy(Region), func(s *State) { s.Cluster.Hub.Value = "0.2.9" }, "versions", Warning, "0.2.9"},
		{"a region long behind its hub", healthy(Region), func(s *State) { s.Cluster.Hub.Value = "0.6.0" }, "versions", Failed, "0.6.0"},
		{"one of the regions long behind", healthy(Hub), func(s *State) {
			s.Cluster.Regions.Value = []Link{{Region: "east", Version: "0.4.0"}, {Region: "north", Version: "v1.0.0"}, {Region: "west", Version: "0.0.9"}}
		}, "versions", Failed, "region west runs 0.0.9, its hub 0.3.0"},
		{"a region upgraded first", healthy(Hub), func(s *State) { s.Cluster.Regions.Value[0].Version = "0.4.0" }, "versions", Warning, "region north runs 0.4.0"},
		{"a kind is missing", healthy(Hub), func(s *State) { s.Cluster.Served.Value = []string{"BorderPost"} }, "definitions", Failed, "WatchlistFeed"},
		{"kinds of an older installation", bare(Hub), func(s *State) { s.Cluster.Served.Value = []string{"BorderPost"} }, "definitions", Warning, "WatchlistFeed"},
		{"no namespace", bare(Hub), func(s *State) { s.Cluster.Install.Value.Found = false }, "namespace", Warning, "not there yet"},
		{"the namespace is gone", healthy(Hub), func(s *State) { s.Cluster.Install.Value.Found = false }, "namespace", Failed, "not there"},
		{"no Pod Security", healthy(Hub), func(s *State) { s.Cluster.Install.Value.Enforced = "" }, "namespace", Warning, "nothing"},
		{"lenient Pod Security", healthy(Region), func(s *State) { s.Cluster.Region.Value.Enforced = "baseline" }, "region namespace", Warning, "baseline"},
		{"a namespace of somebody else's", healthy(Region), func(s *State) { s.Cluster.Region.Value.Region = "" }, "region namespace", Failed, "not marked"},
		{"no key namespace", healthy(Hub), func(s *State) { s.Cluster.Keys.Value.Found = false }, "key namespace", Failed, "frontline-keys"},
		{"no right to install", bare(Region), func(s *State) { s.Cluster.Rights.Value[0].Allowed = false }, "your rights", Failed, "create namespaces"},
		{"a binding is gone", healthy(Hub), func(s *State) { s.Cluster.Granted.Value[0].Allowed = false }, "its rights", Failed, "create secrets in frontline-system"},
		{"no storage class", bare(Hub), func(s *State) { s.Cluster.Classes.Value = nil }, "storage class", Failed, "no storage class"},
		{"no default class", bare(Region), func(s *State) { s.Cluster.Classes.Value[1].Default = false }, "storage class", Warning, "slow, fast"},
		{"a volume is not bound", healthy(Hub), func(s *State) { s.Cluster.Claims.Value[0].Phase = "Pending" }, "volumes", Failed, "Pending"},
		{"no volume", healthy(Hub), func(s *State) { s.Cluster.Claims.Value = nil }, "volumes", Warning, "no volume"},
		{"no registry", healthy(Hub), func(s *State) { s.Cluster.Workloads.Value = s.Cluster.Workloads.Value[:1] }, "registry", Failed, "no registry"},
		{"a policy is gone", healthy(Region), func(s *State) { s.Cluster.Policies.Value.Found = nil }, "policies", Warning, "frontline-registry"},
		{"a gateway that no region reaches", healthy(Hub), func(s *State) { s.Cluster.Gateways = []string{"frontline-gateway.frontline-system.svc:8443"} }, "gateway address", Warning, "this cluster alone"},
		{"no gateway", healthy(Hub), func(s *State) { s.Cluster.Gateways = nil }, "gateway address", Failed, "none"},
		{"a region is away", healthy(Hub), func(s *State) {
			s.Cluster.Regions.Value[0] = Link{Region: "north", State: "Offline", Trouble: "silent since noon"}
		}, "regions", Warning, "north is Offline"},
		{"no terms", healthy(Region), func(s *State) { s.Cluster.Terms.Value = false }, "terms", Failed, "accepts nothing"},
		{"clocks drift", bare(Hub), func(s *State) { s.Cluster.Clocks.Value.Here = noon.Add(-20 * time.Second) }, "clock", Warning, "19s apart"},
		{"clocks are apart", bare(Hub), func(s *State) { s.Cluster.Clocks.Value.Here = noon.Add(time.Hour) }, "clock", Failed, "apart"},
		{"a node is ahead", healthy(Region), func(s *State) { s.Cluster.Nodes.Value[0].Renewed = noon.Add(time.Minute) }, "clocks of nodes", Failed, "node-1 is 1m0s ahead"},
		{"a node is behind", healthy(Region), func(s *State) { s.Cluster.Nodes.Value[0].Renewed = noon.Add(-time.Hour) }, "clocks of nodes", Failed, "behind"},
		{"a small node", bare(Hub), func(s *State) { s.Cluster.Nodes.Value[0].MemoryBytes = 1 << 30 }, "memory", Warning, "1024 MiB"},
		{"a tiny node", bare(Region), func(s *State) { s.Cluster.Nodes.Value[0].MemoryBytes = 256 << 20 }, "memory", Failed, "256 MiB"},
		{"a node under pressure", bare(Hub), func(s *State) { s.Cluster.Nodes.Value[0].Pressure = []string{"MemoryPressure"} }, "memory", Warning, "MemoryPressure"},
		{"no node takes pods", bare(Hub), func(s *State) { s.Cluster.Nodes.Value[0].Schedulable = false }, "memory", Failed, "no node"},
		{"swap under an old kernel", bare(Hub), func(s *State) { s.Cluster.Nodes.Value[0].SwapBytes, s.Cluster.Nodes.Value[0].Kernel = 1<<30, "6.1.0" }, "swap", Warning, "node-1 (Linux 6.1.0)"},

		{"an old kernel", healthy(Node), func(s *State) { s.Machine.Kernel.Value = "5.15.0-100" }, "kernel", Warning, "5.15"},
		{"control groups of version 1", healthy(Node), func(s *State) { s.Machine.Groups.Value = false }, "control groups", Warning, "version 1"},
		{"nothing keeps the clock", healthy(Node), func(s *State) { s.Machine.Clock.Value.Synchronised = false }, "clock", Warning, "nothing keeps"},
		{"a clock without a battery", healthy(Node), func(s *State) { s.Machine.Clock.Value.Now = time.Unix(0, 0) }, "clock", Failed, "1970"},
		{"little memory", healthy(Node), func(s *State) { s.Machine.Memory.Value.Total = 1 << 30 }, "memory", Warning, "1024 MiB"},
		{"little space", healthy(Node), func(s *State) { s.Machine.Disk.Value.Free = 1 << 30 }, "disk", Warning, "1024 MiB"},
		{"no line", healthy(Node), func(s *State) { s.Machine.Gateway.Err = errors.New("no route to host") }, "gateway", Failed, "no route"},
		{"a slow line", healthy(Node), func(s *State) { s.Machine.Gateway.Value.Took = 9 * time.Second }, "gateway", Warning, "9s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.plant(&tt.state)
			report := Examine(tt.state)
			row := find(t, report, tt.check)
			if row.Result != tt.want || !strings.Contains(row.LookedAt, tt.saw) {
				t.Errorf("%s is %s: %q; want %s with %q", tt.check, row.Result, row.LookedAt, tt.want, tt.saw)
			}
			if row.Next == "" {
				t.Errorf("%s does not say what to do next", tt.check)
			}
			if n := report.Count(Warning) + report.Count(Failed); n != 1 {
				t.Errorf("one fault makes %d findings: %+v", n, report.Checks)
			}
		})
	}
}

// TestFaultsOfPods: a registry that cannot write is both a pod that is not ready
// and a registry that is none.
func TestFaultsOfPods(t *testing.T) {
	s := healthy(Hub)
	s.Cluster.Workloads.Value[1].Ready, s.Cluster.Workloads.Value[1].Trouble = 0, "CrashLoopBackOff"
	report := Examine(s)
	if row := find(t, report, "workloads"); row.Result != Failed || !strings.Contains(row.LookedAt, "frontline-registry: 0 of 1 ready (CrashLoopBackOff)") {
		t.Errorf("workloads: %+v", row)
	}
	if row := find(t, report, "registry"); row.Result != Failed || !strings.Contains(row.LookedAt, "cannot write") {
		t.Errorf("registry: %+v", row)
	}
	s.Cluster.OwnRegistry = false
	if row := find(t, Examine(s), "registry"); row.Result != Skipped {
		t.Errorf("a registry of its owner's: %+v", row)
	}
}

// TestSwap: on a node, swap is a fault of the machine and the kernel together.
func TestSwap(t *testing.T) {
	s := healthy(Node)
	s.Machine.Memory.Value.Swap = 1 << 30
	if row := find(t, Examine(s), "swap"); row.Result != OK {
		t.Errorf("with a kernel that keeps memory volumes out: %+v", row)
	}
	s.Machine.Kernel.Value = "6.3.9"
	if row := find(t, Examine(s), "swap"); row.Result != Warning || !strings.Contains(row.Next, "swapoff") {
		t.Errorf("with one that does not: %+v", row)
	}
}

// TestUnseen: what may not be read is skipped, and is no fault.
func TestUnseen(t *testing.T) {
	denied := errors.New("forbidden")
	s := healthy(Hub)
	c := &s.Cluster
	c.Clocks.Err, c.Served.Err, c.Install.Err, c.Keys.Err, c.Claims.Err = denied, denied, denied, denied, denied
	c.Nodes.Err, c.Granted.Err, c.Policies.Err, c.Regions.Err = denied, denied, denied, denied
	report := Examine(s)
	if n := report.Count(Warning) + report.Count(Failed); n != 0 {
		t.Errorf("%d findings of what was not seen: %+v", n, report.Checks)
	}
	for _, name := range []string{"definitions", "namespace", "key namespace", "its rights", "volumes", "policies", "regions", "clock", "clocks of nodes", "memory", "swap"} {
		if row := find(t, report, name); row.Result != Skipped || !strings.Contains(row.LookedAt, "forbidden") || row.Next == "" {
			t.Errorf("%s: %+v", name, row)
		}
	}
}

func TestReleaseOf(t *testing.T) {
	for version, want := range map[string]string{
		"v1.36.2": "1.36", "1.36+": "1.36", "0.1.0": "0.1", "v0.1.0-3-gabc": "0.1", "6.8.0-45-generic": "6.8", "6.4-rc1": "6.4",
		"(devel)": "", "": "", "v1": "", "abc.def": "",
	} {
		got, known := releaseOf(version)
		if known != (want != "") || known && got.String() != want {
			t.Errorf("release of %q is %v, %t; want %q", version, got, known, want)
		}
	}
}
