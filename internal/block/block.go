// SPDX-License-Identifier: Apache-2.0

// Package block is the overlay that takes single records of a feed out of every
// search before a new release can: the hub writes it, matchers apply it in memory.
//
// An overlay names its records by their keyed hash (package feedkey) and carries the
// key, so that a matcher finds them among the ids it holds. It therefore travels
// encrypted alone. Encoded it is one canonical JSON document:
//
//	{"feed":ID,"format":"frontline.blocks/v1","key":BASE64,"records":[HASH…],"version":N}
package block

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/feedkey"
)

const (
	// Format names the document.
	Format = "frontline.blocks/v1"
	// MaxBytes is the largest overlay. A feed that blocks more needs a new release.
	MaxBytes = 64 << 10
	// MaxFeedBytes is the longest id of a feed.
	MaxFeedBytes = 317
)

// ErrTooLarge is wrapped when an overlay is longer than MaxBytes.
var ErrTooLarge = errors.New("overlay is larger than 64 KiB")

// Overlay is the blocked records of one feed.
type Overlay struct {
	// Feed is the feed's id, NAMESPACE.NAME.
	Feed string
	// Version rises with every change of the feed's blocks, from 1.
	Version int64
	// Key is what Records are hashed with.
	Key feedkey.RecordKey
	// Records are the blocked records' hashes, ascending, each once. None is an overlay
	// that blocks nothing.
	Records []string
}

type document struct {
	Format  string   `json:"format"`
	Feed    string   `json:"feed"`
	Version int64    `json:"version"`
	Key     string   `json:"key"`
	Records []string `json:"records"`
}

// Encode returns the overlay's bytes, its records sorted and each written once. The
// error wraps ErrTooLarge when a new release is the way to leave these records out.
func Encode(o Overlay) ([]byte, error) {
	records := append([]string{}, o.Records...)
	slices.Sort(records)
	o.Records = slices.Compact(records)
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("blocks of feed %s: %w", o.Feed, err)
	}
	data, err := canonical.Marshal(document{Format: Format, Feed: o.Feed, Version: o.Version, Key: o.Key.Text(), Records: o.Records})
	if err != nil {
		return nil, fmt.Errorf("blocks of feed %s: %w", o.Feed, err)
	}
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("blocks of feed %s: %w with %d records; publish a release without them", o.Feed, ErrTooLarge, len(o.Records))
	}
	return data, nil
}

// Decode reads an overlay. It takes exactly the bytes that Encode writes: any other
// spelling of the same content is refused. Errors quote nothing of the input.
func Decode(data []byte) (Overlay, error) {
	if len(data) > MaxBytes {
		return Overlay{}, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(data))
	}
	var d document
	if canonical.UnmarshalStrict(data, &d) != nil {
		return Overlay{}, errors.New("overlay is no document of the fields format, feed, version, key and records; fetch it again")
	}
	if d.Format != Format {
		return Overlay{}, fmt.Errorf("overlay is not of the format %s; hub and region differ in version", Format)
	}
	key, err := feedkey.ParseRecordKey(d.Key)
	if err != nil {
		return Overlay{}, fmt.Errorf("overlay: %w", err)
	}
	o := Overlay{Feed: d.Feed, Version: d.Version, Key: key, Records: d.Records}
	if err := o.check(); err != nil {
		return Overlay{}, fmt.Errorf("overlay: %w", err)
	}
	if again, err := Encode(o); err != nil || !bytes.Equal(again, data) {
		return Overlay{}, errors.New("overlay is not in canonical form: records ascend and stand once, keys are sorted, no space; the hub that wrote it differs in version")
	}
	return o, nil
}

func (o *Overlay) check() error {
	switch {
	case o.Feed == "" || len(o.Feed) > MaxFeedBytes:
		return fmt.Errorf("a feed's id has 1 to %d bytes", MaxFeedBytes)
	case o.Version < 1:
		return errors.New("versions start at 1")
	}
	for i, r := range o.Records {
		if !feedkey.IsRecordHash(r) {
			return fmt.Errorf("record %d is no keyed hash of a record's id", i+1)
		}
	}
	return nil
}

// Blocks reports whether the record of the id is blocked. A nil overlay blocks nothing.
func (o *Overlay) Blocks(id string) bool {
	if o == nil || len(o.Records) == 0 {
		return false
	}
	_, found := slices.BinarySearch(o.Records, o.Key.Hash(id))
	return found
}
