// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/frontline-screening/frontline/internal/autoscale"
	"github.com/frontline-screening/frontline/internal/screen"
)

// metrics are numbers alone: no label carries anything of a request or a record.
type metrics struct {
	registry            *prometheus.Registry
	answers             *prometheus.CounterVec
	refused, shed, late prometheus.Counter
	// busy is the time of searches and comparisons, in nanoseconds.
	busy     atomic.Int64
	inFlight prometheus.Gauge
	seconds  prometheus.Histogram
	verify   verifyMetrics
}

func newMetrics(e *Engine) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "frontline_matcher_answers_total", Help: "Answers given, by outcome.",
		}, []string{"outcome"}),
		refused:  prometheus.NewCounter(prometheus.CounterOpts{Name: "frontline_matcher_refused_total", Help: "Requests refused for their content."}),
		shed:     prometheus.NewCounter(prometheus.CounterOpts{Name: autoscale.ShedTotal, Help: "Requests shed because too many came at a time."}),
		late:     prometheus.NewCounter(prometheus.CounterOpts{Name: "frontline_matcher_late_total", Help: "Searches and comparisons that did not end in time."}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "frontline_matcher_in_flight", Help: "Requests being served."}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "frontline_matcher_search_seconds", Help: "Time of a search.",
			Buckets: prometheus.ExponentialBuckets(0.00005, 2, 16),
		}),
	}
	for _, o := range []screen.Outcome{screen.NoCandidate, screen.Candidates, screen.Incomplete, screen.OutcomeUnavailable} {
		m.answers.WithLabelValues(string(o))
	}
	m.verify = newVerifyMetrics()
	busy := prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: autoscale.BusySeconds, Help: "Seconds of searching and comparing on all processors, waiting left out.",
	}, func() float64 { return time.Duration(m.busy.Load() + helped.Load()).Seconds() })
	records := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "frontline_matcher_records", Help: "Records that can be searched.",
	}, func() float64 {
		set := e.acquire()
		defer set.release()
		return float64(set.Records())
	})
	held := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "frontline_matcher_sets_held", Help: "Sets that were replaced and that a search still uses.",
	}, func() float64 { return float64(e.held.Load()) })
	altered := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "frontline_matcher_records_altered", Help: "Records that differ from the last index built whole.",
	}, func() float64 {
		set := e.acquire()
		defer set.release()
		return float64(set.altered())
	})
	rebuilt := prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "frontline_matcher_rebuilds_total", Help: "Indexes built whole in the background.",
	}, func() float64 { return float64(e.renewal.built.Load()) })
	failed := prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "frontline_matcher_rebuilds_failed_total", Help: "Builds in the background that failed; the index in use goes on.",
	}, func() float64 { return float64(e.renewal.failed.Load()) })
	processors := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: autoscale.Processors, Help: "Searches that run at a time without slowing one another.",
	}, func() float64 { return float64(runtime.GOMAXPROCS(0)) })
	m.registry.MustRegister(m.answers, m.refused, m.shed, m.late, busy, processors, m.inFlight, m.seconds, records, held, altered, rebuilt, failed,
		m.verify.answers, m.verify.seconds, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) observe(r Result) {
	m.answers.WithLabelValues(string(r.Answer.Outcome)).Inc()
	m.seconds.Observe(r.Took.Seconds())
}

// worked counts the time since a search or comparison began.
func (m *metrics) worked(began time.Time) { m.busy.Add(int64(time.Since(began))) }
