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
	// TimestampVersion and SnapshotVersion are what the hub must exceed.
	TimestampVersion, SnapshotVersion int64
	// RootVersion of the root trusted now.
	RootVersion int64
	// VerifiedAt is the time the order was verified at.
	VerifiedAt time.Time
	// Changed says that the index differs from the one verified before.
	Changed bool
}

// Client verifies the orders of one region and remembers the last good one.
// It is safe for concurrent use.
type Client struct {
	store    store
	identity Identity

	mu   sync.Mutex
	last *published
	at   time.Time
	// root is the newest trusted root; first the one that was pinned.
	root  []byte
	roots [][]byte
}

// Open reads the state directory, which it makes if it must, and verifies
// what is there at the time it was verified at before. A state of another
// root, hub or region is refused as Foreign, a damaged one with its reason:
// neither is forgotten silently, because a client without memory can be
// rolled back.
func Open(dir string, pinnedRoot []byte, pinned Identity) (*Client, error) {
	if pinned.HubUID == "" || pinned.Term < 1 || pinned.Region == "" {
		return nil, errors.New("pinned identity: hub UID, term and region are all needed; join the region again")
	}
	trusted, err := loadRoot(pinnedRoot)
	if err != nil {
		return nil, fmt.Errorf("pinned root: %w", err)
	}
	w := &walk{identity: pinned, trusted: trusted}
	if err := w.checkRoot(); err != nil {
		return nil, fmt.Errorf("pinned root: %w", err)
	}
	c := &Client{store: store{dir: dir}, identity: pinned, root: pinnedRoot, roots: [][]byte{pinnedRoot}}
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
	p, err := verify(pinnedRoot, nil, files, pinned, saved.VerifiedAt)
	if err != nil {
		return nil, fmt.Errorf("state in %s: %w", dir, err)
	}
	c.last, c.at, c.roots, c.root = p, saved.VerifiedAt, p.roots, p.roots[len(p.roots)-1]
	return c, nil
}

// Verify checks a pulled order at the time now and, when all of it holds,
// keeps it. files may hold more than the TUF repository. On any error the
// last good order stays, in memory and on disk.
func (c *Client) Verify(files map[string][]byte, now time.Time) (Verified, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, err := verify(c.root, c.last, files, c.identity, now)
	if err != nil {
		return Verified{}, err
	}
	changed := true
	if c.last != nil {
		before, after := c.last.fields, p.fields
		switch {
		case after.Sequence < before.Sequence:
			return Verified{}, refuse(Rollback, timestampFile, "it stamps sequence %d, %d was verified before", after.Sequence, before.Sequence)
		case after.Sequence == before.Sequence && after.Digest != before.Digest:
			return Verified{}, refuse(Equivocation, timestampFile, "sequence %d was verified before with %s, now with %s", after.Sequence, before.Digest, after.Digest)
		}
		changed = after.Digest != before.Digest
	}
	roots := append(slices.Clone(c.roots), p.roots[1:]...)
	// The same timestamp at a later time is no news, and not worth a write.
	if c.last == nil || !bytes.Equal(c.last.timestamp, p.timestamp) || len(roots) != len(c.roots) {
		if err := c.store.save(newState(p, roots, now)); err != nil {
			return Verified{}, err
		}
		c.at = now
	}
	c.last, c.roots, c.root = p, roots, roots[len(roots)-1]
	v := c.verified()
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
	return c.verified(), true
}

func (c *Client) verified() Verified {
	p := c.last
	return Verified{
		Index: slices.Clone(p.index), IndexDigest: p.fields.Digest,
		HubUID: p.root.HubUID, Term: p.root.Term, Region: p.fields.Region, Sequence: p.fields.Sequence,
		Issued: p.fields.Issued, Expires: p.expires, SourceChecked: maps.Clone(p.fields.SourceChecked),
		TimestampVersion: p.timestampVersion, SnapshotVersion: p.snapshotVersion,
		RootVersion: p.rootVersion, VerifiedAt: c.at,
	}
}
