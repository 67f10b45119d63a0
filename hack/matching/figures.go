// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"slices"
)

// figure is one measured figure.
type figure struct {
	Name string `json:"name"`
	Unit string `json:"unit"`
	// Value lies between Low and High: a 95 % interval, or the spread that Note names.
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	N     int     `json:"n"`
	// Must and Aim are the limits, at least or at most as AtMost says; nil for none.
	Must   *float64 `json:"must,omitempty"`
	Aim    *float64 `json:"aim,omitempty"`
	AtMost bool     `json:"atMost,omitempty"`
	// Kept is which limits the figure keeps.
	Kept string `json:"kept,omitempty"`
	// Peer is what another engine reached on the same data, in words.
	Peer string `json:"peer,omitempty"`
	Note string `json:"note,omitempty"`
}

// What a figure keeps: what is aimed at, what must be, or neither. A figure without
// limits keeps "".
const (
	keepsAim  = "aim"
	keepsMust = "yes"
	broken    = "NO"
)

func (f *figure) verdict() string {
	keeps := func(limit *float64) bool {
		switch {
		case limit == nil || math.IsNaN(f.Value):
			return false
		case f.AtMost:
			return f.Value <= *limit
		}
		return f.Value >= *limit
	}
	switch {
	case f.Must == nil && f.Aim == nil:
		return ""
	case keeps(f.Aim):
		return keepsAim
	case keeps(f.Must):
		return keepsMust
	}
	return broken
}

func (f figure) atLeast(must float64) figure { f.Must = &must; return f }

func (f figure) atMost(must float64) figure { f.Must, f.AtMost = &must, true; return f }

func (f figure) aim(v float64) figure { f.Aim = &v; return f }

func (f figure) peer(text string) figure { f.Peer = text; return f }

func (f figure) noted(format string, args ...any) figure {
	f.Note = fmt.Sprintf(format, args...)
	return f
}

// normal is the quantile of the normal distribution for intervals of 95 %.
const normal = 1.959964

// rate is a share of n in percent, with Wilson's interval (Wilson 1927).
func rate(name string, hits, n int) figure {
	if n == 0 {
		return figure{Name: name, Unit: "%", Value: math.NaN()}
	}
	p, m := float64(hits)/float64(n), float64(n)
	middle := (p + normal*normal/(2*m)) / (1 + normal*normal/m)
	half := normal / (1 + normal*normal/m) * math.Sqrt(p*(1-p)/m+normal*normal/(4*m*m))
	return figure{Name: name, Unit: "%", Value: 100 * p, Low: 100 * max(middle-half, 0), High: 100 * min(middle+half, 1), N: n}
}

// single is a figure of one value, or of values that were summed up in it.
func single(name, unit string, value float64, n int) figure {
	return figure{Name: name, Unit: unit, Value: value, N: n}
}

// spread is a value with the least and the most of several.
func spread(name, unit string, value float64, of []float64) figure {
	return figure{Name: name, Unit: unit, Value: value, Low: slices.Min(of), High: slices.Max(of), N: len(of)}
}

// quantile is the value that a share of the values does not exceed (nearest rank), with
// the interval that the ranks around it give (binomial, approximated by the normal
// distribution). It sorts the values.
func quantile(name, unit string, share float64, values []float64) figure {
	if len(values) == 0 {
		return figure{Name: name, Unit: unit, Value: math.NaN()}
	}
	slices.Sort(values)
	n := float64(len(values))
	half := normal * math.Sqrt(n*share*(1-share))
	return figure{
		Name: name, Unit: unit, Value: at(values, share), N: len(values),
		Low: ranked(values, n*share-half), High: ranked(values, n*share+half),
	}
}

// at is the value that a share of the sorted values does not exceed.
func at(sorted []float64, share float64) float64 {
	return ranked(sorted, share*float64(len(sorted)))
}

func ranked(sorted []float64, rank float64) float64 {
	return sorted[min(max(int(math.Ceil(rank))-1, 0), len(sorted)-1)]
}

// shape says in words where values lie, in milliseconds. They are sorted.
func shape(sorted []float64) string {
	return fmt.Sprintf("p50 %s, p95 %s, p99 %s, most %s ms", number(at(sorted, 0.5)), number(at(sorted, 0.95)), number(at(sorted, 0.99)), number(sorted[len(sorted)-1]))
}

// number writes a figure with three digits or more.
func number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "none"
	case v == math.Trunc(v) && math.Abs(v) < 1e15, math.Abs(v) >= 100:
		return fmt.Sprintf("%.0f", v)
	case v > 99.9: // not to be taken for all of them
		return fmt.Sprintf("%.3f", v)
	case math.Abs(v) >= 10:
		return fmt.Sprintf("%.1f", v)
	case math.Abs(v) >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}
