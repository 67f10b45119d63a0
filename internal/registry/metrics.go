// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/frontline-screening/frontline/internal/garbage"
)

// usageAge is how old the figures of bytes and blobs may be.
const usageAge = 30 * time.Second

// counts are what a registry knows of itself.
type counts struct {
	refusedFull atomic.Int64

	mu                           sync.Mutex
	lastRun                      time.Time // that ended well
	runs, failures               int64
	blobsCollected, bytesRemoved int64
	usage                        Usage
	usageAt                      time.Time
}

// Usage is what a registry holds.
type Usage struct{ Blobs, Bytes int64 }

func (c *counts) collected(result garbage.Collected, err error, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.runs++
	c.blobsCollected += result.Blobs
	c.bytesRemoved += result.Bytes
	if err != nil {
		c.failures++
		return
	}
	c.lastRun = now
	c.usage, c.usageAt = Usage{Blobs: result.BlobsLeft, Bytes: result.BytesLeft}, now
}

// Usage counts what the registry holds, at most half a minute ago.
func (s *Server) Usage() (Usage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now().Sub(s.usageAt) < usageAge {
		return s.usage, nil
	}
	var u Usage
	err := newLayout(s.root).forBlobs(func(_ digest.Digest, size int64, _ time.Time) error {
		if size >= 0 {
			u.Blobs++
			u.Bytes += size
		}
		return nil
	})
	if err == nil {
		s.usage, s.usageAt = u, s.now()
	}
	return u, err
}

var (
	bytesDesc   = prometheus.NewDesc("frontline_registry_bytes", "Bytes of all blobs held.", nil, nil)
	blobsDesc   = prometheus.NewDesc("frontline_registry_blobs", "Blobs held, manifests included.", nil, nil)
	freeDesc    = prometheus.NewDesc("frontline_registry_free_bytes", "Bytes free on the volume.", nil, nil)
	lastDesc    = prometheus.NewDesc("frontline_registry_last_collection_timestamp_seconds", "When the last collection that succeeded ended; 0 before the first.", nil, nil)
	runsDesc    = prometheus.NewDesc("frontline_registry_collections_total", "Collections, those that failed included.", nil, nil)
	failedDesc  = prometheus.NewDesc("frontline_registry_collection_failures_total", "Collections that failed.", nil, nil)
	goneDesc    = prometheus.NewDesc("frontline_registry_collected_blobs_total", "Blobs removed by collections.", nil, nil)
	removedDesc = prometheus.NewDesc("frontline_registry_collected_bytes_total", "Bytes removed by collections.", nil, nil)
	fullDesc    = prometheus.NewDesc("frontline_registry_refused_full_total", "Changes refused because the volume is full.", nil, nil)
)

func (s *Server) describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{bytesDesc, blobsDesc, freeDesc, lastDesc, runsDesc, failedDesc, goneDesc, removedDesc, fullDesc} {
		descs <- d
	}
}

func (s *Server) collectMetrics(metrics chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64) {
		metrics <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value)
	}
	counter := func(d *prometheus.Desc, value int64) {
		metrics <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value))
	}
	if u, err := s.Usage(); err == nil {
		gauge(bytesDesc, float64(u.Bytes))
		gauge(blobsDesc, float64(u.Blobs))
	}
	if free, err := s.free(s.root); err == nil {
		gauge(freeDesc, float64(free))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	last := 0.0
	if !s.lastRun.IsZero() {
		last = float64(s.lastRun.Unix())
	}
	gauge(lastDesc, last)
	counter(runsDesc, s.runs)
	counter(failedDesc, s.failures)
	counter(goneDesc, s.blobsCollected)
	counter(removedDesc, s.bytesRemoved)
	counter(fullDesc, s.refusedFull.Load())
}

// Metrics are the registry's numbers for a Prometheus registry.
func (s *Server) Metrics() prometheus.Collector { return metrics{s} }

type metrics struct{ server *Server }

// Describe implements prometheus.Collector.
func (m metrics) Describe(descs chan<- *prometheus.Desc) { m.server.describe(descs) }

// Collect implements prometheus.Collector.
func (m metrics) Collect(out chan<- prometheus.Metric) { m.server.collectMetrics(out) }
