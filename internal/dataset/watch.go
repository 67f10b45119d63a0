// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"context"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/go-logr/logr"
)

// Watch sends on the channel it returns when something in the folders may have
// changed: at once where the kernel tells, and after every poll interval in any
// case, because a notification can be lost and some file systems send none.
// Signals that nobody has taken yet are one signal. The channel is never closed.
func Watch(ctx context.Context, poll time.Duration, folders ...string) <-chan struct{} {
	changed := make(chan struct{}, 1)
	events := notifications(ctx, folders)
	go func() {
		ticker := time.NewTicker(poll)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			case _, ok := <-events:
				if !ok {
					events = nil // the poll goes on alone
					continue
				}
			}
			select {
			case changed <- struct{}{}:
			default:
			}
		}
	}()
	return changed
}

// notifications returns the kernel's events of the folders, or nil where there are none to be had.
func notifications(ctx context.Context, folders []string) chan fsnotify.Event {
	log := logr.FromContextOrDiscard(ctx)
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		log.Info("No file notifications, polling alone", "cause", err.Error())
		return nil
	}
	for _, folder := range folders {
		if err := watcher.Add(folder); err != nil {
			log.Info("No file notifications, polling alone", "folder", folder, "cause", err.Error())
			_ = watcher.Close()
			return nil
		}
	}
	context.AfterFunc(ctx, func() { _ = watcher.Close() })
	go func() {
		for err := range watcher.Errors {
			log.V(1).Info("A file notification was lost, the poll makes up for it", "cause", err.Error())
		}
	}()
	return watcher.Events
}
