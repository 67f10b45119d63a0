// SPDX-License-Identifier: Apache-2.0

// Package binaries builds the programs of the test clusters from the pinned
// modules below hack/tools, once for each version, into the user's cache.
package binaries

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/frontline-screening/frontline/hack/cluster/internal/source"
)

// Envtest lists the programs that tests of controllers need; they run without
// root and without Linux namespaces.
var Envtest = []string{"kube-apiserver", "etcd", "kubectl"}

// ControlPlane lists the programs of a cluster without a node.
var ControlPlane = []string{"kube-apiserver", "kubectl", "kube-controller-manager", "kube-scheduler", "etcd"}

// Node lists what a node needs besides.
var Node = []string{"kubelet", "kube-proxy", "coredns"}

// Store is the folder that holds the built programs, one folder below it for
// each suite and version: kubernetes-v1.37.1/kubelet.
type Store struct {
	// Dir is the absolute path of the store.
	Dir string
	// Log receives what is being built and how long it may take.
	Log io.Writer

	root string
}

// Open returns the store in the user's cache folder (os.UserCacheDir,
// frontline/bin) for the repository around the working directory.
func Open(log io.Writer) (*Store, error) {
	root, err := source.Root()
	if err != nil {
		return nil, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("find the cache folder for built programs: %w; set HOME or XDG_CACHE_HOME", err)
	}
	return &Store{Dir: filepath.Join(cache, "frontline", "bin"), Log: log, root: root}, nil
}

// Set maps the name of a program to its absolute path.
type Set map[string]string

// task is one program that is wanted, with where it is or will be.
type task struct {
	suite   suite
	program program
	version string
	path    string
}

// Ensure returns the paths of the named programs, building those that the
// store does not hold. Two processes never build at once: the second waits.
func (s *Store) Ensure(ctx context.Context, names ...string) (Set, error) {
	tasks, err := s.tasks(names)
	if err != nil {
		return nil, err
	}
	if len(missing(tasks)) > 0 {
		if err := s.buildMissing(ctx, tasks); err != nil {
			return nil, err
		}
	}
	set := Set{}
	for _, t := range tasks {
		set[t.program.name] = t.path
	}
	return set, nil
}

// Version returns the version of a suite ("kubernetes", "etcd", "coredns").
func (s *Store) Version(name string) (string, error) {
	for _, candidate := range suites {
		if candidate.name == name {
			return candidate.version(s.root)
		}
	}
	return "", fmt.Errorf("no suite of programs is called %q", name)
}

func (s *Store) tasks(names []string) ([]task, error) {
	var tasks []task
	for _, su := range suites {
		for _, p := range su.programs {
			if !slices.Contains(names, p.name) {
				continue
			}
			version, err := su.version(s.root)
			if err != nil {
				return nil, err
			}
			path := filepath.Join(s.Dir, su.name+"-"+version, p.name)
			tasks = append(tasks, task{suite: su, program: p, version: version, path: path})
		}
	}
	if len(tasks) != len(names) {
		return nil, fmt.Errorf("programs %q are not all known to hack/tools", names)
	}
	return tasks, nil
}

func missing(tasks []task) []task {
	return slices.DeleteFunc(slices.Clone(tasks), func(t task) bool {
		info, err := os.Stat(t.path)
		return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o100 != 0
	})
}

func (s *Store) buildMissing(ctx context.Context, tasks []task) error {
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return fmt.Errorf("make the folder for built programs: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(s.Dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return fmt.Errorf("lock the folder of built programs: %w", err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		fmt.Fprintf(s.Log, "Another process is building programs into %s; waiting for it.\n", s.Dir)
		if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
			return fmt.Errorf("lock %s: %w", lock.Name(), err)
		}
	}
	absent := missing(tasks)
	if len(absent) == 0 {
		return nil
	}
	var estimate time.Duration
	for _, t := range absent {
		estimate += t.program.estimate
	}
	fmt.Fprintf(s.Log, "Building %d programs once into %s: about %s on two cores, less where Go's build cache is warm.\n",
		len(absent), s.Dir, estimate.Round(30*time.Second))
	for i, t := range absent {
		if err := s.build(ctx, t, i+1, len(absent)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) build(ctx context.Context, t task, number, of int) error {
	title := fmt.Sprintf("[%d/%d] %s %s", number, of, t.program.name, t.version)
	fmt.Fprintf(s.Log, "%s (about %s)\n", title, t.program.estimate)
	start := time.Now()
	err := goBuild(ctx, t.suite.dir(s.root), t.path, t.program.pkg, t.suite.ldflags(t.version), func() {
		fmt.Fprintf(s.Log, "%s: %s so far\n", title, time.Since(start).Round(time.Second))
	})
	if err != nil {
		return fmt.Errorf("build %s %s: %w; it needs Go and the Go module proxy", t.program.name, t.version, err)
	}
	fmt.Fprintf(s.Log, "%s: built in %s\n", title, time.Since(start).Round(time.Second))
	return nil
}

// BuildStatic builds a package of the project itself without cgo to a path.
func (s *Store) BuildStatic(ctx context.Context, pkg, path string) error {
	if err := goBuild(ctx, s.root, path, pkg, plainFlags(""), func() {}); err != nil {
		return fmt.Errorf("build %s: %w", pkg, err)
	}
	return nil
}

// progressEvery is how often a long build says that it is still at work.
const progressEvery = 20 * time.Second

// goBuild builds beside the target and renames, so that a build that was
// interrupted never passes for a finished one.
func goBuild(ctx context.Context, dir, path, pkg, ldflags string, progress func()) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	partial := filepath.Join(filepath.Dir(path), "."+filepath.Base(path))
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", ldflags, "-o", partial, pkg)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=")
	done := make(chan error, 1)
	go func() {
		output, err := cmd.CombinedOutput()
		if _, failed := errors.AsType[*exec.ExitError](err); failed {
			err = fmt.Errorf("%w: %s", err, output)
		}
		done <- err
	}()
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				return err
			}
			return os.Rename(partial, path)
		case <-ticker.C:
			progress()
		}
	}
}
