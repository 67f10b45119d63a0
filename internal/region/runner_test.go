// SPDX-License-Identifier: Apache-2.0

package region

import (
	"testing"
	"time"

	"github.com/go-logr/logr"
)

// TestOverdueAuditWaits: an audit whose time has come while something is pulled
// waits for the end of it, and is not asked for again and again until then.
func TestOverdueAuditWaits(t *testing.T) {
	store, err := OpenStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r, err := New("north", store, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewReplicator(r, nil, nil, logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	run := &runner{
		p: p, running: map[string]*running{"intl.un-sc": {key: "pull", cancel: func() {}}}, pauses: map[string]pausing{},
		done: make(chan ended), audit: time.Now().Add(-time.Minute),
	}
	if wait := run.start(t.Context()); wait < time.Minute {
		t.Errorf("it looks again after %s although nothing can begin before the end of what runs", wait)
	}
	if len(run.running) != 1 {
		t.Errorf("%d jobs run, want the one that ran", len(run.running))
	}
	clear(run.running)
	run.audit = time.Now().Add(time.Second)
	if wait := run.start(t.Context()); wait > time.Second || len(run.running) > 0 {
		t.Errorf("it looks again after %s, want when the audit is due", wait)
	}
}
