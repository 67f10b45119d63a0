// SPDX-License-Identifier: Apache-2.0

// Package addrplan gives each cluster of the rig its networks and addresses.
// Everything follows from one small number, the cluster's index.
package addrplan

import (
	"errors"
	"fmt"
	"net/netip"
)

// MaxIndex is the highest index of a cluster; the lowest is 1.
const MaxIndex = 250

// LinkPrefix begins the name of the host's end of each cluster's uplink, so
// that "fl+" in iptables names all of them.
const LinkPrefix = "fl"

// Uplinks is the network that holds the uplinks of all clusters.
var Uplinks = netip.MustParsePrefix("10.240.0.0/16")

// Plan is the networks and addresses of one cluster. No two indices share any.
type Plan struct {
	// Index is 1 to MaxIndex.
	Index int
	// Uplink is the network between the host and the node, a /24.
	Uplink netip.Prefix
	// Host and Node are the two ends of the uplink.
	Host, Node netip.Addr
	// Pods and Services are the cluster's own networks, a /24 each.
	Pods, Services netip.Prefix
	// API is the address of the Service "kubernetes", DNS that of the cluster's
	// name server.
	API, DNS netip.Addr
}

// For returns the plan of the cluster with an index.
func For(index int) (Plan, error) {
	if index < 1 || index > MaxIndex {
		return Plan{}, fmt.Errorf("cluster index %d is outside 1 to %d", index, MaxIndex)
	}
	third := byte(index)
	network := func(second byte) netip.Prefix {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, second, third, 0}), 24)
	}
	address := func(second, fourth byte) netip.Addr {
		return netip.AddrFrom4([4]byte{10, second, third, fourth})
	}
	return Plan{
		Index:    index,
		Uplink:   network(240),
		Host:     address(240, 1),
		Node:     address(240, 2),
		Pods:     network(241),
		Services: network(242),
		API:      address(242, 1),
		DNS:      address(242, 10),
	}, nil
}

// Link is the name of the host's end of the uplink; at most 15 bytes, the
// kernel's limit (IFNAMSIZ).
func (p Plan) Link() string { return fmt.Sprintf("%s%d", LinkPrefix, p.Index) }

// ID names what the cluster owns on the machine beside its link: network
// namespace, control group and runtime folder.
func (p Plan) ID(cluster string) string { return p.Link() + "-" + cluster }

// Overlaps reports whether any network of the plan overlaps one of used.
func (p Plan) Overlaps(used []netip.Prefix) bool {
	for _, other := range used {
		for _, own := range []netip.Prefix{p.Uplink, p.Pods, p.Services} {
			if own.Overlaps(other) {
				return true
			}
		}
	}
	return false
}

// Choose returns the plan with the lowest index that is not taken and whose
// networks overlap none of used.
func Choose(taken map[int]bool, used []netip.Prefix) (Plan, error) {
	for index := 1; index <= MaxIndex; index++ {
		if taken[index] {
			continue
		}
		plan, err := For(index)
		if err != nil {
			return Plan{}, err
		}
		if !plan.Overlaps(used) {
			return plan, nil
		}
	}
	return Plan{}, errors.New("no free network for a cluster: all of 10.240.0.0/16 to 10.242.0.0/16 is in use on this machine; bring clusters down or free these ranges")
}
