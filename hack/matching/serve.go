// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/frontline-screening/frontline/internal/matcher"
	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist/synthetic"
)

// child is the process that serves: an engine, HTTP before it, and orders on standard input.
type child struct {
	engine *matcher.Engine
	asker  asker
	// version is that of the list; each revision is the next.
	version int64
}

// serveChild serves until its input ends.
func serveChild(ctx context.Context, in io.Reader, out io.Writer) error {
	orders, replies := json.NewDecoder(in), json.NewEncoder(out)
	var s setup
	if err := orders.Decode(&s); err != nil {
		return err
	}
	c := &child{
		engine: matcher.New(matcher.Options{Bench: true}),
		asker:  asker{people: synthetic.ListPeople(s.Seed, s.Entities), common: s.List.Common, seed: s.Seed},
	}
	defer c.engine.Close()
	took, err := c.load(s.List.Path, s.List.Digest)
	if err != nil {
		return err
	}
	r := ready{Seconds: took.Seconds(), Memory: memoryNow()}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: matcher.NewService(c.engine, matcher.ServiceOptions{}).Handler(), ReadHeaderTimeout: time.Minute}
	defer server.Close()
	go func() { _ = server.Serve(listener) }()
	r.Address = listener.Addr().String()
	if err := replies.Encode(r); err != nil {
		return err
	}
	for {
		var o order
		switch err := orders.Decode(&o); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := replies.Encode(c.do(ctx, o)); err != nil {
			return err
		}
	}
}

// load makes a snapshot current, and says how long that took from before it was opened.
func (c *child) load(path, digest string) (time.Duration, error) {
	start := time.Now()
	s, err := snapshot.Open(path)
	if err != nil {
		return 0, err
	}
	c.version++
	err = c.engine.Update([]matcher.Feed{{ID: feedName(0), Version: c.version, Digest: digest, Snapshot: s}})
	return time.Since(start), err
}

func (c *child) do(ctx context.Context, o order) (r reply) {
	var err error
	switch {
	case o.Search != nil:
		r.Search, err = c.search(ctx, *o.Search)
	case o.Revise != nil:
		r.Revise, err = c.revise(ctx, *o.Revise)
	case o.Rest:
		start := time.Now()
		err = c.engine.Rested(ctx)
		r.Rested = time.Since(start).Seconds()
	case o.Memory:
		m := memoryNow()
		r.Memory = &m
	default:
		err = errors.New("an order for nothing")
	}
	if err != nil {
		r.Error = err.Error()
	}
	return r
}

// searchOrder asks for queries, one after the other.
type searchOrder struct {
	// Common asks for the worst kind instead of the mix.
	Common bool `json:"common,omitempty"`
	From   int  `json:"from"`
	N      int  `json:"n"`
}

// searchResult is how long queries took, in milliseconds, by their kind.
type searchResult map[string][]float64

func (c *child) search(ctx context.Context, o searchOrder) (searchResult, error) {
	query, result := c.asker.mixed, searchResult{}
	if o.Common {
		query = c.asker.commonest
	}
	for i := range o.N {
		kind, subject := query(o.From + i)
		took, err := c.ask(ctx, subject)
		if err != nil {
			return nil, err
		}
		result[kind] = append(result[kind], took)
	}
	return result, nil
}

// ask asks one query and returns how long it took in milliseconds.
func (c *child) ask(ctx context.Context, subject screen.Subject) (float64, error) {
	request := screen.Request{Purpose: screen.PurposeBorderControl, Subject: subject}
	start := time.Now()
	answer, err := c.engine.Screen(ctx, request, start)
	took := milliseconds(time.Since(start))
	if err == nil && len(answer.Searched) != 1 {
		err = fmt.Errorf("an answer from %d lists", len(answer.Searched))
	}
	return took, err
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
