// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/frontline-screening/frontline/internal/matcher/mrz"
)

// specimen is a zone with what its check digits were found to be.
type specimen struct {
	Format string   `json:"format"`
	Lines  []string `json:"lines"`
	Valid  bool     `json:"all_checks_valid"`
}

// behaves reports whether the zone is read as it must be: with all check digits right
// it is read in its format with nothing repaired; with one wrong it is refused, or
// what was put right is named.
func (s specimen) behaves(now time.Time) bool {
	zone, err := mrz.Parse(strings.Join(s.Lines, "\n"), now)
	if s.Valid {
		return err == nil && zone.Format == s.Format && len(zone.Repaired) == 0
	}
	return err != nil || len(zone.Repaired) > 0
}

// measureZones: specimens of machine-readable zones, and how fast one core reads them.
func measureZones(ctx context.Context, b *bench) error {
	specimens, err := b.specimens()
	if err != nil {
		return err
	}
	now := time.Now()
	var valid []string
	right := 0
	for _, s := range specimens {
		if s.behaves(now) {
			right++
		} else {
			b.missed("zone", s.Format, strconv.FormatBool(s.Valid), strings.Join(s.Lines, "|"))
		}
		if s.Valid {
			valid = append(valid, strings.Join(s.Lines, "\n"))
		}
	}
	b.add(rate("specimens of zones that behave", right, len(specimens)).atLeast(100))
	if len(valid) == 0 {
		return fmt.Errorf("no specimen of %d is valid", len(specimens))
	}
	rounds := b.count(2_000_000, 50_000) / len(valid)
	var perSecond []float64
	for range 5 {
		before := processorTime() // what else runs on the machine takes no part in it
		for range rounds {
			for _, zone := range valid {
				_, _ = mrz.Parse(zone, now)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		perSecond = append(perSecond, float64(rounds*len(valid))/(processorTime()-before).Seconds())
	}
	f := spread("zones read a second by one core", "/s", mean(perSecond), perSecond).atLeast(1e6)
	f.N = 5 * rounds * len(valid)
	b.add(f.noted("mean and spread of 5 rounds, by CPU time, over the %d valid specimens", len(valid)))
	return nil
}

func (b *bench) specimens() ([]specimen, error) {
	f, err := os.Open(filepath.Join(b.data, "mrz", "mrz_specimens.jsonl"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []specimen
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var s specimen
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			return nil, fmt.Errorf("specimen %d: %w", len(out)+1, err)
		}
		out = append(out, s)
	}
	return out, lines.Err()
}
