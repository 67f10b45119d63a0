// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	// look is over how long the machine's work is averaged, and idle the share of
	// it that a machine at rest leaves unused.
	look = 250 * time.Millisecond
	idle = 0.9
	// restless is when waiting for rest is given up.
	restless = time.Minute
)

// quiet waits until the machine has little to do: until indexes that outgrew
// their base are built anew, reports are written and old files are removed.
func quiet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, restless)
	defer cancel()
	for {
		unused, all, err := jiffies()
		if err != nil {
			return err
		}
		rest(ctx, look)
		if ctx.Err() != nil {
			return fmt.Errorf("the machine has other work, for %s; end it and measure again", restless)
		}
		unusedNow, allNow, err := jiffies()
		if err != nil {
			return err
		}
		if float64(unusedNow-unused) >= idle*float64(allNow-all) {
			return nil
		}
	}
}

// jiffies are the processors' unused and whole time since the machine started,
// from the first line of /proc/stat (proc_stat(5)).
func jiffies() (unused, all int64, err error) {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, err
	}
	line, _, _ := strings.Cut(string(data), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, 0, errors.New("/proc/stat does not begin with the times of all processors")
	}
	// user nice system idle iowait irq softirq steal; what follows is part of the first two.
	for i, field := range fields[1:9] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("/proc/stat: %w", err)
		}
		all += n
		if i == 3 || i == 4 {
			unused += n
		}
	}
	return unused, all, nil
}
