// SPDX-License-Identifier: Apache-2.0

package depot

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// TestMakeOutlivesWhoGaveUp: who waited for work that another gave up does it.
func TestMakeOutlivesWhoGaveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, err := New(nil, nil, filepath.Join(t.TempDir(), "depot"))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(d.dir, "a")
		first, giveUp := context.WithCancel(t.Context())
		begun := make(chan struct{})
		gaveUp := make(chan error, 1)
		go func() {
			gaveUp <- d.make(first, "feed", path, func() error {
				close(begun)
				<-first.Done()
				return first.Err()
			})
		}()
		<-begun
		waited := make(chan error, 1)
		go func() {
			waited <- d.make(t.Context(), "feed", path, func() error { return os.WriteFile(path, nil, 0o600) })
		}()
		synctest.Wait()
		giveUp()
		if err := <-gaveUp; !errors.Is(err, context.Canceled) {
			t.Errorf("who gave up was told %v", err)
		}
		if err := <-waited; err != nil {
			t.Errorf("who waited was told %v", err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
		d.Forget("feed")
		d.idle.Stop()
	})
}

// TestPlainFilesGo: what nobody asks for any more goes by itself, with what is
// known of it, and what is asked for stays.
func TestPlainFilesGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, err := New(nil, nil, filepath.Join(t.TempDir(), "depot"))
		if err != nil {
			t.Fatal(err)
		}
		want := func(names ...string) {
			t.Helper()
			synctest.Wait()
			entries, err := os.ReadDir(d.dir)
			if err != nil || len(entries) != len(names) || len(d.variants) != len(names) {
				t.Fatalf("%d files, %d variants known, %v; want %v", len(entries), len(d.variants), err, names)
			}
			for i, e := range entries {
				if e.Name() != names[i] {
					t.Errorf("file %s, want %s", e.Name(), names[i])
				}
			}
		}
		for _, name := range []string{"a", "b"} {
			path := filepath.Join(d.dir, name)
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			d.variants[path] = variant{path: path}
			d.used("feed "+name, name)
		}
		want("a", "b")
		time.Sleep(keepFor / 2)
		d.used("feed b", "b")
		time.Sleep(keepFor / 2)
		d.used("feed b", "b")
		want("b")
		time.Sleep(keepFor)
		want()
		if len(d.plain) > 0 {
			t.Errorf("still noted: %v", d.plain)
		}
	})
}
