// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// childArgument makes this program the process that serves, so that what the
// measurement takes is not counted as the engine's.
const childArgument = "child"

// setup is what the child is given first.
type setup struct {
	List     list   `json:"list"`
	Seed     uint64 `json:"seed"`
	Entities int    `json:"entities"`
}

// ready is what the child says once it serves.
type ready struct {
	// Address is where it serves HTTP.
	Address string `json:"address"`
	// Seconds is from before the snapshot is opened until Engine.Update has returned.
	Seconds float64 `json:"seconds"`
	Memory  memory  `json:"memory"`
}

// order is what the child is to do; one of its fields is set.
type order struct {
	Search *searchOrder `json:"search,omitempty"`
	Revise *reviseOrder `json:"revise,omitempty"`
	Memory bool         `json:"memory,omitempty"`
	// Rest waits until the engine does nothing beside searches.
	Rest bool `json:"rest,omitempty"`
}

// reply is what became of an order.
type reply struct {
	Error  string        `json:"error,omitempty"`
	Memory *memory       `json:"memory,omitempty"`
	Search searchResult  `json:"search,omitempty"`
	Revise *reviseResult `json:"revise,omitempty"`
	// Rested is how long that took, in seconds.
	Rested float64 `json:"rested,omitempty"`
}

// process is a child.
type process struct {
	ready ready
	// used says that it was asked something since; waited is how long it took to rest, in seconds.
	used   bool
	waited float64

	cmd   *exec.Cmd
	stdin io.WriteCloser
	out   *json.Decoder
}

// start starts a child that serves the list, and waits until it does.
func (b *bench) start(ctx context.Context) (*process, error) {
	l, err := b.synthetic(ctx)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.CommandContext(ctx, self, childArgument)}
	p.cmd.Stderr = os.Stderr
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = json.NewDecoder(stdout)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if err := p.exchange(setup{List: *l, Seed: b.seed, Entities: b.entities}, &p.ready); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

func (p *process) exchange(send, receive any) error {
	if err := json.NewEncoder(p.stdin).Encode(send); err != nil {
		return fmt.Errorf("the process that serves: %w", err)
	}
	if err := p.out.Decode(receive); err != nil {
		return fmt.Errorf("the process that serves ended before it answered: %w", err)
	}
	return nil
}

// do gives an order and waits until it is carried out.
func (p *process) do(o order) (reply, error) {
	p.used = true
	var r reply
	if err := p.exchange(o, &r); err != nil {
		return r, err
	}
	if r.Error != "" {
		return r, fmt.Errorf("the process that serves: %s", r.Error)
	}
	return r, nil
}

// stop ends the child, which ends with its standard input.
func (p *process) stop() error {
	return errors.Join(p.stdin.Close(), p.cmd.Wait())
}

// served is the child that measures share, started when the first of them asks.
func (b *bench) served(ctx context.Context) (*process, error) {
	if b.serving != nil {
		return b.serving, nil
	}
	p, err := b.start(ctx)
	b.serving = p
	return p, err
}

// rested is the child, once its engine does nothing beside searches.
func (b *bench) rested(ctx context.Context) (*process, error) {
	p, err := b.served(ctx)
	if err != nil {
		return nil, err
	}
	r, err := p.do(order{Rest: true})
	p.waited += r.Rested
	return p, err
}

func (b *bench) stopServing() error {
	if b.serving == nil {
		return nil
	}
	p := b.serving
	b.serving = nil
	return p.stop()
}
