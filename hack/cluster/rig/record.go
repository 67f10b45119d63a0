// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/frontline-screening/frontline/hack/cluster/internal/process"
	"github.com/frontline-screening/frontline/hack/cluster/internal/render"
)

// recordFile holds a record inside a cluster's folder.
const recordFile = "cluster.json"

// record is what the rig wrote down about one cluster. It is stored before
// anything it names is made, so that a crash leaves nothing unknown.
type record struct {
	Layout render.Layout `json:"layout"`
	// ID names the cluster's network namespace, control group and run folder.
	ID      string `json:"id"`
	NoNodes bool   `json:"noNodes"`
	// Ready is set once the cluster came up whole.
	Ready      bool        `json:"ready"`
	Programs   programs    `json:"programs"`
	Components []component `json:"components"`

	// mu guards Components and the file while parts of the cluster start side
	// by side.
	mu sync.Mutex
}

// programs maps the names of built programs to their paths.
type programs map[string]string

// component is one program of the cluster.
type component struct {
	Name string      `json:"name"`
	Ref  process.Ref `json:"process"`
	// Stopped is set while StopComponent keeps it down.
	Stopped bool `json:"stopped,omitempty"`
}

func (r *record) component(name string) (*component, error) {
	for i := range r.Components {
		if r.Components[i].Name == name {
			return &r.Components[i], nil
		}
	}
	return nil, fmt.Errorf("cluster %s has no component %s", r.Layout.Name, name)
}

// setProcess writes down which process a component is.
func (r *record) setProcess(name string, ref process.Ref) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if existing, err := r.component(name); err == nil {
		existing.Ref = ref
	} else {
		r.Components = append(r.Components, component{Name: name, Ref: ref})
	}
	return r.write()
}

// process returns which process a component is; the zero Ref for one that was
// not started yet.
func (r *record) process(name string) process.Ref {
	r.mu.Lock()
	defer r.mu.Unlock()
	if existing, err := r.component(name); err == nil {
		return existing.Ref
	}
	return process.Ref{}
}

// healthy reports whether the cluster came up and everything that should run
// does.
func (r *record) healthy() bool {
	if !r.Ready {
		return false
	}
	for _, c := range r.Components {
		if !c.Stopped && !c.Ref.Alive() {
			return false
		}
	}
	return true
}

func readRecord(dir string) (*record, error) {
	content, err := os.ReadFile(filepath.Join(dir, recordFile))
	if err != nil {
		return nil, fmt.Errorf("read the record of cluster %s: %w", filepath.Base(dir), err)
	}
	var r record
	if err := json.Unmarshal(content, &r); err != nil {
		return nil, fmt.Errorf("read the record of cluster %s: %s: %w", filepath.Base(dir), recordFile, err)
	}
	return &r, nil
}

func (r *record) write() error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("store the record of cluster %s: %w", r.Layout.Name, err)
	}
	path := filepath.Join(r.Layout.Dir, recordFile)
	if err := os.WriteFile(path+".partial", content, 0o600); err != nil {
		return fmt.Errorf("store the record of cluster %s: %w", r.Layout.Name, err)
	}
	return os.Rename(path+".partial", path)
}

// readRecords reads the record of every cluster below a state folder; a folder
// that does not exist holds none.
func readRecords(state string) ([]*record, error) {
	paths, err := filepath.Glob(filepath.Join(state, "*", recordFile))
	if err != nil {
		return nil, fmt.Errorf("list clusters in %s: %w", state, err)
	}
	var records []*record
	for _, path := range paths {
		r, err := readRecord(filepath.Dir(path))
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}

// lock keeps other processes from changing what lies at path, until the
// returned function is called.
func lock(path string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	for {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}
	// Closing gives the lock back; there is nothing in the file to lose.
	return func() { _ = file.Close() }, nil
}

// lockState serialises what brings clusters of one state folder up and down.
func lockState(state string) (func(), error) { return lock(filepath.Join(state, ".lock")) }
