// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"text/tabwriter"
)

func (b *bench) print(w io.Writer) error {
	if b.quick {
		b.notes = append(b.notes, "a quick run tries the program; it proves no promise")
	}
	for i := range b.figures {
		b.figures[i].Kept = b.figures[i].verdict()
	}
	if b.format == "json" {
		return b.printJSON(w)
	}
	if err := b.printFigures(w); err != nil {
		return err
	}
	if err := b.cells.print(w); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, note := range b.notes {
		fmt.Fprintln(w, "-", note)
	}
	return nil
}

func (b *bench) printFigures(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "figure\tmeasured\t95 % or spread\tn\tmust\taim\tkept\tbeside it")
	for _, f := range b.figures {
		limit := func(v *float64) string {
			switch {
			case v == nil:
				return ""
			case f.AtMost:
				return "≤ " + number(*v)
			}
			return "≥ " + number(*v)
		}
		interval, beside, kept := "", f.Peer, f.Kept
		if f.Low != 0 || f.High != 0 {
			interval = number(f.Low) + " to " + number(f.High)
		}
		if beside != "" && f.Note != "" {
			beside += "; "
		}
		if b.quick {
			kept = ""
		}
		fmt.Fprintf(t, "%s\t%s %s\t%s\t%d\t%s\t%s\t%s\t%s\n", f.Name, number(f.Value), f.Unit, interval, f.N, limit(f.Must), limit(f.Aim), kept, beside+f.Note)
	}
	return t.Flush()
}

func (b *bench) printJSON(w io.Writer) error {
	for i := range b.figures {
		// JSON has no word for a figure of nothing.
		if math.IsNaN(b.figures[i].Value) {
			b.figures[i].Value, b.figures[i].Note = 0, "nothing was measured"
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(map[string]any{"quick": b.quick, "figures": b.figures, "cells": b.cells.shown(), "notes": b.notes})
}
