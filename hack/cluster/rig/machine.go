// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/frontline-screening/frontline/hack/cluster/internal/cgroup"
)

// MachineError says what this machine lacks to run clusters.
type MachineError struct {
	// Lacks has one sentence for each thing, with what to do about it.
	Lacks []string
	// Packages are the Debian packages that would help.
	Packages []string
}

func (e *MachineError) Error() string {
	return "this machine cannot run clusters:\n  - " + strings.Join(e.Lacks, "\n  - ")
}

// packages maps the programs a cluster needs to the Debian packages that have
// them.
var packages = []struct{ program, pkg string }{
	{"containerd", "containerd"},
	{"ctr", "containerd"},
	{"containerd-shim-runc-v2", "containerd"},
	{"runc", "runc"},
	{"nft", "nftables"},
	{"iptables", "iptables"},
	{"conntrack", "conntrack"},
	{"ip", "iproute2"},
	{"nsenter", "util-linux"},
	{"mount", "mount"},
	{"umount", "mount"},
}

// cniPackage has the plugins below one of cniFolders.
const cniPackage = "containernetworking-plugins"

var (
	cniFolders = []string{"/usr/lib/cni", "/opt/cni/bin"}
	cniPlugins = []string{"ptp", "host-local", "loopback", "portmap"}
)

// CheckMachine reports what this machine lacks to run clusters, as a
// *MachineError, or nil.
func CheckMachine() error {
	if runtime.GOOS != "linux" {
		return &MachineError{Lacks: []string{fmt.Sprintf("clusters need Linux, this is %s; tests of controllers run without (go run ./hack/cluster assets)", runtime.GOOS)}}
	}
	lacks := &MachineError{}
	if os.Geteuid() != 0 {
		lacks.Lacks = append(lacks.Lacks, "clusters need root, for network namespaces, mounts and control groups; run the command with sudo")
	}
	for _, needed := range packages {
		if _, err := exec.LookPath(needed.program); err != nil {
			lacks.add(needed.program, needed.pkg)
		}
	}
	if _, err := findCNI(); err != nil {
		lacks.add("CNI plugins "+strings.Join(cniPlugins, ", "), cniPackage)
	}
	groups, err := cgroup.For("probe")
	if err != nil {
		return err
	}
	if missing := groups.Missing(); len(missing) > 0 {
		lacks.Lacks = append(lacks.Lacks, fmt.Sprintf("the kernel offers no control group controller %s; mount the hierarchies below /sys/fs/cgroup, or enable them in the kernel", strings.Join(missing, ", ")))
	}
	if len(lacks.Lacks) > 0 {
		return lacks
	}
	return nil
}

func (e *MachineError) add(what, pkg string) {
	e.Lacks = append(e.Lacks, fmt.Sprintf("%s not found; on Debian: apt-get install %s", what, pkg))
	if !slices.Contains(e.Packages, pkg) {
		e.Packages = append(e.Packages, pkg)
	}
}

// InstallPackages installs the Debian packages this machine lacks, after
// saying so on log. It does nothing where none is missing.
func InstallPackages(ctx context.Context, log io.Writer) error {
	var lacks *MachineError
	if err := CheckMachine(); !errors.As(err, &lacks) || len(lacks.Packages) == 0 {
		return err
	}
	if os.Geteuid() != 0 {
		return lacks
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("%w\n(no apt-get here: install the equivalents of the Debian packages %s)", lacks, strings.Join(lacks.Packages, " "))
	}
	fmt.Fprintf(log, "Installing Debian packages: %s\n", strings.Join(lacks.Packages, " "))
	for _, args := range [][]string{
		{"update", "-q"},
		append([]string{"install", "-q", "-y", "--no-install-recommends"}, lacks.Packages...),
	} {
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if output, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w: %s", strings.Join(args, " "), err, lastLines(string(output), 5))
		}
	}
	return CheckMachine()
}

// findCNI returns the folder that has the plugins.
func findCNI() (string, error) {
	for _, dir := range cniFolders {
		found := 0
		for _, plugin := range cniPlugins {
			if _, err := os.Stat(filepath.Join(dir, plugin)); err == nil {
				found++
			}
		}
		if found == len(cniPlugins) {
			return dir, nil
		}
	}
	return "", fmt.Errorf("CNI plugins %s are in none of %s; install %s", strings.Join(cniPlugins, ", "), strings.Join(cniFolders, ", "), cniPackage)
}

// snapshotter returns the containerd snapshotter that works in a folder: an
// overlay cannot lie on every file system, on another overlay for one.
func snapshotter(ctx context.Context, dir string) (string, error) {
	probe, err := os.MkdirTemp(dir, "overlay-")
	if err != nil {
		return "", fmt.Errorf("try an overlay in %s: %w", dir, err)
	}
	defer os.RemoveAll(probe)
	for _, name := range []string{"lower", "upper", "work", "merged"} {
		if err := os.Mkdir(filepath.Join(probe, name), 0o755); err != nil {
			return "", fmt.Errorf("try an overlay in %s: %w", dir, err)
		}
	}
	options := fmt.Sprintf("lowerdir=%[1]s/lower,upperdir=%[1]s/upper,workdir=%[1]s/work", probe)
	merged := filepath.Join(probe, "merged")
	if err := exec.CommandContext(ctx, "mount", "-t", "overlay", "overlay", "-o", options, merged).Run(); err != nil {
		return "native", nil
	}
	if err := exec.CommandContext(ctx, "umount", merged).Run(); err != nil {
		return "", fmt.Errorf("unmount the trial overlay %s: %w", merged, err)
	}
	return "overlayfs", nil
}

// resolvers are the resolver configurations to take name servers from, the
// first that has one a network namespace can reach.
var resolvers = []string{"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"}

// nameservers returns the host's name servers that a cluster can ask, not
// those on a loopback address, and the file that lists them.
func nameservers() (servers []string, path string) {
	for _, path := range resolvers {
		content, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if servers := parseNameservers(string(content)); len(servers) > 0 {
			return servers, path
		}
	}
	return nil, resolvers[0]
}

func parseNameservers(content string) []string {
	var servers []string
	for line := range strings.Lines(content) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "nameserver" {
			continue
		}
		if address, err := netip.ParseAddr(fields[1]); err == nil && address.Is4() && !address.IsLoopback() {
			servers = append(servers, address.String())
		}
	}
	return servers
}

// lastLines returns the last n lines of a text that are not blank.
func lastLines(text string, n int) string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' })
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
