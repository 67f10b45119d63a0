// SPDX-License-Identifier: Apache-2.0

package loader

import (
	"context"
	"errors"
	"io/fs"
	"reflect"
	"time"

	"github.com/go-logr/logr"

	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/level"
)

// acknowledge passes on what the engine serves, and why the target is not
// there in full, whenever either changes and every Repeat besides.
func (l *Loader) acknowledge(ctx context.Context) {
	log := logr.FromContextOrDiscard(ctx)
	changed := dataset.Watch(ctx, l.o.Poll, l.o.Ack)
	pause := l.backoff()
	again := time.NewTimer(0)
	defer again.Stop()
	var told dataset.Ack
	force, failing := true, false
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-l.acks:
			force = true
		case <-again.C:
			force = true
		}
		ack, err := l.ack()
		if err != nil {
			log.Error(err, "The engine's acknowledgement cannot be read")
			continue
		}
		if err := l.collect(); err != nil {
			log.Error(err, "Old content stays on disk")
		}
		if !force && reflect.DeepEqual(ack, told) {
			continue
		}
		force = false
		if err := l.o.Agent.Ack(ctx, dataset.PodAck{Pod: l.o.Pod, Ack: ack}); err != nil {
			if !failing && ctx.Err() == nil {
				log.Info("The agent was not told what is served", "cause", err.Error())
			}
			failing = true
			again.Reset(pause.NextBackOff())
			continue
		}
		told, failing = ack, false
		pause.Reset()
		again.Reset(l.o.Repeat)
	}
}

// ack is the engine's acknowledgement, completed by what the loader reads and
// by its own refusal.
func (l *Loader) ack() (dataset.Ack, error) {
	ack, err := dataset.ReadAck(l.o.Ack)
	if err != nil {
		return ack, err
	}
	ack.Level = level.Known
	l.mu.Lock()
	defer l.mu.Unlock()
	if ack.Error == "" && l.refusal != "" {
		ack.Refused, ack.Error = l.digest, l.refusal
	}
	return ack, nil
}

// collect removes what neither the engine nor the current set nor the target
// uses. Before the engine has acknowledged anything it may be opening any of them.
func (l *Loader) collect() error {
	l.files.Lock()
	defer l.files.Unlock()
	ack, err := dataset.ReadAck(l.o.Ack)
	if err != nil || ack.Set == "" {
		return err
	}
	err = l.o.Dir.Collect(ack.Set, l.wanted()...)
	if errors.Is(err, fs.ErrNotExist) {
		// The acknowledgement is of a directory that is no more: the next one is of this.
		return nil
	}
	return err
}

// wanted lists the contents and overlays of the target: they are there, or on
// their way.
func (l *Loader) wanted() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var contents []string
	if l.target != nil {
		for _, f := range l.target.Set.Feeds {
			if f.State == dataset.Serve {
				contents = append(contents, f.Content)
				if f.Blocks != "" {
					contents = append(contents, f.Blocks)
				}
			}
		}
	}
	return contents
}
