// SPDX-License-Identifier: Apache-2.0

package line

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// made counts the pairs of this process, for names and addresses of their own.
var made atomic.Int64

// veth is a pair of devices: near is in this process's namespace, where the
// region dials, far in one of its own, where the hub listens.
type veth struct {
	namespace, near, far string
	address              net.IP
}

// newVeth makes a pair with addresses of the benchmarking range (RFC 2544).
func newVeth(ctx context.Context) (*veth, error) {
	n := made.Add(1)
	id := (int64(os.Getpid())*8 + n) % (1 << 14)
	v := &veth{
		namespace: fmt.Sprintf("frontline-bench-%d-%d", os.Getpid(), n),
		near:      fmt.Sprintf("flb%dn", id), far: fmt.Sprintf("flb%df", id),
		address: net.IPv4(198, 18+byte(id>>13), byte(id>>6), byte(id<<2)+2),
	}
	near := net.IPv4(v.address[12], v.address[13], v.address[14], v.address[15]-1)
	if err := ip(ctx, "netns", "add", v.namespace); err != nil {
		return nil, err
	}
	for _, args := range [][]string{
		{"link", "add", v.near, "type", "veth", "peer", "name", v.far, "netns", v.namespace},
		// One packet a frame: otherwise the kernel counts the headers of one for many.
		{"link", "set", v.near, "gso_max_segs", "1"},
		{"-n", v.namespace, "link", "set", v.far, "gso_max_segs", "1"},
		{"addr", "add", near.String() + "/30", "dev", v.near},
		{"-n", v.namespace, "addr", "add", v.address.String() + "/30", "dev", v.far},
		{"-n", v.namespace, "link", "set", "lo", "up"},
		{"-n", v.namespace, "link", "set", v.far, "up"},
		{"link", "set", v.near, "up"},
	} {
		if err := ip(ctx, args...); err != nil {
			return nil, errors.Join(err, v.close())
		}
	}
	return v, nil
}

func ip(ctx context.Context, args ...string) error { return run(ctx, "ip", args...) }

func run(ctx context.Context, name string, args ...string) error {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// listen makes a listener in the far namespace: a socket stays in the one it
// was made in.
func (v *veth) listen(ctx context.Context) (listener net.Listener, err error) {
	// A thread that cannot be put back must not be used again: it is left locked.
	runtime.LockOSThread()
	own, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	defer own.Close()
	far, err := os.Open(filepath.Join("/run/netns", v.namespace))
	if err != nil {
		return nil, err
	}
	defer far.Close()
	if err := unix.Setns(int(far.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("enter namespace %s: %w", v.namespace, err)
	}
	listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(v.address.String(), "0"))
	if back := unix.Setns(int(own.Fd()), unix.CLONE_NEWNET); back != nil {
		return nil, errors.Join(err, fmt.Errorf("leave namespace %s: %w", v.namespace, back))
	}
	runtime.UnlockOSThread()
	return listener, err
}

// rate puts a token bucket on both ends: 16 KiB at once, a queue of 20 ms.
func (v *veth) rate(ctx context.Context, bitsPerSecond int64) error {
	ends := [][]string{{"qdisc", "replace", "dev", v.near, "root"}, {"-n", v.namespace, "qdisc", "replace", "dev", v.far, "root"}}
	for _, end := range ends {
		kind := []string{"pfifo"}
		if bitsPerSecond > 0 {
			kind = []string{"tbf", "rate", strconv.FormatInt(bitsPerSecond, 10) + "bit", "burst", "16kb", "latency", "20ms"}
		}
		if err := run(ctx, "tc", append(end, kind...)...); err != nil {
			return err
		}
	}
	return nil
}

// up sets the far end: with the near one down the kernel would take the route
// away, and packets another way.
func (v *veth) up(ctx context.Context, up bool) error {
	state := "down"
	if up {
		state = "up"
	}
	return ip(ctx, "-n", v.namespace, "link", "set", v.far, state)
}

func (v *veth) bytes() (down, up int64, err error) {
	read := func(name string) int64 {
		var n int64
		data, readErr := os.ReadFile(filepath.Join("/sys/class/net", v.near, "statistics", name))
		if readErr == nil {
			n, readErr = strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
		}
		err = errors.Join(err, readErr)
		return n
	}
	return read("rx_bytes"), read("tx_bytes"), err
}

// close removes both ends and the namespace, also after the run was stopped.
func (v *veth) close() error {
	ctx := context.Background()
	_ = ip(ctx, "link", "del", v.near)
	return ip(ctx, "netns", "del", v.namespace)
}
