// SPDX-License-Identifier: Apache-2.0

// Package hostnet connects the network namespace of each test cluster with
// the host and, through it, with the other clusters.
package hostnet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"

	"github.com/frontline-screening/frontline/hack/cluster/internal/addrplan"
)

// ForwardingFile is the switch of the host's IPv4 forwarding, "0" or "1".
const ForwardingFile = "/proc/sys/net/ipv4/ip_forward"

// nodeInterface is the node's end of the uplink.
const nodeInterface = "eth0"

// Path returns the file of a named network namespace (ip-netns(8)).
func Path(id string) string { return "/run/netns/" + id }

// Create makes the namespace with its uplink, its default route by the host,
// and the host's forwarding for it.
func Create(ctx context.Context, plan addrplan.Plan, id string) error {
	link := plan.Link()
	if err := run(ctx, "", "ip", "netns", "add", id); err != nil {
		return err
	}
	hostEnd := fmt.Sprintf("%s/%d", plan.Host, plan.Uplink.Bits())
	nodeEnd := fmt.Sprintf("%s/%d", plan.Node, plan.Uplink.Bits())
	for _, args := range [][]string{
		{"link", "add", link, "type", "veth", "peer", "name", nodeInterface, "netns", id},
		{"address", "add", hostEnd, "dev", link},
		{"link", "set", link, "up"},
		{"-netns", id, "link", "set", "lo", "up"},
		{"-netns", id, "address", "add", nodeEnd, "dev", nodeInterface},
		{"-netns", id, "link", "set", nodeInterface, "up"},
		{"-netns", id, "route", "add", "default", "via", plan.Host.String()},
	} {
		if err := run(ctx, "", "ip", args...); err != nil {
			return err
		}
	}
	enter := "--net=" + Path(id)
	if err := run(ctx, "1", "nsenter", enter, "tee", ForwardingFile); err != nil {
		return err
	}
	if err := run(ctx, nodeRules(plan), "nsenter", enter, "nft", "-f", "-"); err != nil {
		return err
	}
	if err := os.WriteFile(ForwardingFile, []byte("1"), 0o644); err != nil {
		return fmt.Errorf("let the host forward between clusters: %w", err)
	}
	for _, rule := range hostRules(plan) {
		if err := rule.ensure(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Remove undoes Create and Cut; what is already gone is no error.
func Remove(ctx context.Context, plan addrplan.Plan, id string) error {
	var errs []error
	for _, rule := range append(hostRules(plan), cutRules(plan)...) {
		errs = append(errs, rule.remove(ctx))
	}
	if _, err := net.InterfaceByName(plan.Link()); err == nil {
		errs = append(errs, run(ctx, "", "ip", "link", "delete", plan.Link()))
	}
	if _, err := os.Stat(Path(id)); err == nil {
		errs = append(errs, run(ctx, "", "ip", "netns", "delete", id))
	}
	return errors.Join(errs...)
}

// Cut takes the traffic between a cluster and all others away, without a
// word to either end; the host still reaches the cluster.
func Cut(ctx context.Context, plan addrplan.Plan) error {
	for _, rule := range cutRules(plan) {
		if err := rule.ensure(ctx); err != nil {
			return fmt.Errorf("cut link %s: %w", plan.Link(), err)
		}
	}
	return nil
}

// Mend undoes Cut.
func Mend(ctx context.Context, plan addrplan.Plan) error {
	for _, rule := range cutRules(plan) {
		if err := rule.remove(ctx); err != nil {
			return fmt.Errorf("mend link %s: %w", plan.Link(), err)
		}
	}
	return nil
}

// IsCut reports whether the cluster's link is cut.
func IsCut(ctx context.Context, plan addrplan.Plan) bool {
	for _, rule := range cutRules(plan) {
		if !rule.exists(ctx) {
			return false
		}
	}
	return true
}

// nodeRules is the node's nftables ruleset beside that of kube-proxy: pods
// leave the cluster with the node's address, for the rest of the machine
// knows no route to theirs.
func nodeRules(plan addrplan.Plan) string {
	return fmt.Sprintf(`table ip frontline {
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr %s oifname "%s" masquerade
	}
}
`, plan.Pods, nodeInterface)
}

// Used returns the IPv4 networks the host has addresses in or routes to, but
// for the default route.
func Used(ctx context.Context) ([]netip.Prefix, error) {
	output, err := exec.CommandContext(ctx, "ip", "-4", "route", "show", "table", "all").Output()
	if err != nil {
		return nil, fmt.Errorf("list the routes of this machine: %w", err)
	}
	return parseRoutes(string(output)), nil
}

// parseRoutes reads the destinations out of the output of ip-route(8).
func parseRoutes(output string) []netip.Prefix {
	var used []netip.Prefix
	for line := range strings.Lines(output) {
		fields := strings.Fields(line)
		// A route may begin with its type: "local 10.0.0.1 dev eth0".
		for _, field := range fields[:min(2, len(fields))] {
			if prefix, err := netip.ParsePrefix(field); err == nil && prefix.Bits() > 0 {
				used = append(used, prefix.Masked())
				break
			}
			if address, err := netip.ParseAddr(field); err == nil {
				used = append(used, netip.PrefixFrom(address, address.BitLen()))
				break
			}
		}
	}
	return used
}

// run runs a program with stdin; its error holds what the program said.
func run(ctx context.Context, stdin, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(output)))
	}
	return nil
}
