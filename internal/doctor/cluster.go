// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// slowClock and wrongClock are how far clocks may be apart before somebody
	// should look, and before orders and ages of lists go wrong.
	slowClock  = 5 * time.Second
	wrongClock = time.Minute

	// silentNode is the age of a node's Lease, which it stamps every ten seconds,
	// at which its clock is behind if the node is well.
	silentNode = time.Minute

	// smallest is the memory of a node in which nothing of Frontline gets far.
	smallest = 512 << 20
)

// roomy is the memory of a node on which the pods of a place never run out: the
// limits that the chart sets.
var roomy = map[Place]int64{Hub: 3 << 30, Region: 1 << 30}

var (
	// oldestKubernetes is what the chart asks for.
	oldestKubernetes = release{1, 36}
	// noswapKernel is the first whose tmpfs can be kept out of swap.
	noswapKernel = release{6, 4}
)

func kubernetes(s State) Finding {
	seen := s.Cluster.Kubernetes
	switch version, known := releaseOf(seen); {
	case !known:
		return warning("compare it with the oldest that is supported, "+oldestKubernetes.String(), "Kubernetes %s", seen)
	case version.less(oldestKubernetes):
		return failed("upgrade the cluster first", "Kubernetes %s; %s or newer is needed", seen, oldestKubernetes)
	}
	return ok("Kubernetes %s", seen)
}

func installation(s State) Finding {
	namespace := s.Cluster.Install.Value.Name
	switch process := s.process(); {
	case s.Cluster.Workloads.Err != nil:
		return unseen("workloads of namespace "+namespace, s.Cluster.Workloads.Err)
	case process != nil:
		return ok("%s, image %s", process.Name, process.Image)
	case s.Expected:
		return failed("install the chart with role="+string(s.Place)+", or give --install-namespace", "no %s in namespace %s", roles[s.Place][0], namespace)
	}
	return skipped("no %s in namespace %s: these are the checks before installing", roles[s.Place][0], namespace)
}

func definitions(s State) Finding {
	c := s.Cluster
	if c.Served.Err != nil {
		return unseen("the API of Frontline", c.Served.Err)
	}
	missing := slices.DeleteFunc(slices.Clone(c.Wanted), func(kind string) bool { return slices.Contains(c.Served.Value, kind) })
	switch {
	case len(missing) == 0:
		return ok("all %d kinds are served", len(c.Wanted))
	case len(c.Served.Value) == 0 && !s.Installed():
		return ok("none yet; the chart brings them")
	case !s.Installed():
		return warning("let the chart bring them (crds.enabled), or apply config/crd", "from another installation, and without %s", strings.Join(missing, ", "))
	}
	return failed("upgrade the release with crds.enabled=true", "not served: %s", strings.Join(missing, ", "))
}

func installNamespace(s State) Finding {
	return s.namespace(s.Cluster.Install, "kubectl create namespace "+s.Cluster.Install.Value.Name)
}

func keyNamespace(s State) Finding {
	if s.Cluster.Keys.Value.Name == "" {
		return skipped("keys are in the namespace of the installation; hub.keyNamespace parts them")
	}
	return s.namespace(s.Cluster.Keys, "kubectl create namespace "+s.Cluster.Keys.Value.Name)
}

func regionNamespace(s State) Finding {
	seen := s.Cluster.Region
	switch {
	case seen.Value.Name == "":
		return skipped("no --region is given")
	case seen.Err == nil && !seen.Value.Found && !s.Installed():
		return ok("namespace %s: none yet; the chart makes it", seen.Value.Name)
	case seen.Err == nil && seen.Value.Found && "region-"+seen.Value.Region != seen.Value.Name:
		return failed("if Frontline may use it: kubectl label namespace "+seen.Value.Name+" screening.frontline.dev/region="+strings.TrimPrefix(seen.Value.Name, "region-"),
			"namespace %s is not marked as the region's", seen.Value.Name)
	}
	return s.namespace(seen, "kubectl create namespace "+seen.Value.Name+", and upgrade the release so that it is labelled")
}

