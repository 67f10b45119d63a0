// SPDX-License-Identifier: Apache-2.0

package watchlistfeed

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/depot"
)

// hubHeld stands for a region in the repositories of held releases. It has a
// dot, which no region's name has, so no region can read them.
const hubHeld = "frontline.held"

// HeldRepository holds the release of a feed that waits for approvals, if there
// is one. An erasure has to cover it.
func HeldRepository(feed string) string { return artifact.FeedRepository(hubHeld, feed) }

// vault keeps held releases in the hub's registry, sealed to the hub's own key
// of the feed, so that they outlive a restart: the hub's own folder does not.
// There is one release a feed at most.
type vault struct {
	registry *artifact.Registry
	keys     depot.Keyring
	dir      string
}

// heldVersion is the number under which the one held release is tagged. It
// gets its own when it is published.
const heldVersion = 1

// keep puts a release into the vault, in the place of the one before.
func (v vault) keep(ctx context.Context, feed string, c *candidate) error {
	before, err := v.manifest(ctx, feed)
	if err != nil {
		return err
	}
	keys, err := v.keys(ctx, feed)
	if err != nil {
		return err
	}
	desc, _, err := v.registry.CutSnapshot(ctx, HeldRepository(feed), artifact.Cut{
		Snapshot: artifact.Snapshot{
			Path: c.path, Digest: c.digest, Size: c.size, Feed: feed, Region: hubHeld, Version: heldVersion,
			ListDate: c.meta.ListDate, Records: int64(c.meta.Records),
		},
		Epoch: keys.Epoch, Key: keys.Key, Recipients: []string{keys.Recipient}, Rebase: true, Dir: v.dir,
	})
	if err != nil {
		return err
	}
	if before == "" || before == desc.Digest.String() {
		return nil
	}
	return v.registry.Delete(ctx, HeldRepository(feed), before)
}

// take fetches the held release of this content into dir. The error wraps
// artifact.ErrNotFound when the vault has another one, or none.
func (v vault) take(ctx context.Context, feed, content, dir string) (artifact.Snapshot, error) {
	manifest, err := v.manifest(ctx, feed)
	if err != nil {
		return artifact.Snapshot{}, err
	}
	if manifest == "" {
		return artifact.Snapshot{}, fmt.Errorf("held release of feed %s: %w", feed, artifact.ErrNotFound)
	}
	keys, err := v.keys(ctx, feed)
	if err != nil {
		return artifact.Snapshot{}, err
	}
	got, err := v.registry.FetchSnapshot(ctx, HeldRepository(feed), manifest, artifact.FetchOptions{Dir: dir, Identities: keys.Identities})
	if err != nil {
		return artifact.Snapshot{}, err
	}
	if got.Digest != content {
		return artifact.Snapshot{}, errors.Join(fmt.Errorf("held release of feed %s: %w", feed, artifact.ErrNotFound), os.Remove(got.Path))
	}
	return got, nil
}

// drop empties the vault of a feed.
func (v vault) drop(ctx context.Context, feed string) error {
	manifest, err := v.manifest(ctx, feed)
	if err != nil || manifest == "" {
		return err
	}
	return v.registry.Delete(ctx, HeldRepository(feed), manifest)
}

// manifest is the digest of what the vault has, or empty.
func (v vault) manifest(ctx context.Context, feed string) (string, error) {
	desc, err := v.registry.Resolve(ctx, HeldRepository(feed), artifact.ReleaseTag(heldVersion))
	if errors.Is(err, artifact.ErrNotFound) {
		return "", nil
	}
	return desc.Digest.String(), err
}
