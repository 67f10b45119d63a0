// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	begin  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	limits = Limits{Target: 0.6, Floor: 2, Max: 8, DownAfter: 10 * time.Minute}
)

const every = 15 * time.Second

// pool plays a pool whose pods share a load evenly and are all seen.
type pool struct {
	State
	now time.Time
}

func (p *pool) take(limits Limits, load float64) {
	p.see(limits, Sample{Demand: min(load, float64(p.Wanted)), Seen: int(p.Wanted), Whole: true})
}

func (p *pool) see(limits Limits, sample Sample) {
	p.now = p.now.Add(every)
	sample.At = p.now
	p.State = Next(p.State, limits, sample)
}

func start(pods int32) *pool { return &pool{State: Start(pods, limits, begin), now: begin} }

func TestLoadAddsPodsAtOnceAndTakesThemAwayLate(t *testing.T) {
	p := start(2)
	p.take(limits, 1.5)
	if p.Wanted != 2 {
		t.Errorf("one sample alone made it %d pods", p.Wanted)
	}
	p.take(limits, 1.5)
	if p.Wanted != 3 {
		t.Errorf("a load of 1.5 asks for %d pods, want 3", p.Wanted)
	}
	if math.Abs(p.Utilization-0.75) > 1e-9 {
		t.Errorf("the pods were at %v when that was decided, want 0.75", p.Utilization)
	}
	for p.now.Before(begin.Add(10 * time.Minute)) {
		p.take(limits, 0.5)
		if p.Wanted != 3 {
			t.Fatalf("%d pods after %v of low load", p.Wanted, p.now.Sub(begin))
		}
	}
	for range 3 {
		p.take(limits, 0.5)
	}
	if p.Wanted != 2 {
		t.Errorf("%d pods after more than ten minutes of low load, want the floor", p.Wanted)
	}
}

func TestALullIsNoReason(t *testing.T) {
	p := start(6)
	for i := range 400 {
		load := 0.3
		if i%30 == 0 {
			load = 3 // once in seven and a half minutes
		}
		p.take(limits, load)
		if p.Wanted != 6 {
			t.Fatalf("%d pods after %v", p.Wanted, p.now.Sub(begin))
		}
	}
}

func TestLostMetricsHold(t *testing.T) {
	p := start(5)
	for range 3 {
		p.see(limits, Sample{})
	}
	if p.Lost {
		t.Error("after 45 s without metrics they count as lost")
	}
	for range 200 {
		p.see(limits, Sample{})
		if p.Wanted != 5 || !p.Lost {
			t.Fatalf("without metrics: %d pods, lost %v; want 5 and true", p.Wanted, p.Lost)
		}
	}
	p.take(limits, 2)
	if p.Lost {
		t.Error("metrics that are back count as lost")
	}
	// What was low before counts no more.
	for range 30 {
		p.take(limits, 0.1)
	}
	p.see(limits, Sample{})
	for range 30 {
		p.take(limits, 0.1)
	}
	if p.Wanted != 5 {
		t.Errorf("%d pods: low load was counted across a gap", p.Wanted)
	}
}

// TestWhatIsNotKnownTakesNoPodAway: a pod that is never seen, or seven that do
// not answer while the last one is full.
func TestWhatIsNotKnownTakesNoPodAway(t *testing.T) {
	for name, sample := range map[string]Sample{
		"one is never seen": {Demand: 0.1, Seen: 7}, "the only one that answers is full": {Demand: 1, Seen: 1, Whole: true},
	} {
		p := start(8)
		for range 200 {
			p.see(limits, sample)
		}
		if p.Wanted != 8 {
			t.Errorf("%s: %d pods, want 8", name, p.Wanted)
		}
	}
}

func drawLimits(t *rapid.T) Limits {
	l := Limits{
		Target: rapid.Float64Range(0.1, 0.9).Draw(t, "target"), Floor: rapid.Int32Range(0, 10).Draw(t, "floor"),
		DownAfter: rapid.SampledFrom([]time.Duration{time.Minute, 10 * time.Minute, time.Hour}).Draw(t, "down after"),
	}
	l.Max = rapid.Int32Range(max(l.Floor, 1), 40).Draw(t, "max")
	return l
}

// TestLimitsAlwaysHold: whatever is seen, in whatever order, under limits that
// change.
func TestLimitsAlwaysHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawLimits(t)
		s, now := Start(rapid.Int32Range(-5, 300).Draw(t, "pods"), l, begin), begin
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if rapid.IntRange(0, 9).Draw(t, "new limits") == 0 {
				l = drawLimits(t)
			}
			now = now.Add(time.Duration(rapid.IntRange(-60, 1200).Draw(t, "seconds")) * time.Second)
			seen := rapid.IntRange(0, 40).Draw(t, "seen")
			before := s.Wanted
			s = Next(s, l, Sample{At: now, Demand: rapid.Float64Range(0, float64(seen)).Draw(t, "demand"), Seen: seen, Whole: rapid.Bool().Draw(t, "whole")})
			if s.Wanted < l.Floor || s.Wanted > l.Max {
				t.Fatalf("%d pods wanted with floor %d and at most %d", s.Wanted, l.Floor, l.Max)
			}
			if seen == 0 && s.Wanted != l.clamp(before) {
				t.Fatalf("%d pods became %d although nothing was seen", before, s.Wanted)
			}
		}
	})
}

// TestNoiseMovesNothingBackAndForth: a load that goes up and down by a fifth
// around any level settles, and never adds a pod after it took one away.
func TestNoiseMovesNothingBackAndForth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := Limits{Target: rapid.Float64Range(0.1, 0.9).Draw(t, "target"), Floor: 1, Max: 40, DownAfter: 2 * time.Minute}
		level := rapid.Float64Range(0, 30).Draw(t, "level")
		p := &pool{State: Start(rapid.Int32Range(1, 40).Draw(t, "pods"), l, begin), now: begin}
		fell := false
		for range rapid.IntRange(50, 400).Draw(t, "samples") {
			before := p.Wanted
			p.take(l, level*rapid.Float64Range(0.8, 1.2).Draw(t, "noise"))
			switch {
			case p.Wanted > before && fell:
				t.Fatalf("%d pods became %d after pods had been taken away, at a level of %v", before, p.Wanted, level)
			case p.Wanted < before:
				fell = true
			}
		}
	})
}

// TestLoadIsMet: a steady load within reach ends with pods at the target or below.
func TestLoadIsMet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := Limits{Target: rapid.Float64Range(0.1, 0.9).Draw(t, "target"), Floor: 1, Max: 200, DownAfter: time.Minute}
		load := rapid.Float64Range(0, l.Target*float64(l.Max)).Draw(t, "load")
		p := &pool{State: Start(rapid.Int32Range(1, l.Max).Draw(t, "pods"), l, begin), now: begin}
		for range 400 {
			p.take(l, load)
		}
		if busy := load / float64(p.Wanted); busy > l.Target+1e-6 {
			t.Fatalf("%d pods are at %v with a load of %v, the target is %v", p.Wanted, busy, load, l.Target)
		}
		if most := math.Ceil(spare*load/l.Target) + 1; float64(p.Wanted) > most {
			t.Fatalf("%d pods for a load of %v, want at most %v", p.Wanted, load, most)
		}
	})
}