// namespace looks for the namespace and for what Pod Security enforces there.
func (s State) namespace(seen Seen[Namespace], create string) Finding {
	n := seen.Value
	switch {
	case seen.Err != nil:
		return unseen("namespace "+n.Name, seen.Err)
	case !n.Found && s.Installed():
		return failed(create, "namespace %s is not there", n.Name)
	case !n.Found:
		return warning(create, "namespace %s is not there yet", n.Name)
	case n.Enforced != "restricted":
		return warning("kubectl label namespace "+n.Name+" pod-security.kubernetes.io/enforce=restricted",
			"namespace %s enforces Pod Security %s", n.Name, orNothing(n.Enforced))
	}
	return ok("namespace %s enforces Pod Security restricted", n.Name)
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

func rights(s State) Finding {
	return s.allowed(s.Cluster.Rights, "you may", "let somebody install who may, or be granted it")
}

func granted(s State) Finding {
	return s.allowed(s.Cluster.Granted, "it may", "upgrade the release, which brings its roles, and look for who took them away")
}

func (s State) allowed(seen Seen[[]Right], who, next string) Finding {
	if seen.Err != nil {
		return unseen("what is allowed", seen.Err)
	}
	var denied []string
	for _, r := range seen.Value {
		if !r.Allowed {
			denied = append(denied, r.String())
		}
	}
	if len(denied) > 0 {
		return failed(next, "%s not %s", who, strings.Join(denied, "; not "))
	}
	return ok("%s do all %d things asked about", who, len(seen.Value))
}

// String is the right as people say it.
func (r Right) String() string {
	if r.Namespace == "" {
		return r.Verb + " " + r.Resource
	}
	return fmt.Sprintf("%s %s in %s", r.Verb, r.Resource, r.Namespace)
}

func storageClass(s State) Finding {
	seen := s.Cluster.Classes
	if seen.Err != nil {
		return unseen("storage classes", seen.Err)
	}
	var names []string
	for _, c := range seen.Value {
		if c.Default {
			return ok("%s is the default class", c.Name)
		}
		names = append(names, c.Name)
	}
	if len(names) == 0 {
		return failed("install a provisioner of volumes, or name volumes by registry.persistence.existingClaim and agent.persistence.existingClaim", "no storage class")
	}
	return warning("set registry.persistence.storageClass and, in a region, agent.persistence.storageClass", "no default among %s", strings.Join(names, ", "))
}

func clock(s State) Finding {
	seen := s.Cluster.Clocks
	if seen.Err != nil {
		return unseen("the API server's clock", seen.Err)
	}
	apart := (seen.Value.Here.Sub(seen.Value.There)).Abs() - seen.Value.Spread
	switch {
	case apart > wrongClock:
		return failed("set both by a time server; which is wrong cannot be told from here", "this machine and the API server are %s apart", apart.Round(time.Second))
	case apart > slowClock:
		return warning("set both by a time server", "this machine and the API server are %s apart", apart.Round(time.Second))
	}
	return ok("this machine and the API server agree")
}

func nodeClocks(s State) Finding {
	switch {
	case s.Cluster.Nodes.Err != nil:
		return unseen("nodes", s.Cluster.Nodes.Err)
	case s.Cluster.Clocks.Err != nil:
		return unseen("the API server's clock", s.Cluster.Clocks.Err)
	}
	now, seen := s.Cluster.Clocks.Value.There, 0
	var ahead, behind []string
	for _, n := range s.Cluster.Nodes.Value {
		if n.Renewed.IsZero() || !n.Ready {
			continue
		}
		seen++
		switch age := now.Sub(n.Renewed); {
		case age < -slowClock:
			ahead = append(ahead, fmt.Sprintf("%s is %s ahead", n.Name, (-age).Round(time.Second)))
		case age > silentNode:
			behind = append(behind, fmt.Sprintf("%s is up to %s behind", n.Name, age.Round(time.Second)))
		}
	}
	switch wrong := slices.Concat(ahead, behind); {
	case len(wrong) > 0:
		return failed("run frontline doctor node there, and set its clock by a time server", "%s", strings.Join(wrong, "; "))
	case seen == 0:
		return skipped("no node that is ready has stamped a Lease")
	}
	return ok("%d nodes, by their Leases", seen)
}

func memory(s State) Finding {
	seen := s.Cluster.Nodes
	if seen.Err != nil {
		return unseen("nodes", seen.Err)
	}
	var largest int64
	var pressed []string
	for _, n := range seen.Value {
		if n.Ready && n.Schedulable {
			largest = max(largest, n.MemoryBytes)
		}
		for _, what := range n.Pressure {
			pressed = append(pressed, n.Name+": "+what)
		}
	}
	want := roomy[s.Place]
	switch {
	case largest == 0:
		return failed("kubectl get nodes", "no node is ready and takes pods")
	case largest < smallest:
		return failed("add a node with "+mebibytes(want), "the largest node has %s for pods", mebibytes(largest))
	case len(pressed) > 0:
		return warning("kubectl describe node, and free what it names", "%s", strings.Join(pressed, "; "))
	case largest < want:
		return warning("add memory, or lower what the chart's resources allow; large lists will not fit", "the largest node has %s for pods; %s is customary", mebibytes(largest), mebibytes(want))
	}
	return ok("the largest node has %s for pods", mebibytes(largest))
}

func mebibytes(bytes int64) string { return fmt.Sprintf("%d MiB", bytes>>20) }

func swap(s State) Finding {
	seen := s.Cluster.Nodes
	if seen.Err != nil {
		return unseen("nodes", seen.Err)
	}
	var exposed []string
	for _, n := range seen.Value {
		if version, known := releaseOf(n.Kernel); n.SwapBytes > 0 && (!known || version.less(noswapKernel)) {
			exposed = append(exposed, fmt.Sprintf("%s (Linux %s)", n.Name, n.Kernel))
		}
	}
	if len(exposed) > 0 {
		return warning("turn swap off there, or use Linux "+noswapKernel.String()+" or newer", "plain lists may reach a disk on %s", strings.Join(exposed, ", "))
	}
	return ok("no node swaps what is kept in memory")
}
