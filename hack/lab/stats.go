// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/frontline-screening/frontline/internal/matcher"
	"github.com/frontline-screening/frontline/internal/screen"
)

// stats gathers the results of a run.
type stats struct {
	progress io.Writer
	start    time.Time
	outcomes map[screen.Outcome]int
	leads    int
	refused  int
	took     []time.Duration
}

func newStats(progress io.Writer) *stats {
	return &stats{progress: progress, start: time.Now(), outcomes: map[screen.Outcome]int{}}
}

// every is how many requests lie between two lines of progress.
const every = 5000

func (s *stats) observe(r matcher.Result) {
	if r.Err != nil {
		s.refused++
		return
	}
	s.outcomes[r.Answer.Outcome]++
	if len(r.Answer.Candidates) == 0 && len(r.Answer.Leads) > 0 {
		s.leads++
	}
	s.took = append(s.took, r.Took)
	if len(s.took)%every == 0 {
		fmt.Fprintf(s.progress, "%d requests answered\n", len(s.took))
	}
}

// print writes the summary table.
func (s *stats) print(w io.Writer) {
	elapsed := time.Since(s.start)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "requests\t%d\nrefused\t%d\n", len(s.took)+s.refused, s.refused)
	for _, o := range []screen.Outcome{screen.NoCandidate, screen.Candidates, screen.Incomplete, screen.OutcomeUnavailable} {
		share := 0.0
		if len(s.took) > 0 {
			share = 100 * float64(s.outcomes[o]) / float64(len(s.took))
		}
		fmt.Fprintf(t, "%s\t%d\t%.3f %%\n", o, s.outcomes[o], share)
	}
	fmt.Fprintf(t, "leads alone\t%d\n", s.leads)
	if n := len(s.took); n > 0 {
		slices.Sort(s.took)
		fmt.Fprintf(t, "rate\t%.0f/s\np50\t%v\np99\t%v\nmax\t%v\n", float64(n)/elapsed.Seconds(),
			s.took[n/2].Round(time.Microsecond), s.took[min(n-1, n*99/100)].Round(time.Microsecond), s.took[n-1].Round(time.Microsecond))
	}
	_ = t.Flush()
}
