// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/frontline-screening/frontline/internal/keyring"
)

// Identity is what joining pins beside root.json.
type Identity struct {
	HubUID string
	// Term is the lowest term obeyed, from 1.
	Term int64
	// Region is this region's name.
	Region string
}

// Verified is an order that may be obeyed.
type Verified struct {
	// Index is the order's index; IndexDigest its digest, "sha256:<hex>".
	Index       []byte
	IndexDigest string

	HubUID   string
	Term     int64
	Region   string
	Sequence int64
	// Issued is when the hub last signed the order, Expires when it stops
	// being accepted as news.
	Issued, Expires time.Time
	// SourceChecked is when the hub last checked each feed's source, by feed id.
	SourceChecked map[string]time.Time
	// Artifacts are the lengths in bytes of the manifests that may be used, by
	// target path.
	Artifacts map[string]int64
	// TimestampVersion and SnapshotVersion are what the hub must exceed.
	TimestampVersion, SnapshotVersion int64
	// RootVersion of the root trusted now, RootExpires its end.
	RootVersion int64
	RootExpires time.Time
	// VerifiedAt is the time the order was verified at.
	VerifiedAt time.Time
	// Changed says that the index differs from the one verified before.
	Changed bool
}

// HasArtifact reports whether a feed's manifest is a target of the order.
func (v Verified) HasArtifact(feed, digest string) bool {
	_, ok := v.Artifacts[Artifact{Feed: feed, Digest: digest}.Path()]
	return ok
}

// Floor is the newest order that somebody else saw in force here.
type Floor struct{ Term, Sequence int64 }

func (f Floor) above(term, sequence int64) bool {
	return term < f.Term || (term == f.Term && sequence < f.Sequence)
}

// Client verifies the orders of one region and remembers the last good one.
// It is safe for concurrent use.
type Client struct {
	store    store
	identity Identity

	mu   sync.Mutex
	last *published
	at   time.Time
	// roots is the chain of roots from the one that was pinned to the newest.
	roots [][]byte
	floor Floor
	clock Clock
	// bundle is the highest number of a bundle imported.
	bundle int64
}

// Open reads the state directory, which it makes if it must, and verifies
// what is there at the time it was verified at before. A state of another
// root, hub or region is refused, a damaged one with its reason: neither is
// forgotten silently, because a client without memory can be rolled back.
func Open(dir string, pinnedRoot []byte, pinned Identity) (*Client, error) {
	if err := CheckPin(pinnedRoot, pinned); err != nil {
		return nil, err
	}
	c := &Client{store: store{dir: dir}, identity: pinned, roots: [][]byte{pinnedRoot}}
	saved, err := c.store.load()
	if err != nil || saved == nil {
		return c, err
	}
	if len(saved.Roots) == 0 || !bytes.Equal(saved.Roots[0], pinnedRoot) {
		return nil, refuse(Foreign, "", "the state in %s began with another root; remove the directory if the region was joined anew", dir)
	}
	files, err := saved.files()
	if err != nil {
		return nil, fmt.Errorf("state in %s: %w", dir, err)
	}
	p, err := verify(c.roots, nil, files, pinned, exactly(saved.VerifiedAt))
	if err != nil {
		return nil, fmt.Errorf("state in %s: %w", dir, err)
	}
	c.last, c.at, c.roots, c.bundle = p, saved.VerifiedAt, p.roots, saved.Bundle
	c.clock = Clock{HighWater: saved.HighWater}.Observe(p.fields.Issued)
	return c, nil
}

// CheckPin makes sure that a root.json signs for itself and is of the hub, the
// region and at least the term that are pinned with it.
func CheckPin(root []byte, pinned Identity) error {
	if pinned.HubUID == "" || pinned.Term < 1 || pinned.Region == "" {
		return errors.New("pinned identity: hub UID, term and region are all needed; join the region again")
	}
	trusted, err := loadRoot(root)
	if err == nil {
		w := &walk{identity: pinned, trusted: trusted}
		err = w.checkRoot()
	}
	if err != nil {
		return fmt.Errorf("pinned root: %w", err)
	}
	return nil
}

// RaiseFloor tells a client that may have lost its state what others saw in
// force here: an older order is refused as BelowFloor. A floor never sinks.
func (c *Client) RaiseFloor(floor Floor) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.floor.Term < floor.Term || (c.floor.Term == floor.Term && c.floor.Sequence < floor.Sequence) {
		c.floor = floor
	}
}

