// SPDX-License-Identifier: Apache-2.0

package order

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/level"
)

// Input is everything an order is made of.
type Input struct {
	HubUID     string
	Term       int64
	Region     Region
	Feeds      []Feed
	Pools      []Workload
	Posts      []Workload
	Approvers  []Approver
	Tombstones []Tombstone
	Erasures   *Blob
	// Blobs holds the bytes of the blobs that feeds and Erasures name, by digest.
	Blobs map[string][]byte
	// Level is what the region and its pods read; zero is the first. What later
	// levels brought is left out.
	Level int64
}

// Body is a compiled order without its sequence.
type Body struct {
	index Index
	// Parts holds the bytes of each part and blob by digest.
	Parts map[string][]byte
}

// Compile turns in into an order. The result depends on the content of in
// alone, not on the order of its lists. It refuses input that would place a
// feed outside its jurisdictions, lists that name one object twice, and a
// workload that the region could not read in full.
func Compile(in Input) (Body, error) {
	reads := max(in.Level, level.First)
	in = level.At(in, reads)
	c := compiler{reads: reads, needs: level.Of(in), body: Body{
		index: Index{Format: Format, HubUID: in.HubUID, Term: in.Term, Region: in.Region, Erasures: in.Erasures},
		Parts: map[string][]byte{},
	}}
	feeds, err := sortFeeds(in)
	if err != nil {
		return Body{}, err
	}
	approvers := slices.Clone(in.Approvers)
	slices.SortFunc(approvers, func(a, b Approver) int {
		return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Name, b.Name))
	})
	tombstones := slices.Clone(in.Tombstones)
	slices.SortFunc(tombstones, func(a, b Tombstone) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.UID, b.UID))
	})
	if len(feeds) > 0 {
		c.add(Part{Kind: PartFeeds, Shards: 1}, document{Feeds: feeds})
	}
	c.blob("the ledger of erasures", in.Erasures, in.Blobs)
	for i := range feeds {
		c.blob("the blocks of feed "+feeds[i].ID, feeds[i].Blocks, in.Blobs)
	}
	c.workloads(PartPools, in.Region.Name, in.Pools)
	c.workloads(PartPosts, in.Region.Name, in.Posts)
	if len(approvers) > 0 {
		c.add(Part{Kind: PartApprovers, Shards: 1}, document{Approvers: approvers})
	}
	if len(tombstones) > 0 {
		c.add(Part{Kind: PartTombstones, Shards: 1}, document{Tombstones: tombstones})
	}
	if c.err != nil {
		return Body{}, c.err
	}
	if c.needs > level.First {
		c.body.index.Level = c.needs
	}
	slices.SortFunc(c.body.index.Parts, func(a, b Part) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Shard, b.Shard))
	})
	return c.body, nil
}

// Content is the digest of the body with its sequence left at zero: two
// orders say the same exactly when their content is equal.
func (b Body) Content() (string, error) {
	data, err := b.At(0)
	if err != nil {
		return "", err
	}
	return canonical.Digest(data), nil
}

// At returns the canonical JSON of the index with the sequence given.
func (b Body) At(sequence int64) ([]byte, error) {
	index := b.index
	index.Sequence = sequence
	data, err := canonical.Marshal(index)
	if err != nil {
		return nil, fmt.Errorf("order for region %s: %w", index.Region.Name, err)
	}
	return data, nil
}

func sortFeeds(in Input) ([]Feed, error) {
	feeds := slices.Clone(in.Feeds)
	slices.SortFunc(feeds, func(a, b Feed) int { return cmp.Compare(a.ID, b.ID) })
	for i := range feeds {
		f := &feeds[i]
		if i > 0 && feeds[i-1].ID == f.ID {
			return nil, fmt.Errorf("order for region %s: feed %s is listed twice; a feed id names one feed on the hub", in.Region.Name, f.ID)
		}
		if f.State != Erase && !slices.Contains(f.Jurisdictions, in.Region.Jurisdiction) {
			return nil, fmt.Errorf("order for region %s: feed %s may not be held in %s; add it to the feed's sharing.allow or order its erasure",
				in.Region.Name, f.ID, in.Region.Jurisdiction)
		}
		f.Jurisdictions = slices.Sorted(slices.Values(f.Jurisdictions))
		f.Purposes = slices.Sorted(slices.Values(f.Purposes))
	}
	return feeds, nil
}

