// SPDX-License-Identifier: Apache-2.0

package hostnet

import (
	"context"
	"slices"

	"github.com/frontline-screening/frontline/hack/cluster/internal/addrplan"
)

// anyCluster matches the host's end of every uplink (iptables(8), a trailing
// "+" stands for any ending).
const anyCluster = addrplan.LinkPrefix + "+"

// rule is one rule of the host's iptables. It names the cluster's link, which
// no one else has, so that it can be found and removed again.
type rule struct {
	table, chain string
	// first puts the rule before those of others, for hosts whose policy is to
	// forward nothing.
	first bool
	match []string
}

// hostRules lets the cluster's traffic through the host: to other clusters as
// it is, to the rest of the world under the host's address.
func hostRules(plan addrplan.Plan) []rule {
	link := plan.Link()
	return []rule{
		{table: "filter", chain: "FORWARD", first: true, match: []string{"-i", link, "-j", "ACCEPT"}},
		{table: "filter", chain: "FORWARD", first: true, match: []string{"-o", link, "-j", "ACCEPT"}},
		{table: "nat", chain: "POSTROUTING", match: []string{
			"-s", plan.Uplink.String(), "!", "-d", addrplan.Uplinks.String(), "-j", "MASQUERADE",
		}},
	}
}

// cutRules drop what goes between the cluster and any other. They sit in the
// mangle table, which comes before the filter table, so that the order in
// which clusters come up does not matter.
func cutRules(plan addrplan.Plan) []rule {
	link := plan.Link()
	return []rule{
		{table: "mangle", chain: "FORWARD", match: []string{"-i", link, "-o", anyCluster, "-j", "DROP"}},
		{table: "mangle", chain: "FORWARD", match: []string{"-i", anyCluster, "-o", link, "-j", "DROP"}},
	}
}

// args builds an iptables command line; -w waits for the lock of the tables.
func (r rule) args(operation string) []string {
	return slices.Concat([]string{"-w", "-t", r.table, operation, r.chain}, r.match)
}

func (r rule) exists(ctx context.Context) bool {
	return run(ctx, "", "iptables", r.args("-C")...) == nil
}

func (r rule) ensure(ctx context.Context) error {
	if r.exists(ctx) {
		return nil
	}
	operation := "-A"
	if r.first {
		operation = "-I"
	}
	return run(ctx, "", "iptables", r.args(operation)...)
}

func (r rule) remove(ctx context.Context) error {
	if !r.exists(ctx) {
		return nil
	}
	return run(ctx, "", "iptables", r.args("-D")...)
}