// Clock returns what is known of the time.
func (c *Client) Clock() Clock {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.clock
}

// Verify checks a pulled order at the wall clock's time now and, when all of
// it holds, keeps it. A wall clock behind the last signed time counts as that
// time. files may hold more than the TUF repository. On any error the last
// good order stays, in memory and on disk.
func (c *Client) Verify(files map[string][]byte, now time.Time) (Verified, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := moment{trusted: c.clock.Read(now).Now, wall: now}
	p, err := verify(c.roots, c.last, files, c.identity, at)
	if err != nil {
		return Verified{}, err
	}
	if c.rotated(p) {
		at.trusted = now
	}
	return c.take(p, at.trusted, c.bundle)
}

// rotated reports whether the key of timestamps was replaced.
func (c *Client) rotated(p *published) bool {
	return c.last != nil && !keyring.Equal(c.last.timestampKey, p.timestampKey)
}

// succeeds refuses what is older than the last or contradicts it, and says
// whether the order is another.
func (c *Client) succeeds(p *published) (changed bool, err error) {
	if c.floor.above(p.root.Term, p.fields.Sequence) {
		return false, refuse(BelowFloor, timestampFile, "it stamps order %d of term %d, order %d of term %d was in force here",
			p.fields.Sequence, p.root.Term, c.floor.Sequence, c.floor.Term)
	}
	// A risen term counts sequences anew: that is how an order is replaced that
	// a thief numbered as high as can be.
	if c.last == nil || c.last.root.Term != p.root.Term {
		return true, nil
	}
	before, after := c.last.fields, p.fields
	switch {
	case after.Sequence < before.Sequence:
		return false, refuse(Rollback, timestampFile, "it stamps sequence %d, %d was verified before", after.Sequence, before.Sequence)
	case after.Sequence == before.Sequence && after.Digest != before.Digest:
		return false, refuse(Equivocation, timestampFile, "sequence %d was verified before with %s, now with %s", after.Sequence, before.Digest, after.Digest)
	}
	return after.Digest != before.Digest, nil
}

// take keeps what was verified at a time, if it is not older than the last.
func (c *Client) take(p *published, at time.Time, bundle int64) (Verified, error) {
	changed, err := c.succeeds(p)
	if err != nil {
		return Verified{}, err
	}
	clock := c.clock
	if c.rotated(p) {
		clock = Clock{}
	}
	clock = clock.Observe(p.fields.Issued)
	roots := append(slices.Clone(c.roots), p.roots[1:]...)
	// The same timestamp at a later time is no news, and not worth a write.
	if c.last == nil || !bytes.Equal(c.last.timestamp, p.timestamp) || len(roots) != len(c.roots) || bundle != c.bundle {
		if err := c.store.save(newState(p, roots, at, clock, bundle)); err != nil {
			return Verified{}, err
		}
		c.at = at
	}
	c.last, c.roots, c.clock, c.bundle = p, roots, clock, bundle
	v := c.last.verified(c.at)
	v.Changed = changed
	return v, nil
}

// Last returns the last good order, if there is one. Open has verified it at
// the time it was first verified at, so that a region without a link starts
// with what it had; it is never a way to accept something new.
func (c *Client) Last() (Verified, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil {
		return Verified{}, false
	}
	return c.last.verified(c.at), true
}

// Files returns the repository that the last good order was verified from,
// with every root since the one that was pinned: what proves the order to a
// loader. It is nil before the first order.
func (c *Client) Files() Files {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil {
		return nil
	}
	files, err := newState(c.last, c.roots, c.at, c.clock, c.bundle).files()
	if err != nil {
		return nil // impossible of what was verified
	}
	return files
}

func (p *published) verified(at time.Time) Verified {
	return Verified{
		Index: slices.Clone(p.index), IndexDigest: p.fields.Digest,
		HubUID: p.root.HubUID, Term: p.root.Term, Region: p.fields.Region, Sequence: p.fields.Sequence,
		Issued: p.fields.Issued, Expires: p.expires, SourceChecked: maps.Clone(p.fields.SourceChecked),
		Artifacts:        maps.Clone(p.artifacts),
		TimestampVersion: p.timestampVersion, SnapshotVersion: p.snapshotVersion,
		RootVersion: p.rootVersion, RootExpires: p.rootExpires, VerifiedAt: at,
	}
}
