// SPDX-License-Identifier: Apache-2.0

// Package testnet is a bad line for tests and benchmarks: a TCP proxy with
// delay, a rate, cuts and resets. It needs no rights and works where traffic
// control does not. What it cannot show: loss, reordering, and the
// retransmission of a real TCP connection over a line that was down.
package testnet

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// segment is what is passed on at once, as an Ethernet line would.
const segment = 1460

// inFlight bounds what a direction of a connection holds while it is delayed,
// in segments: the window of a connection that has found its pace.
const inFlight = 2048

// Proxy passes connections on to its target over the line as it is set. All
// connections share the line. All methods are safe for concurrent use.
type Proxy struct {
	listener net.Listener
	target   string
	up, down *rate.Limiter // to the target, and back
	delay    atomic.Int64  // one way, in nanoseconds
	sent     atomic.Int64
	received atomic.Int64
	accepted atomic.Int64

	mu    sync.Mutex
	open  chan struct{} // closed while the line is whole
	conns map[net.Conn]struct{}
	done  sync.WaitGroup
}

// Listen starts a proxy to the target ("host:port") on a free port of this machine.
func Listen(target string) (*Proxy, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		listener: listener, target: target, conns: map[net.Conn]struct{}{}, open: make(chan struct{}),
		up: rate.NewLimiter(rate.Inf, segment), down: rate.NewLimiter(rate.Inf, segment),
	}
	close(p.open)
	p.done.Go(p.accept)
	return p, nil
}

// Addr is where the proxy listens.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// SetRate limits each direction to so many bytes a second; 0 is no limit.
func (p *Proxy) SetRate(bytesPerSecond int64) {
	limit := rate.Limit(bytesPerSecond)
	if bytesPerSecond <= 0 {
		limit = rate.Inf
	}
	for _, direction := range []*rate.Limiter{p.up, p.down} {
		// 10 ms worth, because timers fire late.
		direction.SetBurst(int(max(segment, bytesPerSecond/100)))
		direction.SetLimit(limit)
	}
}

// SetDelay makes each direction take so long.
func (p *Proxy) SetDelay(oneWay time.Duration) { p.delay.Store(int64(oneWay)) }

// Cut takes the line down: nothing moves, nothing is refused, and connections
// stay, as when a cable is pulled.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.open:
		p.open = make(chan struct{})
	default:
	}
}

// Restore takes the line up again.
func (p *Proxy) Restore() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.open:
	default:
		close(p.open)
	}
}

// Reset ends all connections with a TCP reset.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
}

// Bytes returns what went to the target and what came back, without headers of TCP.
func (p *Proxy) Bytes() (up, down int64) { return p.sent.Load(), p.received.Load() }

// Connections returns how many were accepted.
func (p *Proxy) Connections() int64 { return p.accepted.Load() }

// Close ends the proxy and its connections.
func (p *Proxy) Close() error {
	err := p.listener.Close()
	p.Restore()
	p.Reset()
	p.done.Wait()
	return err
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		p.accepted.Add(1)
		p.keep(client)
		p.done.Go(func() { p.serve(client) })
	}
}

func (p *Proxy) keep(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[conn] = struct{}{}
}

func (p *Proxy) drop(conn net.Conn) {
	p.mu.Lock()
	delete(p.conns, conn)
	p.mu.Unlock()
	_ = conn.Close()
}

func (p *Proxy) serve(client net.Conn) {
	defer p.drop(client)
	p.wait()
	server, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(context.Background(), "tcp", p.target)
	if err != nil {
		return
	}
	p.keep(server)
	defer p.drop(server)
	var both sync.WaitGroup
	both.Go(func() { p.pass(server, client, p.up, &p.sent) })
	both.Go(func() { p.pass(client, server, p.down, &p.received) })
	both.Wait()
}

// wait waits while the line is down.
func (p *Proxy) wait() {
	p.mu.Lock()
	open := p.open
	p.mu.Unlock()
	<-open
}

type piece struct {
	data []byte
	due  time.Time
}

// pass moves one direction of a connection until it ends. A piece takes its
// place on the line, then travels for the delay while others follow.
func (p *Proxy) pass(to, from net.Conn, line *rate.Limiter, count *atomic.Int64) {
	pieces := make(chan piece, inFlight)
	var writer sync.WaitGroup
	writer.Go(func() {
		for piece := range pieces {
			<-time.After(time.Until(piece.due))
			p.wait()
			if _, err := to.Write(piece.data); err != nil {
				_ = from.Close()
				continue // empties the channel
			}
			count.Add(int64(len(piece.data)))
		}
		if tcp, ok := to.(*net.TCPConn); ok {
			_ = tcp.CloseWrite()
		}
	})
	for {
		data := make([]byte, segment)
		n, err := from.Read(data)
		if n > 0 {
			p.wait()
			_ = line.WaitN(context.Background(), n)
			pieces <- piece{data: data[:n], due: time.Now().Add(time.Duration(p.delay.Load()))}
		}
		if err != nil {
			break
		}
	}
	close(pieces)
	writer.Wait()
}
