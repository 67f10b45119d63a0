// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Priorities as of nice(1).
const (
	hasty   = -10
	yielded = 15
)

// hasten gives this process the CPU before the child, so that requests are sent when
// they are due: where it may, by its own priority, else by the child's, which then ends
// when undo is called. The sentence says which.
func (b *bench) hasten(p *process) (sentence string, undo func() error, err error) {
	if err := prioritise(os.Getpid(), hasty); err == nil {
		return "requests are sent with a higher priority than the server has", func() error { return prioritise(os.Getpid(), 0) }, nil
	}
	// What was raised before it was refused goes back, which everybody may do.
	err = errors.Join(prioritise(os.Getpid(), 0), prioritise(p.cmd.Process.Pid, yielded))
	return "the server has a lower priority than all else on the machine, since the harness may not raise its own", b.stopServing, err
}

// prioritise sets the priority of all threads of a process; later ones have that of the
// thread that makes them.
func prioritise(pid, nice int) error {
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return err
	}
	for _, task := range tasks {
		thread, err := strconv.Atoi(task.Name())
		if err != nil {
			return err
		}
		if err := unix.Setpriority(unix.PRIO_PROCESS, thread, nice); err != nil && !errors.Is(err, unix.ESRCH) {
			return err
		}
	}
	return nil
}

// processorTime is what CPU time this process has had.
func processorTime() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
