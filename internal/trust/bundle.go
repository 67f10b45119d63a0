// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"crypto"
	"errors"
	"fmt"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// BundleFile is the name of a bundle's statement beside the files of the
// repository. On the line it means nothing.
const BundleFile = "bundle.json"

// BundleLifetime is how long a bundle may be imported unless it says otherwise.
const BundleLifetime = 7 * 24 * time.Hour

// Bundle is the signed word that an order may be imported from a file, without
// a line. It stands for the freshness that the order's timestamp has lost on
// its way, and for nothing else.
type Bundle struct {
	Region string
	// Number rises with each bundle for the region, from 1. The time of its
	// making in Unix milliseconds will do.
	Number int64
	// Sequence and Digest are those of the order it carries.
	Sequence int64
	Digest   string
	// Floors are the lowest releases that may be held, by the id of each feed that
	// the order lists, as the hub knew them; zero where it knew of none. A region
	// that knows of a higher one refuses the bundle: it would bring back what was
	// erased.
	Floors map[string]int64
	// Created and Expires bound the import, by trusted time.
	Created, Expires time.Time
}

// bundleFields are signed in bundle.json.
type bundleFields struct {
	Region   string           `json:"region"`
	Number   int64            `json:"number"`
	Sequence int64            `json:"sequence"`
	Digest   string           `json:"digest"`
	Floors   map[string]int64 `json:"floors,omitempty"`
	Created  time.Time        `json:"created"`
}

// SignBundle returns bundle.json: metadata of the role "bundle", which
// targets.json delegates to key. Its version is the number of the bundle.
func SignBundle(key crypto.Signer, b Bundle) ([]byte, error) {
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("sign bundle %d for region %s: %w", b.Number, b.Region, err)
	}
	meta := metadata.Targets(wholeSecond(b.Expires))
	meta.Signed.Version = b.Number
	fields, err := attach(nil, bundleFields{
		Region: b.Region, Number: b.Number, Sequence: b.Sequence, Digest: b.Digest, Floors: b.Floors, Created: wholeSecond(b.Created),
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", BundleFile, err)
	}
	meta.Signed.UnrecognizedFields = fields
	data, err := sealed(key, meta)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", BundleFile, err)
	}
	return data, nil
}

func (b Bundle) check() error {
	if b.Region == "" || b.Digest == "" {
		return errors.New("it names no region or no order")
	}
	if !b.Expires.After(b.Created) {
		return errors.New("it would be expired when made; give a later end")
	}
	return errors.Join(versionInRange("number", b.Number), versionInRange("sequence", b.Sequence))
}

// VerifyBundle checks an order that came in a bundle, at the wall clock's time
// now, and keeps it when all of it holds. The timestamp may have expired; all
// signatures, versions and hashes hold, and the rest has not expired. floors
// are the lowest releases the region may hold, by feed id. A number that is
// not above the highest imported is refused as Replayed, over restarts. The
// order's issue time stays what it was, so data does not get younger by
// travelling.
func (c *Client) VerifyBundle(files map[string][]byte, bundle []byte, floors map[string]int64, now time.Time) (Verified, Bundle, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, b, at, err := c.checkBundle(files, bundle, floors, now)
	if err != nil {
		return Verified{}, Bundle{}, err
	}
	v, err := c.take(p, at, b.Number)
	if err != nil {
		return Verified{}, Bundle{}, err
	}
	return v, b, nil
}

// CheckBundle is VerifyBundle that keeps nothing. With it a region looks at the
// order before it reads the content that follows; an import that is interrupted
// there can be repeated.
func (c *Client) CheckBundle(files map[string][]byte, bundle []byte, floors map[string]int64, now time.Time) (Verified, Bundle, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, b, at, err := c.checkBundle(files, bundle, floors, now)
	if err != nil {
		return Verified{}, Bundle{}, err
	}
	changed, err := c.succeeds(p)
	if err != nil {
		return Verified{}, Bundle{}, err
	}
	v := p.verified(at)
	v.Changed = changed
	return v, b, nil
}

