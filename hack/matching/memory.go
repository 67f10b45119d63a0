// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
)

// memory is what a process takes, in bytes.
type memory struct {
	// Resident is VmRSS, the sum of Anonymous (RssAnon), File (RssFile, pages of the
	// snapshot and of the program) and shared pages, which there are none of. Peak is
	// VmHWM. See proc_pid_status(5).
	Resident  float64 `json:"resident"`
	Anonymous float64 `json:"anonymous"`
	File      float64 `json:"file"`
	Peak      float64 `json:"peak"`
	// Heap is Go's heap in use, garbage included.
	Heap float64 `json:"heap"`
}

// memoryNow is that of this process. The kernel counts some pages late, which is some
// hundred KiB.
func memoryNow() memory {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	status := func(name string) float64 {
		kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(field("/proc/self/status", name), "kB")), 64)
		if err != nil {
			return 0
		}
		return kib * 1024
	}
	return memory{
		Resident: status("VmRSS"), Anonymous: status("RssAnon"), File: status("RssFile"), Peak: status("VmHWM"),
		Heap: float64(stats.HeapInuse),
	}
}

// parts says what the bytes of an entity are made of.
func (m memory) parts(entities float64) string {
	return fmt.Sprintf("anonymous %s, of files %s, Go's heap in use %s B", number(m.Anonymous/entities), number(m.File/entities), number(m.Heap/entities))
}

// measureReady: from a snapshot to the first answer, in a process of its own.
func measureReady(ctx context.Context, b *bench) error {
	times := b.count(3, 1)
	var seconds []float64
	for range times {
		if err := b.stopServing(); err != nil {
			return err
		}
		p, err := b.served(ctx)
		if err != nil {
			return err
		}
		seconds = append(seconds, p.ready.Seconds)
	}
	f := quantile(fmt.Sprintf("snapshot to ready, %d people", b.entities), "s", 0.5, seconds)
	f.Low, f.High = seconds[0], seconds[len(seconds)-1]
	b.add(f.atMost(10).aim(3).noted("median and spread; the file is in the page cache"))
	return nil
}

// searchesOfMemory is after how many queries memory is measured.
const searchesOfMemory = 5000

// measureMemory: what a process takes that serves the list, all included.
func measureMemory(ctx context.Context, b *bench) error {
	if b.serving != nil && b.serving.used {
		if err := b.stopServing(); err != nil {
			return err
		}
	}
	p, err := b.served(ctx)
	if err != nil {
		return err
	}
	searches := b.count(searchesOfMemory, 200)
	if _, err := p.do(order{Search: &searchOrder{N: searches}}); err != nil {
		return err
	}
	if p, err = b.rested(ctx); err != nil {
		return err
	}
	after, err := p.do(order{Memory: true})
	if err != nil {
		return err
	}
	n := float64(b.entities)
	for _, m := range []struct {
		when string
		memory
	}{{"once ready", p.ready.Memory}, {fmt.Sprintf("after %d queries", searches), *after.Memory}} {
		b.add(single("resident memory for each entity, "+m.when, "B", m.Resident/n, b.entities).atMost(900).aim(600).noted("%s", m.parts(n)))
	}
	b.add(single("the most resident memory for each entity, while getting ready too", "B", after.Memory.Peak/n, b.entities))
	return nil
}
