// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"net"
	"slices"
	"strings"
)

// oldestRegion is how many minor versions a region may be behind its hub.
const oldestRegion = 2

func versions(s State) Finding {
	running := s.process().Version
	here, known := releaseOf(running)
	if !known {
		return skipped("the installation says version %s", orNothing(running))
	}
	if finding := s.skews(running); finding.Result != OK {
		return finding
	}
	switch own, known := releaseOf(s.Binary); {
	case !known:
		return ok("%s runs; this command is of no release (%s)", running, s.Binary)
	case own != here:
		return warning("use the command of the same release", "%s runs; this command is %s", running, s.Binary)
	}
	return ok("%s runs", running)
}

// skews holds what runs here against the other ends that are known.
func (s State) skews(running string) Finding {
	if s.Place == Region {
		if s.Cluster.Hub.Err != nil {
			return unseen("the hub's version", s.Cluster.Hub.Err)
		}
		return skew("the region", running, s.Cluster.Hub.Value)
	}
	worst := ok("")
	for _, l := range s.Cluster.Regions.Value {
		if finding := skew("region "+l.Region, l.Version, running); worst.Result == OK || finding.Result == Failed {
			worst = finding
		}
	}
	return worst
}

// skew holds a region against the hub that orders it. A version that is not
// known is held against nothing.
func skew(who, region, hub string) Finding {
	below, knownRegion := releaseOf(region)
	above, knownHub := releaseOf(hub)
	switch {
	case !knownRegion || !knownHub:
		return ok("")
	case above.less(below):
		return warning("upgrade the hub first, then its regions", "%s runs %s, its hub %s", who, region, hub)
	case above.major != below.major || above.minor-below.minor > oldestRegion:
		return failed(fmt.Sprintf("upgrade the region; it may be %d minor versions behind", oldestRegion), "%s runs %s, its hub %s", who, region, hub)
	}
	return ok("")
}

func volumes(s State) Finding {
	seen := s.Cluster.Claims
	if seen.Err != nil {
		return unseen("claims of volumes", seen.Err)
	}
	var open []string
	for _, c := range seen.Value {
		if c.Phase != "Bound" {
			open = append(open, fmt.Sprintf("%s is %s", c.Name, c.Phase))
		}
	}
	switch {
	case len(open) > 0:
		return failed("kubectl -n "+s.Cluster.Install.Value.Name+" describe pvc; the storage class is mostly why", "%s", strings.Join(open, "; "))
	case len(seen.Value) == 0:
		return warning("set persistence.enabled, unless this is a trial: what is in the pods ends with them", "no volume is claimed")
	}
	return ok("%d claims are bound", len(seen.Value))
}

func workloads(s State) Finding {
	var open []string
	for _, w := range s.Cluster.Workloads.Value {
		if w.Ready < w.Wanted || w.Wanted == 0 {
			text := fmt.Sprintf("%s: %d of %d ready", w.Name, w.Ready, w.Wanted)
			if w.Trouble != "" {
				text += " (" + w.Trouble + ")"
			}
			open = append(open, text)
		}
	}
	if len(open) > 0 {
		return failed("kubectl -n "+s.Cluster.Install.Value.Name+" get pods, and read the log of what is not ready", "%s", strings.Join(open, "; "))
	}
	return ok("all pods of %d workloads are ready", len(s.Cluster.Workloads.Value))
}

// registry takes the pod's word: it is ready while it can write to its volume.
func registry(s State) Finding {
	if !s.Cluster.OwnRegistry {
		return skipped("a registry of your own; its faults stand in the hub's log: kubectl -n %s logs deployment/frontline-hub", s.Cluster.Install.Value.Name)
	}
	for _, w := range s.Cluster.Workloads.Value {
		switch {
		case w.Component != "registry":
		case w.Ready == 0:
			return failed("kubectl -n "+s.Cluster.Install.Value.Name+" logs "+w.Name+"; look at the volume's free space", "%s is not reachable, or cannot write to its volume", w.Name)
		default:
			return ok("%s is reachable and writes to its volume", w.Name)
		}
	}
	return failed("upgrade the release, which brings it", "no registry in namespace %s", s.Cluster.Install.Value.Name)
}

func policies(s State) Finding {
	seen := s.Cluster.Policies
	if seen.Err != nil {
		return unseen("network policies", seen.Err)
	}
	missing := slices.DeleteFunc(slices.Clone(seen.Value.Expected), func(name string) bool { return slices.Contains(seen.Value.Found, name) })
	if len(missing) > 0 {
		return warning("set networkPolicy.enabled=true, or see that something else closes these ports", "missing: %s", strings.Join(missing, ", "))
	}
	return ok("%d are there; whether they are enforced is the network plugin's", len(seen.Value.Expected))
}

func gatewayAddress(s State) Finding {
	if s.process().Component == "all" {
		return skipped("hub and region in one process have no gateway")
	}
	if len(s.Cluster.Gateways) == 0 {
		return failed("set hub.gateway.address", "none: no invitation can be made")
	}
	var inside []string
	for _, address := range s.Cluster.Gateways {
		if host, _, err := net.SplitHostPort(address); err != nil || strings.HasSuffix(host, ".svc") || strings.HasSuffix(host, ".svc.cluster.local") {
			inside = append(inside, address)
		}
	}
	if len(inside) > 0 {
		return warning("set hub.gateway.address to the HOST:PORT that regions reach", "%s is a name of this cluster alone", strings.Join(inside, ", "))
	}
	return ok("%s", strings.Join(s.Cluster.Gateways, ", "))
}

func regionLinks(s State) Finding {
	seen := s.Cluster.Regions
	if seen.Err != nil {
		return unseen("regions", seen.Err)
	}
	if len(seen.Value) == 0 {
		return skipped("no RegionalCluster is described yet")
	}
	var troubled []string
	for _, l := range seen.Value {
		if l.Trouble != "" {
			troubled = append(troubled, fmt.Sprintf("%s is %s: %s", l.Region, l.State, l.Trouble))
		}
	}
	if len(troubled) > 0 {
		return warning("docs/runbooks/region-away.md, and frontline inventory", "%s", strings.Join(troubled, "; "))
	}
	return ok("%d regions are ready", len(seen.Value))
}

func terms(s State) Finding {
	switch seen := s.Cluster.Terms; {
	case seen.Err != nil:
		return unseen("the region's terms", seen.Err)
	case !seen.Value:
		return failed("frontline region join with --feeds and --purposes, or kubectl apply a RegionTerms", "the region has no terms, so that it accepts nothing")
	}
	return ok("the region says what it accepts")
}
