// SPDX-License-Identifier: Apache-2.0

// Package line is the line between a hub and a region in a measurement: the
// loopback, a pair of virtual Ethernet devices with a token bucket, or, without
// root, a proxy. Bytes are those that the kernel counts on the device, or that
// the proxy passed on, never what the program says of itself.
package line

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"time"

	"github.com/frontline-screening/frontline/internal/testnet"
)

// Kind is what a line is made of.
type Kind string

// The kinds.
const (
	// Loopback has no limits and counts nothing.
	Loopback Kind = "loopback"
	// Veth is a pair of virtual Ethernet devices between two network namespaces.
	Veth Kind = "veth"
	// Proxy is internal/testnet.
	Proxy Kind = "proxy"
)

// Line is a line with the hub's listener at its far end.
type Line struct {
	kind     Kind
	listener net.Listener
	address  string
	proxy    *testnet.Proxy
	veth     *veth
}

// Best is Veth where this process may make devices, and else Proxy, with a
// sentence on what the line can show and why it is no better.
func Best(ctx context.Context) (kind Kind, why string) {
	if os.Geteuid() != 0 {
		return Proxy, "network devices need root, so the line is a proxy"
	}
	for _, tool := range []string{"ip", "tc"} {
		if _, err := exec.LookPath(tool); err != nil {
			return Proxy, tool + " is not installed (Debian: iproute2), so the line is a proxy"
		}
	}
	probe, err := newVeth(ctx)
	if err == nil {
		err = probe.rate(ctx, 1_000_000)
	}
	if err != nil {
		return Proxy, "no pair of network devices with a token bucket could be made (" + err.Error() + "), so the line is a proxy"
	}
	defer func() { _ = probe.close() }()
	if run(ctx, "tc", "qdisc", "replace", "dev", probe.near, "root", "netem", "delay", "1ms") != nil {
		return Veth, "this kernel has no netem"
	}
	return Veth, "this kernel has netem, which is not used"
}

// Open makes a line of the kind.
func Open(ctx context.Context, kind Kind) (*Line, error) {
	l := &Line{kind: kind}
	var err error
	switch kind {
	case Veth:
		if l.veth, err = newVeth(ctx); err != nil {
			return nil, err
		}
		if l.listener, err = l.veth.listen(ctx); err != nil {
			return nil, errors.Join(err, l.veth.close())
		}
		l.address = l.listener.Addr().String()
	case Proxy:
		if l.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
			return nil, err
		}
		if l.proxy, err = testnet.Listen(l.listener.Addr().String()); err != nil {
			return nil, errors.Join(err, l.listener.Close())
		}
		l.address = l.proxy.Addr()
	default:
		if l.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
			return nil, err
		}
		l.address = l.listener.Addr().String()
	}
	return l, nil
}

// Kind is what the line is made of.
func (l *Line) Kind() Kind { return l.kind }

// Listener is where the hub accepts, Address ("host:port") where the region dials.
func (l *Line) Listener() net.Listener { return l.listener }

// Address is where the region dials.
func (l *Line) Address() string { return l.address }

// SetRate limits each direction to so many bits a second; 0 is no limit.
func (l *Line) SetRate(ctx context.Context, bitsPerSecond int64) error {
	switch l.kind {
	case Veth:
		return l.veth.rate(ctx, bitsPerSecond)
	case Proxy:
		l.proxy.SetRate(bitsPerSecond / 8)
	}
	return nil
}

// SetDelay makes each direction take so long; a proxy alone can.
func (l *Line) SetDelay(oneWay time.Duration) {
	if l.proxy != nil {
		l.proxy.SetDelay(oneWay)
	}
}

// Cut takes the line down: nothing moves and nothing is refused.
func (l *Line) Cut(ctx context.Context) error {
	switch l.kind {
	case Veth:
		return l.veth.up(ctx, false)
	case Proxy:
		l.proxy.Cut()
	}
	return nil
}

// Restore takes the line up again.
func (l *Line) Restore(ctx context.Context) error {
	switch l.kind {
	case Veth:
		return l.veth.up(ctx, true)
	case Proxy:
		l.proxy.Restore()
	}
	return nil
}

// Bytes is what has come down from the hub so far, and gone up to it.
func (l *Line) Bytes() (down, up int64, err error) {
	switch l.kind {
	case Veth:
		return l.veth.bytes()
	case Proxy:
		up, down = l.proxy.Bytes()
	}
	return down, up, nil
}

// Close takes the line away.
func (l *Line) Close() error {
	err := l.listener.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	if l.proxy != nil {
		err = errors.Join(err, l.proxy.Close())
	}
	if l.veth != nil {
		err = errors.Join(err, l.veth.close())
	}
	return err
}
