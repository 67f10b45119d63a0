// SPDX-License-Identifier: Apache-2.0

package doctor

import "time"

const (
	// leastMachine is the memory of the smallest machine that was tried.
	leastMachine = 2 << 30
	// leastDisk is free space below which images and registries do not fit.
	leastDisk = 10 << 30
	// slowLine is a connection after which the line is worth a look.
	slowLine = 3 * time.Second
)

func kernel(s State) Finding {
	seen := s.Machine.Kernel
	if seen.Err != nil {
		return unseen("the kernel's version", seen.Err)
	}
	switch version, known := releaseOf(seen.Value); {
	case !known:
		return warning("compare it with "+noswapKernel.String(), "Linux %s", seen.Value)
	case version.less(noswapKernel):
		return warning("use "+noswapKernel.String()+" or newer, or never turn swap on", "Linux %s cannot keep memory volumes out of swap", seen.Value)
	}
	return ok("Linux %s", seen.Value)
}

func controlGroups(s State) Finding {
	seen := s.Machine.Groups
	switch {
	case seen.Err != nil:
		return unseen("control groups", seen.Err)
	case !seen.Value:
		return warning("boot with systemd.unified_cgroup_hierarchy=1", "control groups are of version 1: a kubelet starts only with failCgroupV1: false")
	}
	return ok("control groups are of version 2")
}

func machineClock(s State) Finding {
	seen := s.Machine.Clock
	switch {
	case seen.Err != nil:
		return unseen("the clock", seen.Err)
	case seen.Value.Now.Before(seen.Value.Built):
		return failed("set the clock, and look at its battery", "it shows %s, before this command was made", seen.Value.Now.UTC().Format(time.RFC3339))
	case !seen.Value.Synchronised:
		return warning("run chrony or systemd-timesyncd; without a network, set the clock by hand and note when", "it shows %s and nothing keeps it right", seen.Value.Now.UTC().Format(time.RFC3339))
	}
	return ok("it is kept right")
}

func machineMemory(s State) Finding {
	seen := s.Machine.Memory
	switch {
	case seen.Err != nil:
		return unseen("memory", seen.Err)
	case seen.Value.Total < leastMachine:
		return warning("use profile Edge and small lists, or add memory", "%s; %s is the least that was tried", mebibytes(seen.Value.Total), mebibytes(leastMachine))
	}
	return ok("%s", mebibytes(seen.Value.Total))
}

func machineSwap(s State) Finding {
	seen := s.Machine.Memory
	if seen.Err != nil {
		return unseen("swap", seen.Err)
	}
	if seen.Value.Swap == 0 {
		return ok("off")
	}
	if version, known := releaseOf(s.Machine.Kernel.Value); known && !version.less(noswapKernel) {
		return ok("%s, which memory volumes stay out of", mebibytes(seen.Value.Swap))
	}
	return warning("swapoff -a, and take it out of /etc/fstab", "%s, and plain lists may reach it", mebibytes(seen.Value.Swap))
}

func machineDisk(s State) Finding {
	seen := s.Machine.Disk
	switch {
	case seen.Err != nil:
		return unseen("free space", seen.Err)
	case seen.Value.Free < leastDisk:
		return warning("free space, or enlarge the volume", "%s are free below %s; %s is customary", mebibytes(seen.Value.Free), seen.Value.Folder, mebibytes(leastDisk))
	}
	return ok("%s are free below %s", mebibytes(seen.Value.Free), seen.Value.Folder)
}

func machineGateway(s State) Finding {
	seen := s.Machine.Gateway
	switch {
	case seen.Value.Address == "":
		return skipped("no --gateway is given")
	case seen.Err != nil:
		return failed("look at name, route and firewall: the region calls out to this address and to nothing else", "%s: %v", seen.Value.Address, seen.Err)
	case seen.Value.Took > slowLine:
		return warning("look at the line; regions are patient, people are not", "%s answered after %s", seen.Value.Address, seen.Value.Took.Round(time.Second))
	}
	return ok("%s answers", seen.Value.Address)
}
