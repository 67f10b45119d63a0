// SPDX-License-Identifier: Apache-2.0

package source

import (
	"fmt"
	"net/netip"
	"slices"
)

// Range is a kind of address that is not on the public internet and is dialled
// only where a request allows it by name.
type Range string

// The ranges that can be allowed.
const (
	// Private is RFC 1918, RFC 4193 and the shared space of RFC 6598.
	Private Range = "Private"
	// Loopback is 127.0.0.0/8 (RFC 1122 section 3.2.1.3) and ::1 (RFC 4291 section 2.5.3).
	Loopback Range = "Loopback"
	// LinkLocal is 169.254.0.0/16 (RFC 3927) and fe80::/10 (RFC 4291 section
	// 2.5.6), without the metadata services that lie there.
	LinkLocal Range = "LinkLocal"
)

// public and never are what else an address can be.
const (
	public Range = ""
	never  Range = "never"
)

// metadata are the services by which clouds hand credentials to machines. They
// are dialled for nobody.
var metadata = addresses(
	"169.254.169.254",   // Amazon, Azure, Google, Oracle, OpenStack, DigitalOcean
	"169.254.170.2",     // Amazon, tasks
	"169.254.170.23",    // Amazon, pods
	"169.254.169.253",   // Amazon, resolver
	"169.254.0.23",      // Tencent
	"fd00:ec2::254",     // Amazon
	"fd00:ec2::253",     // Amazon, resolver
	"fd00:ec2::23",      // Amazon, pods
	"fd20:ce::254",      // Google
	"fe80::a9fe:a9fe",   // OpenStack
	"fd00:42::42",       // Scaleway
	"100.100.100.200",   // Alibaba
	"168.63.129.16",     // Azure, on a public address
	"192.0.0.192",       // Oracle
	"169.254.42.42",     // Scaleway
	"fd00:a9fe:a9fe::1", // Akamai
)

// special are the ranges that nobody on the public internet has: the
// registries of IANA for special purposes (RFC 6890) and what came after. The
// first that holds an address decides.
var special = []struct {
	prefix netip.Prefix
	kind   Range
	what   string
}{
	{prefix("10.0.0.0/8"), Private, "private"},
	{prefix("172.16.0.0/12"), Private, "private"},
	{prefix("192.168.0.0/16"), Private, "private"},
	{prefix("100.64.0.0/10"), Private, "shared by customers of a carrier"},
	{prefix("127.0.0.0/8"), Loopback, "loopback"},
	{prefix("169.254.0.0/16"), LinkLocal, "link-local"},
	{prefix("0.0.0.0/8"), never, "of this network"},
	{prefix("192.0.0.0/24"), never, "reserved for protocols"},
	{prefix("192.0.2.0/24"), never, "for documentation"},
	{prefix("198.51.100.0/24"), never, "for documentation"},
	{prefix("203.0.113.0/24"), never, "for documentation"},
	{prefix("192.88.99.0/24"), never, "of former 6to4 relays"},
	{prefix("198.18.0.0/15"), never, "for benchmarking"},
	{prefix("224.0.0.0/4"), never, "multicast"},
	{prefix("240.0.0.0/4"), never, "reserved"},

	{prefix("::1/128"), Loopback, "loopback"},
	{prefix("fc00::/7"), Private, "private"},
	{prefix("fe80::/10"), LinkLocal, "link-local"},
	{prefix("ff00::/8"), never, "multicast"},
	{prefix("64:ff9b:1::/48"), never, "of a local translator to IPv4"},
	{prefix("2001:db8::/32"), never, "for documentation"},
	{prefix("3fff::/20"), never, "for documentation"},
	{prefix("2001::/23"), never, "reserved for protocols"},
}

// globalUnicast is all of IPv6 that is given out (RFC 4291 section 2.4).
var globalUnicast = prefix("2000::/3")

// embedding are the ranges of IPv6 in which an address of IPv4 is reached, and
// where in the 16 bytes it stands. An address is judged by the strictest of
// itself and these.
var embedding = []struct {
	prefix netip.Prefix
	at     int
	invert bool
	what   string
}{
	{prefix("64:ff9b::/96"), 12, false, "NAT64"},   // RFC 6052 section 2.1
	{prefix("64:ff9b:1::/48"), 12, false, "NAT64"}, // RFC 8215
	{prefix("2002::/16"), 2, false, "6to4"},        // RFC 3056 section 2
	{prefix("2001::/32"), 4, false, "Teredo"},      // RFC 4380 section 4: the server,
	{prefix("2001::/32"), 12, true, "Teredo"},      // and the client
	{prefix("::/96"), 12, false, "IPv4-compatible"},
	{prefix("::ffff:0:0:0/96"), 12, false, "IPv4-translated"}, // RFC 2765 section 2.1
}

// classify says what kind of address ip is, and in words when it is not public.
func classify(ip netip.Addr) (Range, string) {
	if ip.Zone() != "" {
		ip = ip.WithZone("")
	}
	ip = ip.Unmap()
	if slices.Contains(metadata, ip) {
		return never, "of a metadata service"
	}
	kind, what := public, ""
	for _, s := range special {
		if s.prefix.Contains(ip) {
			kind, what = s.kind, s.what
			break
		}
	}
	if !ip.Is6() {
		return kind, what
	}
	for _, e := range embedding {
		if !e.prefix.Contains(ip) || kind == Loopback {
			continue
		}
		inner, within := classify(embedded(ip, e.at, e.invert))
		if inner != public {
			// However it is reached, a translator's private network is not
			// the one that was allowed.
			return never, fmt.Sprintf("%s by %s", within, e.what)
		}
		if e.what == "NAT64" && kind == public {
			return public, ""
		}
	}
	if kind == public && !globalUnicast.Contains(ip) {
		return never, "given to nobody"
	}
	return kind, what
}

func embedded(ip netip.Addr, at int, invert bool) netip.Addr {
	raw := ip.As16()
	inner := [4]byte(raw[at : at+4])
	if invert {
		for i := range inner {
			inner[i] = ^inner[i]
		}
	}
	return netip.AddrFrom4(inner)
}

// checkAddress judges what is about to be dialled.
func checkAddress(address string, allowed []Range) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return errAddress
	}
	kind, what := classify(target.Addr())
	if kind == public || kind != never && slices.Contains(allowed, kind) {
		return nil
	}
	return fmt.Errorf("%w: %s is %s", errAddress, target.Addr(), what)
}

func prefix(text string) netip.Prefix { return netip.MustParsePrefix(text) }

func addresses(texts ...string) []netip.Addr {
	list := make([]netip.Addr, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParseAddr(text)
	}
	return list
}
