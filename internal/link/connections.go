// SPDX-License-Identifier: Apache-2.0

package link

import (
	"context"
	"net"
	"sync"
)

// connections are the open connections of a transport, so that those on a line
// that was cut can be given up while requests are under way on them. The zero
// value is ready for use.
type connections struct {
	mu      sync.Mutex
	open    map[*connection]struct{}
	dropped int64
}

// connection takes itself off the list when it is closed.
type connection struct {
	net.Conn
	all *connections
}

// Close implements net.Conn.
func (c *connection) Close() error {
	c.all.mu.Lock()
	delete(c.all.open, c)
	c.all.mu.Unlock()
	return c.Conn.Close()
}

func (c *connections) dialer(d *net.Dialer) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.open == nil {
			c.open = map[*connection]struct{}{}
		}
		one := &connection{Conn: conn, all: c}
		c.open[one] = struct{}{}
		return one, nil
	}
}

// drop closes all connections without waiting for the other side.
func (c *connections) drop() {
	c.mu.Lock()
	open := c.open
	c.open = nil
	c.dropped++
	c.mu.Unlock()
	for one := range open {
		if tcp, ok := one.Conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = one.Conn.Close()
	}
}

// drops counts the calls of drop.
func (c *connections) drops() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dropped
}