// checkBundle verifies an order that came in a bundle. It returns the time at
// which the order counts as verified.
func (c *Client) checkBundle(files Files, bundle []byte, floors map[string]int64, now time.Time) (*published, Bundle, time.Time, error) {
	fail := func(err error) (*published, Bundle, time.Time, error) { return nil, Bundle{}, time.Time{}, err }
	trusted := c.clock.Read(now).Now
	at := trusted
	if end, err := timestampEnd(files); err != nil {
		return fail(err)
	} else if !end.After(at) {
		at = end.Add(-time.Second)
	}
	p, err := verify(c.roots, c.last, files, c.identity, exactly(at))
	if err != nil {
		return fail(err)
	}
	if c.rotated(p) {
		trusted = now
	}
	switch {
	case !p.rootExpires.After(trusted):
		return fail(refuse(RootExpired, rootFile(p.rootVersion), "it expired on %s", p.rootExpires.UTC().Format(time.RFC3339)))
	case !p.ends.After(trusted):
		return fail(refuse(Expired, snapshotFile(p.snapshotVersion), "snapshot or targets expired on %s", p.ends.UTC().Format(time.RFC3339)))
	}
	b, err := p.openBundle(bundle)
	if err != nil {
		return fail(err)
	}
	if err := c.allows(b, p, floors, trusted); err != nil {
		return fail(err)
	}
	return p, b, at, nil
}

// DescribeBundle reads a statement without verifying who signed it, for people
// who look at a file.
func DescribeBundle(data []byte) (b Bundle, err error) {
	defer refusePanic(&err)
	if len(data) > maxMetadata {
		return Bundle{}, refuse(Malformed, BundleFile, "it has %d bytes, at most %d are read", len(data), maxMetadata)
	}
	meta, err := metadata.Targets().FromBytes(data)
	if err != nil {
		return Bundle{}, classify(BundleFile, err)
	}
	return readBundle(meta)
}

// timestampEnd reads when the timestamp ends, before anything is verified.
func timestampEnd(files Files) (end time.Time, err error) {
	defer refusePanic(&err)
	data, err := files.get(timestampFile)
	if err != nil {
		return time.Time{}, err
	}
	meta, err := metadata.Timestamp().FromBytes(data)
	if err != nil {
		return time.Time{}, classify(timestampFile, err)
	}
	return meta.Signed.Expires, nil
}

// openBundle verifies that the key signed that targets.json delegates to.
func (p *published) openBundle(data []byte) (b Bundle, err error) {
	defer refusePanic(&err)
	if len(data) > maxMetadata {
		return Bundle{}, refuse(Malformed, BundleFile, "it has %d bytes, at most %d are read", len(data), maxMetadata)
	}
	meta, err := metadata.Targets().FromBytes(data)
	if err != nil {
		return Bundle{}, classify(BundleFile, err)
	}
	if err := p.delegator.VerifyDelegate(BundleRole, meta); err != nil {
		return Bundle{}, classify(BundleFile, err)
	}
	return readBundle(meta)
}

func readBundle(meta *metadata.Metadata[metadata.TargetsType]) (Bundle, error) {
	var fields bundleFields
	if err := extract(BundleFile, meta.Signed.UnrecognizedFields, &fields); err != nil {
		return Bundle{}, err
	}
	b := Bundle{
		Region: fields.Region, Number: fields.Number, Sequence: fields.Sequence, Digest: fields.Digest, Floors: fields.Floors,
		Created: fields.Created, Expires: meta.Signed.Expires,
	}
	if err := b.check(); err != nil {
		return Bundle{}, refuse(Malformed, BundleFile, "%w", err)
	}
	if meta.Signed.Version != b.Number {
		return Bundle{}, refuse(Malformed, BundleFile, "its version is %d and its number %d", meta.Signed.Version, b.Number)
	}
	return b, nil
}

// allows says whether the bundle may bring this order now.
func (c *Client) allows(b Bundle, p *published, floors map[string]int64, now time.Time) error {
	switch {
	case b.Region != c.identity.Region:
		return refuse(WrongRegion, BundleFile, "it is for region %s, this is %s", b.Region, c.identity.Region)
	case b.Sequence != p.fields.Sequence || b.Digest != p.fields.Digest:
		return refuse(Mixed, BundleFile, "it is made for order %d, order %d was in it", b.Sequence, p.fields.Sequence)
	case b.Number <= c.bundle:
		return refuse(Replayed, BundleFile, "it is bundle %d, bundle %d was imported before", b.Number, c.bundle)
	case !b.Expires.After(now):
		return refuse(Expired, BundleFile, "the bundle expired on %s", b.Expires.UTC().Format(time.RFC3339))
	}
	for feed, floor := range floors {
		if carried, ok := b.Floors[feed]; ok && carried < floor {
			return refuse(BelowFloor, BundleFile, "its floor of feed %s is release %d, this region's is %d", feed, carried, floor)
		}
	}
	return nil
}
