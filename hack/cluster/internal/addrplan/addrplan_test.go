// SPDX-License-Identifier: Apache-2.0

package addrplan_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/frontline-screening/frontline/hack/cluster/internal/addrplan"
)

func TestForKeepsClustersApart(t *testing.T) {
	var seen []netip.Prefix
	for index := 1; index <= addrplan.MaxIndex; index++ {
		plan, err := addrplan.For(index)
		if err != nil {
			t.Fatal(err)
		}
		if plan.Overlaps(seen) {
			t.Fatalf("index %d shares a network with a lower one", index)
		}
		seen = append(seen, plan.Uplink, plan.Pods, plan.Services)
		if !plan.Uplink.Contains(plan.Host) || !plan.Uplink.Contains(plan.Node) || plan.Host == plan.Node {
			t.Errorf("index %d: ends %s and %s of uplink %s", index, plan.Host, plan.Node, plan.Uplink)
		}
		if !plan.Services.Contains(plan.API) || !plan.Services.Contains(plan.DNS) {
			t.Errorf("index %d: %s and %s outside %s", index, plan.API, plan.DNS, plan.Services)
		}
		if !addrplan.Uplinks.Contains(plan.Node) {
			t.Errorf("index %d: node %s outside %s", index, plan.Node, addrplan.Uplinks)
		}
		if len(plan.Link()) > 15 {
			t.Errorf("index %d: link name %q is longer than the kernel takes", index, plan.Link())
		}
	}
}

func TestForRefusesIndicesOutsideTheRange(t *testing.T) {
	for _, index := range []int{-1, 0, addrplan.MaxIndex + 1} {
		if _, err := addrplan.For(index); err == nil {
			t.Errorf("index %d accepted", index)
		}
	}
}

func TestChoose(t *testing.T) {
	tests := []struct {
		name      string
		taken     map[int]bool
		used      []netip.Prefix
		wantIndex int
		wantErr   string
	}{
		{name: "first", wantIndex: 1},
		{name: "skips taken", taken: map[int]bool{1: true, 2: true}, wantIndex: 3},
		{name: "skips a route of the machine", used: []netip.Prefix{netip.MustParsePrefix("10.241.1.128/25")}, wantIndex: 2},
		{name: "nothing left", used: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, wantErr: "no free network"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			plan, err := addrplan.Choose(test.taken, test.used)
			if test.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), test.wantErr) {
					t.Fatalf("error %v, want one with %q", err, test.wantErr)
				}
				return
			}
			if err != nil || plan.Index != test.wantIndex {
				t.Fatalf("index %d, %v; want %d", plan.Index, err, test.wantIndex)
			}
		})
	}
}
