// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// Names of the metrics by which a matcher says how busy it is. An engine of
// another make that gives them under the same names is scaled as well.
const (
	// BusySeconds counts the seconds of searching on all processors.
	BusySeconds = "frontline_matcher_busy_seconds_total"
	// Processors is how many searches run at a time without slowing one another.
	Processors = "frontline_matcher_processors"
	// ShedTotal counts requests that were turned away because too many came at a
	// time. An engine may leave it out.
	ShedTotal = "frontline_matcher_shed_total"
)

// maxMetrics bounds what is read of one pod's metrics.
const maxMetrics = 4 << 20

// ErrNoCounters says that metrics do not tell how busy the pod is.
var ErrNoCounters = errors.New("the metrics do not say how busy the pod is")

// Counters are what one pod has counted since it started.
type Counters struct {
	Busy       float64
	Processors float64
	Shed       float64
}

// ReadCounters finds the counters in metrics in Prometheus' text format. What
// else is there is passed over.
func ReadCounters(r io.Reader) (Counters, error) {
	var c Counters
	values := map[string]*float64{BusySeconds: &c.Busy, Processors: &c.Processors, ShedTotal: &c.Shed}
	found := map[string]bool{}
	lines := bufio.NewScanner(io.LimitReader(r, maxMetrics))
	for lines.Scan() {
		name, rest, _ := bytes.Cut(lines.Bytes(), []byte(" "))
		value := values[string(name)]
		if value == nil {
			continue
		}
		// A time may follow the value.
		text, _, _ := strings.Cut(strings.TrimSpace(string(rest)), " ")
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
			return Counters{}, fmt.Errorf("metric %s is no amount", name)
		}
		*value, found[string(name)] = v, true
	}
	if err := lines.Err(); err != nil {
		return Counters{}, fmt.Errorf("read metrics: %w", err)
	}
	if !found[BusySeconds] || c.Processors <= 0 {
		return Counters{}, ErrNoCounters
	}
	return c, nil
}