type compiler struct {
	body Body
	// reads is the level of the reader, needs the highest of what is used.
	reads, needs int64
	err          error
}

func (c *compiler) add(p Part, doc document) {
	doc.Kind = p.Kind
	data, err := canonical.Marshal(doc)
	if err != nil {
		c.err = cmp.Or(c.err, fmt.Errorf("part %s of the order for region %s: %w", p.Kind, c.body.index.Region.Name, err))
		return
	}
	p.Digest, p.Size = canonical.Digest(data), int64(len(data))
	c.body.index.Parts = append(c.body.index.Parts, p)
	c.body.Parts[p.Digest] = data
}

// blob takes up the bytes of a blob that the order names.
func (c *compiler) blob(what string, b *Blob, bytes map[string][]byte) {
	if b == nil {
		return
	}
	data, ok := bytes[b.Digest]
	switch {
	case !ok:
		c.err = cmp.Or(c.err, fmt.Errorf("order for region %s: the bytes of %s are missing", c.body.index.Region.Name, what))
	case b.checkBytes(data) != nil:
		c.err = cmp.Or(c.err, fmt.Errorf("order for region %s: %s: %w", c.body.index.Region.Name, what, b.checkBytes(data)))
	default:
		c.body.Parts[b.Digest] = data
	}
}

// workloads cuts the list into the smallest power of two of shards, none of
// which exceeds MaxPart. An object's shard follows from its name alone, so
// that one more object changes one part.
func (c *compiler) workloads(kind PartKind, region string, list []Workload) {
	if len(list) == 0 || c.err != nil {
		return
	}
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Workload) int { return cmp.Compare(a.Name, b.Name) })
	for i := range list {
		if i > 0 && list[i-1].Name == list[i].Name {
			c.err = fmt.Errorf("order for region %s: %s %s is listed twice", region, kind, list[i].Name)
			return
		}
		if list[i].Level > c.reads {
			c.err = fmt.Errorf("order for region %s: the spec of %s in %s needs level %d and the region reads level %d; upgrade the region, or list the object as it was before",
				region, list[i].Name, kind, list[i].Level, c.reads)
			return
		}
		c.needs = max(c.needs, list[i].Level)
		if len(list[i].Spec) > MaxPart/2 {
			c.err = fmt.Errorf("order for region %s: the spec of %s in %s has %d bytes, more than the %d an order carries; make it smaller",
				region, list[i].Name, kind, len(list[i].Spec), MaxPart/2)
			return
		}
	}
	for shards := 1; ; shards *= 2 {
		split := make([][]Workload, shards)
		for _, w := range list {
			s := shardOf(w.Name, shards)
			split[s] = append(split[s], w)
		}
		if shards < 1<<16 && slices.ContainsFunc(split, func(s []Workload) bool { return approximateSize(s) > MaxPart }) {
			continue
		}
		for i, s := range split {
			if len(s) > 0 {
				c.add(Part{Kind: kind, Shard: i, Shards: shards}, document{Workloads: s})
			}
		}
		return
	}
}

func shardOf(name string, shards int) int {
	sum := sha256.Sum256([]byte(name))
	return int(binary.BigEndian.Uint32(sum[:4]) % uint32(shards)) //nolint:gosec // shards is at most 2^16
}

// approximateSize bounds the canonical size from above: names, digits and
// punctuation of one entry stay below 512 bytes beside its name and spec.
func approximateSize(list []Workload) int {
	size := 64
	for _, w := range list {
		size += 512 + len(w.Name) + len(w.UID) + len(w.Spec)
	}
	return size
}
