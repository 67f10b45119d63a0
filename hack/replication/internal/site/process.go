// SPDX-License-Identifier: Apache-2.0

package site

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Event is what a process of the site tells, one JSON object a line.
type Event struct {
	// At is the time by CLOCK_MONOTONIC, which all processes share, in nanoseconds.
	At int64 `json:"at"`
	// Address is where an agent or a pod listens; sent once.
	Address string `json:"address,omitempty"`
	// Held and Artifact are the copy that an agent holds.
	Held     int64  `json:"held,omitempty"`
	Artifact string `json:"artifact,omitempty"`
	// Searched is the release that a pod answered from for the first time.
	Searched int64 `json:"searched,omitempty"`
	// Result is what a process came to that ends by itself.
	Result json.RawMessage `json:"result,omitempty"`
}

// Now is the time by CLOCK_MONOTONIC in nanoseconds.
func Now() int64 {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return t.Nano()
}

// Process is a part of the site in a process of its own: this program, run
// again with the arguments "child ROLE" and its configuration on standard input.
type Process struct {
	Name string

	cmd    *exec.Cmd
	stdin  io.Closer
	ended  chan struct{}
	output strings.Builder // the end of standard error, for an error

	mu     sync.Mutex
	events []Event
	news   chan struct{}
}

// Start starts a process. environment is added to this process's own.
func Start(role, name string, config any, environment ...string) (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	p := &Process{Name: name, ended: make(chan struct{}), news: make(chan struct{})}
	p.cmd = exec.Command(self, "child", role) //nolint:noctx // ended by Stop and Kill, and by the end of its standard input
	p.cmd.Env = append(os.Environ(), environment...)
	p.cmd.Stderr = &p.output
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.stdin = stdin
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go p.read(stdout)
	if _, err := stdin.Write(append(data, '\n')); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), p.Kill())
	}
	return p, nil
}

func (p *Process) read(stdout io.Reader) {
	defer close(p.ended)
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e Event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		p.mu.Lock()
		p.events = append(p.events, e)
		close(p.news)
		p.news = make(chan struct{})
		p.mu.Unlock()
	}
	_ = p.cmd.Wait()
}

// Await returns the first event that matches, also one from before.
func (p *Process) Await(ctx context.Context, what string, match func(Event) bool) (Event, error) {
	next := 0
	for {
		p.mu.Lock()
		events, news := p.events, p.news
		p.mu.Unlock()
		for ; next < len(events); next++ {
			if match(events[next]) {
				return events[next], nil
			}
		}
		select {
		case <-news:
		case <-p.ended:
			p.mu.Lock()
			left := len(p.events) > next
			p.mu.Unlock()
			if left {
				continue
			}
			return Event{}, fmt.Errorf("%s ended before %s: %s", p.Name, what, tail(p.output.String()))
		case <-ctx.Done():
			return Event{}, fmt.Errorf("%s: %s did not happen: %w", p.Name, what, ctx.Err())
		}
	}
}

func tail(text string) string {
	const most = 2000
	text = strings.TrimSpace(text)
	return text[max(0, len(text)-most):]
}

// Pid is the process's id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Kill ends the process as kill -9 does, and waits until it has.
func (p *Process) Kill() error {
	err := p.cmd.Process.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	<-p.ended
	return err
}

// Stop lets the process end by itself.
func (p *Process) Stop() {
	_ = p.stdin.Close()
	<-p.ended
}

// Child reads the configuration of a role from standard input and runs it until
// that ends. Events go to standard output.
func Child(ctx context.Context, in io.Reader, out io.Writer, config any, run func(context.Context, func(Event)) error) error {
	reader := bufio.NewReader(in)
	line, err := reader.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, config)
	}
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, reader)
		cancel()
	}()
	var mu sync.Mutex
	encoder := json.NewEncoder(out)
	return run(ctx, func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		if e.At == 0 {
			e.At = Now()
		}
		_ = encoder.Encode(e)
	})
}
