// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// leastCell is how few people a cell may have: fewer are not told, since a rate of so
// few says nothing of a script or a region.
const leastCell = 300

// cell is one measure for people of one script or one region.
type cell struct {
	Measure string `json:"measure"`
	By      string `json:"by"`
	Group   string `json:"group"`
	// Few says that the cell is hidden; its other fields are then 0.
	Few   bool    `json:"few,omitempty"`
	Value float64 `json:"value,omitempty"`
	Low   float64 `json:"low,omitempty"`
	High  float64 `json:"high,omitempty"`
	N     int     `json:"n,omitempty"`

	hits, asked int
}

// cells are in the order in which they were first counted.
type cells []*cell

// count counts one person.
func (c *cells) count(measure, by, group string, hit bool) {
	if group == "" {
		return
	}
	var in *cell
	for _, one := range *c {
		if one.Measure == measure && one.By == by && one.Group == group {
			in = one
		}
	}
	if in == nil {
		in = &cell{Measure: measure, By: by, Group: group}
		*c = append(*c, in)
	}
	in.asked++
	if hit {
		in.hits++
	}
}

// shown are the cells with their rates, in percent, those of few people hidden: by
// measure in the order in which they were taken, scripts and regions each together.
func (c cells) shown() []cell {
	measures := map[string]int{}
	for _, one := range c {
		if _, known := measures[one.Measure]; !known {
			measures[one.Measure] = len(measures)
		}
	}
	sorted := slices.SortedStableFunc(slices.Values(c), func(a, b *cell) int {
		return cmp.Or(measures[a.Measure]-measures[b.Measure], -strings.Compare(a.By, b.By), strings.Compare(a.Group, b.Group))
	})
	out := []cell{}
	for _, one := range sorted {
		s := cell{Measure: one.Measure, By: one.By, Group: one.Group, Few: one.asked < leastCell}
		if !s.Few {
			f := rate("", one.hits, one.asked)
			s.Value, s.Low, s.High, s.N = f.Value, f.Low, f.High, f.N
		}
		out = append(out, s)
	}
	return out
}

func (c cells) print(w io.Writer) error {
	if len(c) == 0 {
		return nil
	}
	fmt.Fprintf(w, "\nrates by script of the name and by region of the nationality; \"few\" is under %d people\n", leastCell)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "measure\tby\tgroup\tmeasured\t95 %\tn")
	for _, s := range c.shown() {
		if s.Few {
			fmt.Fprintf(t, "%s\t%s\t%s\tfew\t\t\n", s.Measure, s.By, s.Group)
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s %%\t%s to %s\t%d\n", s.Measure, s.By, s.Group, number(s.Value), number(s.Low), number(s.High), s.N)
	}
	return t.Flush()
}
