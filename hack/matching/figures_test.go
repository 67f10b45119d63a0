// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"testing"
)

func TestQuantile(t *testing.T) {
	values := make([]float64, 1000)
	for i := range values {
		values[i] = float64(1000 - i)
	}
	for _, tc := range []struct{ share, want, low, high float64 }{
		{0.5, 500, 470, 531},
		{0.99, 990, 984, 997},
		{1, 1000, 1000, 1000},
	} {
		f := quantile("", "", tc.share, values)
		if f.Value != tc.want || f.Low != tc.low || f.High != tc.high || f.N != len(values) {
			t.Errorf("%v: %v in %v to %v of %d", tc.share, f.Value, f.Low, f.High, f.N)
		}
	}
	if f := quantile("", "", 0.99, []float64{7}); f.Value != 7 || f.Low != 7 || f.High != 7 {
		t.Errorf("of one value: %+v", f)
	}
	if f := quantile("", "", 0.99, nil).atMost(1); f.verdict() != broken {
		t.Error("a promise is kept by a figure of nothing")
	}
}

func TestRate(t *testing.T) {
	// The interval is that of Newcombe 1998, table I: 15 of 148, score method.
	f := rate("", 15, 148)
	if math.Abs(f.Value-10.135) > 0.001 || math.Abs(f.Low-6.24) > 0.01 || math.Abs(f.High-16.05) > 0.01 {
		t.Errorf("%v in %v to %v", f.Value, f.Low, f.High)
	}
	if f := rate("", 0, 0).atLeast(1); f.verdict() != broken {
		t.Error("a promise is kept by a rate of nobody")
	}
}

func TestVerdict(t *testing.T) {
	for _, tc := range []struct {
		name string
		f    figure
		want string
	}{
		{"no limits", single("", "", 1, 1), ""},
		{"below both", single("", "", 1, 1).atMost(3).aim(2), keepsAim},
		{"between", single("", "", 2.5, 1).atMost(3).aim(2), keepsMust},
		{"above both", single("", "", 4, 1).atMost(3).aim(2), broken},
		{"at least, between", single("", "", 80, 1).atLeast(75).aim(90), keepsMust},
		{"at least, at the limit", single("", "", 100, 1).atLeast(100), keepsMust},
		{"none allowed, none there", single("", "", 0, 1).atMost(0), keepsMust},
		{"none allowed, one there", single("", "", 1, 1).atMost(0), broken},
	} {
		if got := tc.f.verdict(); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}
