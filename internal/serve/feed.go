// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/frontline-screening/frontline/internal/block"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/matcher"
	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/snapshot"
)

// open maps what the set needs and the engine has not. On an error nothing stays open.
func (k *Keeper) open(set dataset.Set) (feeds []matcher.Feed, err error) {
	defer func() {
		if err == nil {
			return
		}
		for _, f := range feeds {
			if f.Snapshot != nil {
				_ = f.Snapshot.Close()
			}
		}
	}()
	mapped := map[string]bool{}
	for _, f := range k.set.Feeds {
		if f.State == dataset.Serve {
			mapped[f.Content] = true
		}
	}
	for _, f := range set.Feeds {
		feed, err := convert(f)
		if err == nil && f.State == dataset.Serve {
			feed.Blocks, err = k.overlay(f)
		}
		if err == nil && f.State == dataset.Serve && !mapped[f.Content] {
			feed.Snapshot, err = k.content(f)
		}
		feeds = append(feeds, feed)
		if err != nil {
			return feeds, fmt.Errorf("feed %s, release %d: %w", f.ID, f.Release, err)
		}
	}
	return feeds, nil
}

// content maps a feed's blob and proves that it is what the set names: the
// loader checked what it wrote, this checks what is searched.
func (k *Keeper) content(f dataset.Feed) (*snapshot.Snapshot, error) {
	s, err := snapshot.Open(k.o.Dir.BlobPath(f.Content))
	if err != nil {
		return nil, err
	}
	if err := s.Verify(f.Content); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// overlay reads the feed's blocked records; nil if it has none. Where they cannot be
// read the set is refused: the old one, with its own overlay, brings back no record
// that was blocked.
func (k *Keeper) overlay(f dataset.Feed) (*block.Overlay, error) {
	if f.Blocks == "" {
		return nil, nil //nolint:nilnil // nothing is blocked
	}
	file, err := os.Open(k.o.Dir.BlobPath(f.Blocks))
	if err != nil {
		return nil, fmt.Errorf("overlay: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, block.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("overlay: %w", err)
	}
	if got := canonical.Digest(data); got != f.Blocks {
		return nil, fmt.Errorf("overlay %s: its bytes are those of %s; fetch it again", f.Blocks, got)
	}
	o, err := block.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("overlay %s: %w", f.Blocks, err)
	}
	return &o, nil
}

// convert reads a feed of a set as the engine takes it. A date or limit that
// cannot be read refuses the set: to search past a legal basis by mistake is
// worse than to go on with the old set.
func convert(f dataset.Feed) (matcher.Feed, error) {
	feed := matcher.Feed{
		ID: f.ID, Version: f.Release, Digest: f.Content,
		Grade: screen.Grade(f.Grade), Nature: screen.Nature(f.Nature),
		Mark: time.Duration(f.MarkSeconds) * time.Second,
		Stop: time.Duration(f.StopSeconds) * time.Second,
	}
	for _, p := range f.Purposes {
		feed.Purposes = append(feed.Purposes, screen.Purpose(p))
	}
	switch {
	case f.State == dataset.Unavailable && f.Reason != "":
		feed.Unavailable = screen.Reason(f.Reason)
		return feed, nil
	case f.State != dataset.Serve:
		return feed, fmt.Errorf("state %q with reason %q is not of the contract; loader and engine differ in version", f.State, f.Reason)
	}
	var err error
	if feed.ListDate, err = date(f.ListDate); err != nil {
		return feed, fmt.Errorf("list date: %w", err)
	}
	if feed.ValidUntil, err = date(f.ValidUntil); err != nil {
		return feed, fmt.Errorf("end of the legal basis: %w", err)
	}
	return feed, nil
}

// date reads an RFC 3339 time or full date (the first instant of the day in UTC); empty is no date.
func date(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	return t.UTC(), err
}
