// SPDX-License-Identifier: Apache-2.0

package order

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/level"
)

// Order is an index with its parts read and checked.
type Order struct {
	Index
	// IndexDigest is the digest of the index's bytes.
	IndexDigest string
	Feeds       []Feed
	Pools       []Workload
	Posts       []Workload
	Approvers   []Approver
	Tombstones  []Tombstone
	// Blobs holds the bytes of the blobs that the order names, by digest.
	Blobs map[string][]byte
}

// Open decodes an index whose signature was verified and reads its parts.
// part returns the bytes of the part with a digest; Open checks them against
// it. Unknown formats, kinds and fields are refused: a region does not act on
// what it does not understand in full.
func Open(index []byte, part func(digest string) ([]byte, error)) (*Order, error) {
	o := &Order{IndexDigest: canonical.Digest(index)}
	if err := o.readIndex(index); err != nil {
		return nil, err
	}
	for _, p := range o.Parts {
		data, err := part(p.Digest)
		if err != nil {
			return nil, fmt.Errorf("order %d: part %s %s: %w", o.Sequence, p.Kind, p.Digest, err)
		}
		if got := canonical.Digest(data); got != p.Digest {
			return nil, fmt.Errorf("order %d: part %s has digest %s instead of %s; the copy is damaged, pull it again", o.Sequence, p.Kind, got, p.Digest)
		}
		if err := o.include(p, data); err != nil {
			return nil, err
		}
	}
	for what, b := range o.named() {
		data, err := part(b.Digest)
		if err != nil {
			return nil, fmt.Errorf("order %d: %s, %s: %w", o.Sequence, what, b.Digest, err)
		}
		if err := b.checkBytes(data); err != nil {
			return nil, fmt.Errorf("order %d: %s: %w; the copy is damaged, pull it again", o.Sequence, what, err)
		}
		if o.Blobs == nil {
			o.Blobs = map[string][]byte{}
		}
		o.Blobs[b.Digest] = data
	}
	return o, nil
}

// readIndex decodes the index. One that needs a higher level than this build
// knows is refused for that, and not for the first of its fields that is new.
func (o *Order) readIndex(data []byte) error {
	var needs struct {
		Level int64 `json:"level"`
	}
	if err := json.Unmarshal(data, &needs); err == nil && needs.Level > level.Known {
		return fmt.Errorf("order index: it needs level %d, this version reads up to level %d; upgrade the region, pods included", needs.Level, level.Known)
	}
	if err := canonical.UnmarshalStrict(data, &o.Index); err != nil {
		return fmt.Errorf("order index: %w; upgrade the region if the hub is newer", err)
	}
	if o.Format != Format {
		return fmt.Errorf("order index: format %q is not %q; upgrade the older of hub and region", o.Format, Format)
	}
	return nil
}

// named lists the blobs that the order names, with what they are.
func (o *Order) named() iter.Seq2[string, *Blob] {
	return func(yield func(string, *Blob) bool) {
		if o.Erasures != nil && !yield("the ledger of erasures", o.Erasures) {
			return
		}
		for i := range o.Feeds {
			if b := o.Feeds[i].Blocks; b != nil && !yield("the blocks of feed "+o.Feeds[i].ID, b) {
				return
			}
		}
	}
}

// checkBytes compares bytes with what the order says of them.
func (b *Blob) checkBytes(data []byte) error {
	switch {
	case b.Version < 1 || b.Size < 0 || b.Size > MaxBlob:
		return fmt.Errorf("version %d of %d bytes is out of range, at most %d bytes are carried", b.Version, b.Size, MaxBlob)
	case int64(len(data)) != b.Size || canonical.Digest(data) != b.Digest:
		return fmt.Errorf("it has %d bytes of %s instead of %d of %s", len(data), canonical.Digest(data), b.Size, b.Digest)
	}
	return nil
}

// OpenFeeds reads the feeds of an index whose signature was verified, given the
// bytes of its part of feeds. It is for a reader that needs nothing else.
func OpenFeeds(index, part []byte) (Index, []Feed, error) {
	o := &Order{}
	if err := o.readIndex(index); err != nil {
		return Index{}, nil, err
	}
	for _, p := range o.Parts {
		if p.Kind != PartFeeds {
			continue
		}
		if got := canonical.Digest(part); got != p.Digest {
			return Index{}, nil, fmt.Errorf("order %d: part feeds has digest %s instead of %s", o.Sequence, got, p.Digest)
		}
		if err := o.include(p, part); err != nil {
			return Index{}, nil, err
		}
	}
	return o.Index, o.Feeds, nil
}

func (o *Order) include(p Part, data []byte) error {
	var doc document
	if err := canonical.UnmarshalStrict(data, &doc); err != nil {
		return fmt.Errorf("order %d: part %s %s: %w; upgrade the region if the hub is newer", o.Sequence, p.Kind, p.Digest, err)
	}
	if doc.Kind != p.Kind {
		return fmt.Errorf("order %d: part %s says of itself that it is %s", o.Sequence, p.Kind, doc.Kind)
	}
	switch p.Kind {
	case PartFeeds:
		o.Feeds = append(o.Feeds, doc.Feeds...)
	case PartPools:
		o.Pools = append(o.Pools, doc.Workloads...)
	case PartPosts:
		o.Posts = append(o.Posts, doc.Workloads...)
	case PartApprovers:
		o.Approvers = append(o.Approvers, doc.Approvers...)
	case PartTombstones:
		o.Tombstones = append(o.Tombstones, doc.Tombstones...)
	default:
		return fmt.Errorf("order %d: part of unknown kind %q, which no level up to %d has; upgrade the region", o.Sequence, p.Kind, level.Known)
	}
	return nil
}

// Feed returns the feed with the id, or nil.
func (o *Order) Feed(id string) *Feed {
	i := slices.IndexFunc(o.Feeds, func(f Feed) bool { return f.ID == id })
	if i < 0 {
		return nil
	}
	return &o.Feeds[i]
}

// Pool returns the pool with the name, or nil.
func (o *Order) Pool(name string) *Workload { return find(o.Pools, name) }

// Post returns the post with the name, or nil.
func (o *Order) Post(name string) *Workload { return find(o.Posts, name) }

func find(list []Workload, name string) *Workload {
	i := slices.IndexFunc(list, func(w Workload) bool { return w.Name == name })
	if i < 0 {
		return nil
	}
	return &list[i]
}

// Withdrawn reports whether the order holds a tombstone for the object.
func (o *Order) Withdrawn(kind, uid string) bool {
	return slices.ContainsFunc(o.Tombstones, func(t Tombstone) bool { return t.Kind == kind && t.UID == uid })
}
