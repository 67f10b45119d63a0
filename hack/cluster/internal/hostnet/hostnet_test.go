// SPDX-License-Identifier: Apache-2.0

package hostnet

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/frontline-screening/frontline/hack/cluster/internal/addrplan"
)

func TestParseRoutes(t *testing.T) {
	const output = `default via 192.0.2.1 dev eth0
192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.2
blackhole 10.1.0.0/16
local 127.0.0.0/8 dev lo table local proto kernel scope host
broadcast 192.0.2.255 dev eth0 table local
`
	want := []netip.Prefix{
		netip.MustParsePrefix("192.0.2.0/24"),
		netip.MustParsePrefix("10.1.0.0/16"),
		netip.MustParsePrefix("127.0.0.0/8"),
		netip.MustParsePrefix("192.0.2.255/32"),
	}
	if diff := cmp.Diff(want, parseRoutes(output), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Error(diff)
	}
}

func TestCutRulesSpareTheHost(t *testing.T) {
	plan, err := addrplan.For(7)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, rule := range cutRules(plan) {
		got = append(got, strings.Join(rule.args("-A"), " "))
	}
	// Both ends of each rule are clusters: what the host itself sends and
	// receives is not forwarded and matches neither.
	want := []string{
		"-w -t mangle -A FORWARD -i fl7 -o fl+ -j DROP",
		"-w -t mangle -A FORWARD -i fl+ -o fl7 -j DROP",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNodeRulesMasqueradePodsOnly(t *testing.T) {
	plan, err := addrplan.For(3)
	if err != nil {
		t.Fatal(err)
	}
	if rules := nodeRules(plan); !strings.Contains(rules, `ip saddr 10.241.3.0/24 oifname "eth0" masquerade`) {
		t.Errorf("rules %s", rules)
	}
}
