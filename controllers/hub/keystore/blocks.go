// SPDX-License-Identifier: Apache-2.0

package keystore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/block"
	"github.com/frontline-screening/frontline/internal/feedkey"
)

const blocksFile = "blocks.json"

// Blocks are the records of a feed that are blocked until somebody lifts it.
// They stand in the feed's Secret, so that deleting a request lifts nothing.
type Blocks struct {
	// Version rises by one with each change of Records, from 1; it is zero while
	// nothing was ever blocked.
	Version int64 `json:"version"`
	// Records are carried to matchers by an overlay: keyed hashes, ascending.
	Records []string `json:"records"`
	// Overflow are those that the overlay has no room for. They are left out of
	// the next release.
	Overflow []string `json:"overflow,omitempty"`
}

// Has reports whether the record is blocked, by overlay or by release.
func (b Blocks) Has(record string) bool {
	return slices.Contains(b.Records, record) || slices.Contains(b.Overflow, record)
}

// Overlay is what matchers are told.
func (f Feed) Overlay(feed string) ([]byte, error) {
	return block.Encode(block.Overlay{Feed: feed, Version: f.Blocks.Version, Key: f.Key.RecordKey(), Records: f.Blocks.Records})
}

// Block blocks a record and returns the feed as it then stands. Blocking what is
// blocked changes nothing.
func (s *Store) Block(ctx context.Context, feed screeningv1.FeedID, record string) (Feed, error) {
	if !feedkey.IsRecordHash(record) {
		return Feed{}, fmt.Errorf("block a record of feed %s: it is not named by a keyed hash", feed)
	}
	return s.changeBlocks(ctx, feed, func(f *Feed) (bool, error) {
		if f.Blocks.Has(record) {
			return false, nil
		}
		next := *f
		next.Blocks.Version++
		next.Blocks.Records = insert(f.Blocks.Records, record)
		if _, err := next.Overlay(string(feed)); err == nil {
			f.Blocks = next.Blocks
			return true, nil
		} else if !errors.Is(err, block.ErrTooLarge) {
			return false, err
		}
		f.Blocks.Overflow = insert(f.Blocks.Overflow, record)
		return true, nil
	})
}

// Unblock lifts a block and returns the feed as it then stands. Lifting what is
// not blocked changes nothing.
func (s *Store) Unblock(ctx context.Context, feed screeningv1.FeedID, record string) (Feed, error) {
	same := func(r string) bool { return r == record }
	return s.changeBlocks(ctx, feed, func(f *Feed) (bool, error) {
		if !f.Blocks.Has(record) {
			return false, nil
		}
		if slices.Contains(f.Blocks.Records, record) {
			f.Blocks.Version++
			f.Blocks.Records = slices.DeleteFunc(slices.Clone(f.Blocks.Records), same)
		}
		f.Blocks.Overflow = slices.DeleteFunc(slices.Clone(f.Blocks.Overflow), same)
		return true, nil
	})
}

// AdoptBlocks takes up the blocks of an order that was published after this
// store was last saved: what was blocked stays blocked. Records are nil when
// that overlay cannot be read any more; then its version is passed over.
func (s *Store) AdoptBlocks(ctx context.Context, feed screeningv1.FeedID, version int64, records []string) error {
	_, err := s.changeBlocks(ctx, feed, func(f *Feed) (bool, error) {
		switch {
		case f.Blocks.Version >= version:
			return false, nil
		case records == nil:
			f.Blocks.Version = version + 1
		default:
			f.Blocks.Version, f.Blocks.Records = version, records
		}
		return true, nil
	})
	return err
}

// changeBlocks edits the blocks of a feed, and writes nothing when edit says so.
func (s *Store) changeBlocks(ctx context.Context, feed screeningv1.FeedID, edit func(*Feed) (bool, error)) (Feed, error) {
	known, err := s.Feed(ctx, feed)
	if err != nil {
		return Feed{}, err
	}
	attempt := known
	if changed, err := edit(&attempt); err != nil || !changed {
		return known, err
	}
	return s.change(ctx, feed, func(f *Feed) error {
		_, err := edit(f)
		return err
	})
}

func insert(list []string, record string) []string {
	at, found := slices.BinarySearch(list, record)
	if found {
		return list
	}
	return slices.Insert(slices.Clone(list), at, record)
}

// readBlocks reads the blocks of a feed's Secret.
func readBlocks(secret *corev1.Secret) (Blocks, error) {
	var out Blocks
	data := secret.Data[blocksFile]
	if len(data) == 0 {
		return out, nil
	}
	if err := json.Unmarshal(data, &out); err != nil || out.Version < 0 || !slices.IsSorted(out.Records) || !slices.IsSorted(out.Overflow) {
		return out, fmt.Errorf("%s is damaged", blocksFile)
	}
	for _, record := range slices.Concat(out.Records, out.Overflow) {
		if !feedkey.IsRecordHash(record) {
			return out, fmt.Errorf("%s is damaged", blocksFile)
		}
	}
	return out, nil
}
