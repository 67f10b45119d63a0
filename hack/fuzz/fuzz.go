// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// heap is what Go's collector is told to stay within; address, in KiB, is
	// where the kernel ends what runs away. Go reserves more than it uses.
	heap    = "1GiB"
	address = 6 << 20
	// grace is how long a target may take beyond its time to start, to shrink
	// what failed and to end.
	grace = 90 * time.Second
)

// builder builds the test binary of a package once, instrumented for fuzzing.
type builder struct {
	folder string
	mu     sync.Mutex
	built  map[string]func() (string, error)
}

func (b *builder) build(ctx context.Context, folder string) (string, error) {
	b.mu.Lock()
	once := b.built[folder]
	if once == nil {
		once = sync.OnceValues(func() (string, error) {
			binary := filepath.Join(b.folder, strings.ReplaceAll(folder, "/", "-")+".test")
			out, err := exec.CommandContext(ctx, "go", "test", "-c", "-fuzz=.", "-o", binary, "./"+folder).CombinedOutput()
			if err != nil {
				return "", fmt.Errorf("build: %w\n%s", err, out)
			}
			return binary, nil
		})
		if b.built == nil {
			b.built = map[string]func() (string, error){}
		}
		b.built[folder] = once
	}
	b.mu.Unlock()
	return once()
}

// result is what became of a target.
type result struct {
	target
	executions, interesting int64
	took                    time.Duration
	err                     error
	// output is what a target that failed printed, crasher the file it wrote.
	output, crasher string
}

// fuzz runs one target on one processor within bounded memory.
func fuzz(ctx context.Context, binary string, t target, each time.Duration) result {
	ctx, cancel := context.WithTimeout(ctx, each+grace)
	defer cancel()
	cache, err := os.UserCacheDir()
	if err != nil {
		return result{target: t, err: err}
	}
	script := `ulimit -v "$1"; shift; exec "$@"`
	cmd := exec.CommandContext(ctx, "bash", "-c", script, "fuzz", strconv.Itoa(address), binary,
		"-test.run=^$", "-test.fuzz=^"+t.name+"$", "-test.fuzztime="+(each+grace).String(), "-test.fuzzminimizetime=5x",
		"-test.parallel=1", "-test.fuzzcachedir="+filepath.Join(cache, "frontline-fuzz", t.folder))
	cmd.Dir = filepath.FromSlash(t.folder)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=2", "GOMEMLIMIT="+heap)
	// The target's workers end with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	started := time.Now()
	out, err := interrupted(cmd, each)
	r := parse(t, string(out), err)
	r.took = time.Since(started)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		r.err = fmt.Errorf("did not end %s after its time: an input keeps it busy", grace)
	}
	return r
}

// interrupted runs cmd, asks it to end after a time, and returns what it printed.
// An interrupt, and not -fuzztime: a run that meets the deadline of the latter may
// fail with "context deadline exceeded" and no finding, where the coordinator of
// the Go tool reads its context before the end has reached the context below it.
// That time is longer, and ends what outlives this process.
func interrupted(cmd *exec.Cmd, after time.Duration) ([]byte, error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	end := time.AfterFunc(after, func() { _ = cmd.Process.Signal(os.Interrupt) })
	defer end.Stop()
	err := cmd.Wait()
	return out.Bytes(), err
}

var (
	progress = regexp.MustCompile(`execs: (\d+) .*new interesting: (\d+)`)
	written  = regexp.MustCompile(`Failing input written to (\S+)`)
)

// parse reads what a run of the Go tool's fuzzing printed.
func parse(t target, output string, err error) result {
	r := result{target: t, err: err}
	for _, m := range progress.FindAllStringSubmatch(output, -1) {
		r.executions, _ = strconv.ParseInt(m[1], 10, 64)
		r.interesting, _ = strconv.ParseInt(m[2], 10, 64)
	}
	if m := written.FindStringSubmatch(output); m != nil {
		r.crasher = filepath.ToSlash(filepath.Join(t.folder, m[1]))
	}
	switch {
	case err != nil:
		r.output = output
	case r.executions == 0:
		r.err = errors.New("ran nothing")
		r.output = output
	}
	return r
}
