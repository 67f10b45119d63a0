// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Stream asks a post about travellers, one after another, until it is
// stopped, and counts. Each traveller's due record must be in each answer.
type Stream struct {
	mu      sync.Mutex
	counts  Counts
	stop    context.CancelFunc
	stopped chan struct{}
}

// Counts is what a stream has seen.
type Counts struct {
	Asked, Failed int
	// FirstError is the first failure, without a word of what was asked.
	FirstError error
	// Slowest and Median are times of answers.
	Slowest, Median time.Duration
	times           []time.Duration
}

// StartStream asks every interval, going round the travellers; each answer
// must have the traveller's record Before.
func StartStream(ctx context.Context, post *Post, travellers []Traveller, interval time.Duration) *Stream {
	ctx, cancel := context.WithCancel(ctx)
	s := &Stream{stop: cancel, stopped: make(chan struct{})}
	go func() {
		defer close(s.stopped)
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			t := travellers[i%len(travellers)]
			begin := time.Now()
			answer, err := post.Screen(ctx, t.Request)
			took := time.Since(begin)
			if ctx.Err() != nil {
				return
			}
			if err == nil {
				err = Check(answer, t.Before, "")
			}
			s.mu.Lock()
			s.counts.Asked++
			s.counts.times = append(s.counts.times, took)
			if err != nil {
				s.counts.Failed++
				if s.counts.FirstError == nil {
					s.counts.FirstError = err
				}
			}
			s.mu.Unlock()
		}
	}()
	return s
}

// Counts returns what was seen since the last call and starts anew.
func (s *Stream) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counts
	if len(c.times) > 0 {
		slices.Sort(c.times)
		c.Median, c.Slowest = c.times[len(c.times)/2], c.times[len(c.times)-1]
	}
	c.times = nil
	s.counts = Counts{}
	return c
}

// Asked is the number of requests since the last call of Counts.
func (s *Stream) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts.Asked
}

// Stop ends the stream.
func (s *Stream) Stop() {
	s.stop()
	<-s.stopped
}
