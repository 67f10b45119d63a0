// SPDX-License-Identifier: Apache-2.0

// Package process starts the programs of a cluster so that they outlive the
// command that started them, and ends exactly those again.
package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/frontline-screening/frontline/hack/cluster/internal/poll"
)

// Ref identifies a process for as long as the machine runs: its number alone
// may be given to another process later.
type Ref struct {
	PID int `json:"pid"`
	// StartTicks is when the process started, in clock ticks since boot
	// (proc_pid_stat(5), field 22).
	StartTicks uint64 `json:"startTicks"`
	// BootID is the kernel's random id of this boot.
	BootID string `json:"bootID"`
}

// Command is what to start.
type Command struct {
	// Netns is the path of the network namespace to start in.
	Netns string
	Args  []string
	// Env is added to the environment.
	Env []string
	// Log is the file that output is appended to.
	Log string
}

// Start starts a command in a session of its own, with its output in a file.
//
// It enters the network namespace by nsenter: `ip netns exec` would also
// remount /sys and hide the control groups from the kubelet.
func Start(command Command) (Ref, error) {
	name := command.Args[0]
	log, err := os.OpenFile(command.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return Ref{}, fmt.Errorf("start %s: %w", name, err)
	}
	defer log.Close()
	cmd := exec.Command("nsenter", append([]string{"--net=" + command.Netns}, command.Args...)...)
	cmd.Env = append(os.Environ(), command.Env...)
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return Ref{}, fmt.Errorf("start %s: %w", name, err)
	}
	ref, err := Identify(cmd.Process.Pid)
	// Reap the process when it ends while its starter still runs.
	go func() { _ = cmd.Wait() }()
	if err != nil {
		return Ref{}, fmt.Errorf("start %s: %w; see %s", name, err, command.Log)
	}
	return ref, nil
}

// Identify returns the reference of a running process.
func Identify(pid int) (Ref, error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return Ref{}, fmt.Errorf("identify process %d: %w", pid, err)
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Ref{}, fmt.Errorf("identify process %d: %w", pid, err)
	}
	_, ticks, err := parseStat(string(stat))
	if err != nil {
		return Ref{}, fmt.Errorf("identify process %d: %w", pid, err)
	}
	return Ref{PID: pid, StartTicks: ticks, BootID: strings.TrimSpace(string(boot))}, nil
}

// parseStat reads the state (field 3) and start time (field 22) of a process.
// The second field, the program's name in parentheses, may hold anything.
func parseStat(stat string) (state string, startTicks uint64, err error) {
	end := strings.LastIndexByte(stat, ')')
	if end < 0 {
		return "", 0, fmt.Errorf("unexpected /proc stat line %q", stat)
	}
	fields := strings.Fields(stat[end+1:])
	if len(fields) < 20 {
		return "", 0, fmt.Errorf("unexpected /proc stat line %q", stat)
	}
	startTicks, err = strconv.ParseUint(fields[19], 10, 64)
	return fields[0], startTicks, err
}

// Alive reports whether that very process still runs; one that ended and was
// not reaped yet does not.
func (r Ref) Alive() bool {
	if r.PID <= 0 {
		return false
	}
	current, err := Identify(r.PID)
	if err != nil || current != r {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.PID))
	if err != nil {
		return false
	}
	state, _, err := parseStat(string(stat))
	return err == nil && state != "Z" && state != "X"
}

// Signal sends a signal to that very process; one that has ended is no error.
func (r Ref) Signal(signal syscall.Signal) error {
	if !r.Alive() {
		return nil
	}
	if err := syscall.Kill(r.PID, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("send %s to process %d: %w", signal, r.PID, err)
	}
	return nil
}

// Kill ends the process at once, as a power cut would, and waits until it is
// gone.
func (r Ref) Kill(ctx context.Context) error {
	if err := r.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	return poll.Until(ctx, fmt.Sprintf("the end of process %d", r.PID), 5*time.Millisecond, 10*time.Second, func(context.Context) error {
		if r.Alive() {
			return errors.New("it still runs")
		}
		return nil
	})
}

// Memory returns the resident memory of a process in bytes (proc_pid_status(5),
// VmRSS), or 0 when it has ended.
func (r Ref) Memory() uint64 {
	if !r.Alive() {
		return 0
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.PID))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, "VmRSS:"); found {
			kilobytes, err := strconv.ParseUint(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			if err != nil {
				return 0
			}
			return kilobytes * 1024
		}
	}
	return 0
}

// Listens reports whether something in the process's network namespace listens
// on a TCP port, over IPv4 or IPv6 (proc_pid_net(5), tcp and tcp6).
func (r Ref) Listens(port int) bool {
	for _, table := range []string{"tcp", "tcp6"} {
		content, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", r.PID, table))
		if err == nil && listens(string(content), port) {
			return true
		}
	}
	return false
}

// listens looks in a table of sockets for one in state 0A, TCP_LISTEN, whose
// local address ends in the port, in hexadecimal.
func listens(table string, port int) bool {
	suffix := fmt.Sprintf(":%04X", port)
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) > 3 && strings.HasSuffix(fields[1], suffix) && fields[3] == "0A" {
			return true
		}
	}
	return false
}
