// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/frontline-screening/frontline/hack/replication/internal/line"
	"github.com/frontline-screening/frontline/hack/replication/internal/site"
	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/watchlist/synthetic"
)

func measureMemory(ctx context.Context, b *bench) error {
	sizes := []int{b.records, 5 * b.records}
	if b.quick {
		sizes = sizes[:1]
	}
	var errs []error
	for _, records := range sizes {
		errs = append(errs, b.memoryOf(ctx, records))
	}
	return errors.Join(errs...)
}

// memoryOf measures what a loader takes while it makes one release from another:
// its files, and what its process grows by. The process itself takes some MiB
// whatever the list is, which is stated beside.
func (b *bench) memoryOf(ctx context.Context, records int) (err error) {
	s, err := b.open(ctx, line.Loopback)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	l, err := newLists(b, records)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	if err := publish(s, l)(ctx); err != nil {
		return err
	}
	pod, err := s.AddPod(ctx, "", true)
	if err != nil {
		return err
	}
	size, err := installed(ctx, pod, s.Hub.Release(), nil)
	if err != nil {
		return err
	}
	var grown, whole, idle []float64
	for range b.count(5, 2) {
		l.edit(0.01, synthetic.Scattered)
		rest(ctx, time.Second)
		before, err := memoryNow(pod)
		if err != nil {
			return err
		}
		peak := before.sum
		if err := publish(s, l)(ctx); err != nil {
			return err
		}
		if size, err = installed(ctx, pod, s.Hub.Release(), func() error {
			now, err := memoryNow(pod)
			peak = max(peak, now.sum)
			return err
		}); err != nil {
			return err
		}
		grown = append(grown, float64(peak-before.process)/float64(size))
		whole = append(whole, float64(peak)/float64(size))
		idle = append(idle, float64(before.process)/(1<<20))
		if err := relieve(ctx, s); err != nil {
			return err
		}
	}
	promise := "loader's memory while patching"
	of := fmt.Sprintf("%d records, snapshot of %.1f MiB", records, float64(size)/(1<<20))
	b.add(row{Promise: promise, Measure: of + ", files and what the process grows by", Unit: "times the snapshot", Judged: "max", Limit: 2.2}, grown...)
	b.add(row{Promise: promise, Measure: of + ", with the process as it stands", Unit: "times the snapshot"}, whole...)
	b.add(row{Promise: promise, Measure: of + ", the process as it stands", Unit: "MiB"}, idle...)
	return nil
}

// installed waits until the loader has installed a release, acknowledges it as
// an engine does, and returns the size of its content.
func installed(ctx context.Context, pod *site.Pod, release int64, meanwhile func() error) (int64, error) {
	dir := dataset.OpenDir(pod.Config.Data())
	for {
		if meanwhile != nil {
			if err := meanwhile(); err != nil {
				return 0, err
			}
		}
		set, digest, err := dir.Current()
		if err == nil && len(set.Feeds) == 1 && set.Feeds[0].State == dataset.Serve && set.Feeds[0].Release == release {
			return set.Feeds[0].Size, dataset.WriteAck(pod.Config.Acks(), dataset.Ack{Set: digest, Feeds: map[string]int64{site.Feed: release}})
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
		rest(ctx, time.Millisecond)
		if ctx.Err() != nil {
			return 0, fmt.Errorf("the loader did not install release %d: %w", release, ctx.Err())
		}
	}
}

// taken is memory in bytes: what a process has for itself alone, and files in memory.
type taken struct{ process, files, sum int64 }

// memoryNow reads what the pod takes. Files that the process maps are counted
// once, as files.
func memoryNow(pod *site.Pod) (taken, error) {
	var t taken
	anonymous, err := statusOf(pod.Pid(), "RssAnon")
	if err != nil {
		return t, err
	}
	t.process = anonymous
	err = filepath.WalkDir(pod.Config.Dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return ignoreGone(err)
		}
		info, err := entry.Info()
		if err != nil {
			return ignoreGone(err)
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			t.files += stat.Blocks * 512
		}
		return nil
	})
	t.sum = t.process + t.files
	return t, err
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// statusOf reads a size of proc_pid_status(5), in bytes.
func statusOf(pid int, field string) (int64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), field+":"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(text, "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("process %d has no %s; this needs Linux", pid, field)
}
