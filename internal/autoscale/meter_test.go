// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

func TestMeter(t *testing.T) {
	at := func(seconds int) time.Time { return begin.Add(time.Duration(seconds) * time.Second) }
	var m Meter
	if s := m.Sample(at(0), map[string]*Counters{"a": {Busy: 100, Processors: 2}}); s.Seen != 0 || s.Whole {
		t.Errorf("the first look says %+v, want nothing", s)
	}
	for _, tt := range []struct {
		name string
		at   int
		pods map[string]*Counters
		want Sample
	}{
		{"half busy", 10, map[string]*Counters{"a": {Busy: 110, Processors: 2}}, Sample{Demand: 0.5, Seen: 1, Whole: true}},
		{"a second pod comes", 20, map[string]*Counters{"a": {Busy: 115, Processors: 2}, "b": {Busy: 9, Processors: 4}}, Sample{Demand: 0.25, Seen: 1}},
		{"both are seen", 30, map[string]*Counters{"a": {Busy: 120, Processors: 2}, "b": {Busy: 29, Processors: 4}}, Sample{Demand: 0.75, Seen: 2, Whole: true}},
		{"one cannot be read", 40, map[string]*Counters{"a": nil, "b": {Busy: 29, Processors: 4}}, Sample{Seen: 1}},
		{"it counted meanwhile", 50, map[string]*Counters{"a": {Busy: 140, Processors: 2}, "b": {Busy: 29, Processors: 4}}, Sample{Demand: 0.5, Seen: 2, Whole: true}},
		{"it started anew", 60, map[string]*Counters{"a": {Busy: 1, Processors: 2}, "b": {Busy: 29, Processors: 4}}, Sample{Seen: 1}},
		{"searches wait for each other", 70, map[string]*Counters{"a": {Busy: 81, Processors: 2}, "b": {Busy: 29, Processors: 4}}, Sample{Demand: 1, Seen: 2, Whole: true}},
		{"requests are turned away", 80, map[string]*Counters{"a": {Busy: 81, Processors: 2, Shed: 3}, "b": {Busy: 29, Processors: 4}}, Sample{Demand: 1, Seen: 2, Whole: true}},
		{"no time has passed", 80, map[string]*Counters{"a": {Busy: 82, Processors: 2, Shed: 3}}, Sample{}},
		{"none answers", 90, nil, Sample{}},
	} {
		tt.want.At = at(tt.at)
		got := m.Sample(tt.want.At, tt.pods)
		if math.Abs(got.Demand-tt.want.Demand) > 1e-9 || got.Seen != tt.want.Seen || got.Whole != tt.want.Whole || !got.At.Equal(tt.want.At) {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

const metrics = `# HELP frontline_matcher_busy_seconds_total Seconds of searching.
# TYPE frontline_matcher_busy_seconds_total counter
frontline_matcher_busy_seconds_total 12.5
frontline_matcher_answers_total{outcome="Candidates"} 3
frontline_matcher_processors 4 1767225600000
frontline_matcher_shed_total 1e+02
`

func TestReadCounters(t *testing.T) {
	got, err := ReadCounters(strings.NewReader(metrics))
	if want := (Counters{Busy: 12.5, Processors: 4, Shed: 100}); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	for name, text := range map[string]string{
		"nothing":         "",
		"another process": "go_goroutines 8\n",
		"no processors":   BusySeconds + " 1\n" + Processors + " 0\n",
	} {
		if _, err := ReadCounters(strings.NewReader(text)); !errors.Is(err, ErrNoCounters) {
			t.Errorf("%s: %v, want ErrNoCounters", name, err)
		}
	}
	for _, value := range []string{"NaN", "+Inf", "-1", "x", ""} {
		if got, err := ReadCounters(strings.NewReader(Processors + " 1\n" + BusySeconds + " " + value + "\n")); err == nil {
			t.Errorf("a value of %q is read as %+v", value, got)
		}
	}
}

func FuzzReadCounters(f *testing.F) {
	f.Add([]byte(metrics))
	f.Add([]byte(BusySeconds + " 0x1p-2\n" + Processors + " 1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ReadCounters(bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, v := range []float64{c.Busy, c.Processors, c.Shed} {
			if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
				t.Errorf("read %+v", c)
			}
		}
		var m Meter
		m.Sample(begin, map[string]*Counters{"a": {Processors: c.Processors}})
		if s := m.Sample(begin.Add(every), map[string]*Counters{"a": &c}); s.Demand < 0 || s.Demand > 1 || math.IsNaN(s.Demand) {
			t.Errorf("counters %+v make a demand of %v", c, s.Demand)
		}
	})
}
