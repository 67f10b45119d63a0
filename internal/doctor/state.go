// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"slices"
	"time"
)

// Seen is what was looked for, or why it could not be seen.
type Seen[T any] struct {
	Value T
	Err   error
}

// See makes a Seen of what a function returns.
func See[T any](value T, err error) Seen[T] { return Seen[T]{Value: value, Err: err} }

// State is all that checks look at.
type State struct {
	Place Place
	// Expected says that whoever asks holds Frontline to be installed.
	Expected bool
	// Binary is the version of this command.
	Binary string
	// Cluster is looked at on a hub and in a region, Machine on a node.
	Cluster Cluster
	Machine Machine
}

// Components of an installation that hold its process.
var roles = map[Place][]string{Hub: {"hub", "all"}, Region: {"agent", "all"}}

// Installed reports whether the process of the place is installed.
func (s State) Installed() bool { return s.process() != nil }

// process returns the workload that is the hub, or the agent.
func (s State) process() *Workload {
	for i, w := range s.Cluster.Workloads.Value {
		if slices.Contains(roles[s.Place], w.Component) {
			return &s.Cluster.Workloads.Value[i]
		}
	}
	return nil
}

// Cluster is what was seen of a cluster.
type Cluster struct {
	// Kubernetes is the version of the API server.
	Kubernetes string
	Clocks     Seen[Clocks]
	// Wanted are the kinds that this command knows, Served those that the API
	// server has in the same version.
	Wanted []string
	Served Seen[[]string]
	// Install, Keys and Region are the namespaces of the installation, of the
	// hub's keys and of the region. One without a name is not known.
	Install, Keys, Region Seen[Namespace]
	Classes               Seen[[]Class]
	Claims                Seen[[]Claim]
	Nodes                 Seen[[]ClusterNode]
	// Rights are those that installing asks for, of who runs the doctor; Granted
	// those that the installed process lives on.
	Rights, Granted Seen[[]Right]
	Workloads       Seen[[]Workload]
	// Policies are the NetworkPolicies that there are, of those in Expected.
	Policies Seen[Policies]
	// Gateways are the addresses that invitations name.
	Gateways []string
	// OwnRegistry is false where the hub has a registry of its owner's.
	OwnRegistry bool
	Regions     Seen[[]Link]
	// Terms says whether the region has said what it accepts.
	Terms Seen[bool]
	// Hub is the version of the hub that a region is held against; empty when
	// nobody named it.
	Hub Seen[string]
}

// Clocks are two clocks read at the same moment, give or take Spread.
type Clocks struct {
	Here, There time.Time
	Spread      time.Duration
}

// Namespace is one of the three that an installation uses.
type Namespace struct {
	Name  string
	Found bool
	// Enforced is the level of Pod Security that is enforced in it.
	Enforced string
	// Region is the region that it is marked as belonging to.
	Region string
}

// Class is a storage class.
type Class struct {
	Name    string
	Default bool
}

// Claim is a claim for a volume.
type Claim struct {
	Name, Phase string
}

// ClusterNode is a node as Kubernetes sees it.
type ClusterNode struct {
	Name               string
	Ready, Schedulable bool
	Kernel             string
	MemoryBytes        int64
	SwapBytes          int64
	// Pressure names what the node says it runs out of.
	Pressure []string
	// Renewed is when the node's own clock last stamped its Lease; zero without one.
	Renewed time.Time
}

// Right is something that is allowed, or not.
type Right struct {
	// Verb and Resource, as in "create deployments.apps", and where; empty is
	// the whole cluster.
	Verb, Resource, Namespace string
	Allowed                   bool
}

// Workload is a Deployment or StatefulSet of the installation.
type Workload struct {
	// Name is as kubectl takes it, such as deployment/frontline-hub.
	Name, Component string
	Image, Version  string
	Wanted, Ready   int32
	// Trouble is what its pods wait for.
	Trouble string
}

// Policies are the NetworkPolicies that the chart makes for a place, and those of them there are.
type Policies struct {
	Expected, Found []string
}

// Link is how the line to a region fares.
type Link struct {
	Region, State string
	// Trouble is why it is not ready.
	Trouble string
	// Version is that of its agent; empty before it said so.
	Version string
}

// Machine is what a machine says of itself.
type Machine struct {
	Kernel  Seen[string]
	Groups  Seen[bool]
	Memory  Seen[Memory]
	Clock   Seen[MachineClock]
	Disk    Seen[Disk]
	Gateway Seen[Gateway]
}

// Memory is a machine's memory in bytes.
type Memory struct {
	Total, Swap int64
}

// MachineClock is a machine's clock: what it shows, and whether the kernel is
// told that something keeps it right.
type MachineClock struct {
	Now          time.Time
	Synchronised bool
	// Built is when this command was made, which no clock that is right is before;
	// zero where the build did not say.
	Built time.Time
}

// Disk is the free space of a folder's volume.
type Disk struct {
	Folder string
	Free   int64
}

// Gateway is the hub's gateway as the machine reaches it; one without an
// address was not looked for.
type Gateway struct {
	Address string
	Took    time.Duration
}
