// SPDX-License-Identifier: Apache-2.0

package depot

import (
	"context"
	"errors"
	"time"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/snapshot"
)

// Request says which artifact a region shall get.
type Request struct {
	Region, Jurisdiction string
	Release              Release
	ListDate             time.Time
	// Epoch and Recipient are the region's key to seal to.
	Epoch     int64
	Recipient string
	// Previous is the manifest of the artifact that stands for the region, empty
	// when there is none. Releases finds the release that it was cut of.
	Previous string
	Releases func(number int64) (Release, bool)
	// Rebase asks for a full copy without a chain of deltas.
	Rebase bool
}

// Result is the artifact that was cut.
type Result struct {
	// Manifest is the digest of its manifest.
	Manifest string
	// Content is the digest of what the region will hold, Size its bytes,
	// Records its records; Excluded is how many may not be held there.
	Content  string
	Size     int64
	Records  int64
	Excluded int
	// Heavy says that the chain of deltas has grown so long that a full copy
	// shall follow, once this one is held.
	Heavy bool
}

// Cut makes the artifact of a release for a region and puts it into the
// region's repository. Cutting the same again changes nothing.
func (d *Depot) Cut(ctx context.Context, r Request) (Result, error) {
	keys, err := d.keys(ctx, r.Release.Feed)
	if err != nil {
		return Result{}, err
	}
	to, err := d.variant(ctx, r.Release, r.Jurisdiction)
	if err != nil {
		return Result{}, err
	}
	repository := artifact.FeedRepository(r.Region, r.Release.Feed)
	cut := artifact.Cut{
		Snapshot: artifact.Snapshot{
			Path: to.path, Digest: to.content, Size: to.size, Records: to.records,
			Feed: r.Release.Feed, Region: r.Region, Version: r.Release.Number, ListDate: r.ListDate,
		},
		Epoch: r.Epoch, Key: keys.Key, Recipients: []string{r.Recipient}, Readers: []string{keys.Recipient},
		PreviousManifest: r.Previous, Rebase: r.Rebase, Dir: d.dir,
	}
	if r.Previous != "" {
		previous, err := d.registry.ReadConfig(ctx, repository, r.Previous, keys.Identities)
		switch {
		case err == nil:
			cut.Previous = &previous
		case Unusable(err):
			// Whatever happened to it, a full copy needs nothing of it.
			cut.PreviousManifest = ""
		default:
			return Result{}, err
		}
	}
	if err := d.addPatch(ctx, &cut, to, r); err != nil {
		return Result{}, err
	}
	desc, _, err := d.registry.CutSnapshot(ctx, repository, cut)
	if err != nil {
		return Result{}, err
	}
	heavy, err := d.registry.RecutDue(ctx, repository, desc.Digest.String())
	if err != nil {
		return Result{}, err
	}
	return Result{
		Manifest: desc.Digest.String(), Content: to.content, Size: to.size, Records: to.records, Excluded: to.excluded,
		Heavy: heavy,
	}, nil
}

// Find returns the artifact that was cut of the release for the region before,
// if it stands whole and is sealed to the key that is asked for.
func (d *Depot) Find(ctx context.Context, r Request) (Result, bool, error) {
	if r.Rebase {
		return Result{}, false, nil
	}
	keys, err := d.keys(ctx, r.Release.Feed)
	if err != nil {
		return Result{}, false, err
	}
	repository := artifact.FeedRepository(r.Region, r.Release.Feed)
	desc, err := d.registry.Resolve(ctx, repository, artifact.ReleaseTag(r.Release.Number))
	if errors.Is(err, artifact.ErrNotFound) {
		return Result{}, false, nil
	}
	if err != nil {
		return Result{}, false, err
	}
	manifest := desc.Digest.String()
	config, err := d.registry.ReadConfig(ctx, repository, manifest, keys.Identities)
	switch {
	case Unusable(err):
		return Result{}, false, nil
	case err != nil:
		return Result{}, false, err
	}
	// The same number may have had other content, in a hub's life before a restore.
	to, err := d.variant(ctx, r.Release, r.Jurisdiction)
	if err != nil {
		return Result{}, false, err
	}
	if config.Epoch != r.Epoch || config.Release != r.Release.Number || config.Content != to.content {
		return Result{}, false, nil
	}
	whole, err := d.registry.HasSnapshot(ctx, repository, manifest)
	if err != nil || !whole {
		return Result{}, false, err
	}
	heavy, err := d.registry.RecutDue(ctx, repository, manifest)
	return Result{Manifest: manifest, Content: to.content, Size: to.size, Records: to.records, Excluded: to.excluded, Heavy: heavy}, err == nil, err
}

// addPatch adds the difference between what the previous artifact leads to and
// the new content. A difference that cannot be made is no failure: the region
// gets a full copy.
func (d *Depot) addPatch(ctx context.Context, cut *artifact.Cut, to variant, r Request) error {
	before := cut.Previous
	if before == nil || before.Epoch != cut.Epoch || before.Content == to.content {
		return nil
	}
	release, known := r.Releases(before.Release)
	if !known {
		return nil
	}
	from, err := d.variant(ctx, release, r.Jurisdiction)
	if errors.Is(err, artifact.ErrNotFound) || errors.Is(err, artifact.ErrKey) {
		return nil
	}
	if err != nil {
		return err
	}
	if from.content != before.Content {
		return nil // it was cut for another jurisdiction, or of a list that was built otherwise
	}
	if to.excluded > 0 {
		withheld, err := d.withheld(ctx, r, from)
		if err != nil {
			return err
		}
		// What may not be held here any more goes out of the base as well: whoever
		// begins anew would be sent it with what takes it away again.
		cut.Rebase = cut.Rebase || withheld
	}
	path, ok, err := d.patch(ctx, r.Release.Feed, from, to)
	if err != nil || !ok {
		return err
	}
	cut.Patches = append(cut.Patches, artifact.Patch{
		Path: path, From: from.content, To: to.content,
		FromRelease: before.Release, ToRelease: r.Release.Number, ToSize: to.size,
	})
	return nil
}

// withheld reports whether an earlier variant has a record that may not be held
// in the jurisdiction any more.
func (d *Depot) withheld(ctx context.Context, r Request, from variant) (bool, error) {
	whole, err := d.Whole(ctx, r.Release)
	if err != nil {
		return false, err
	}
	full, err := snapshot.Open(whole)
	if err != nil {
		return false, err
	}
	defer full.Close()
	before, err := snapshot.Open(from.path)
	if err != nil {
		return false, err
	}
	defer before.Close()
	return snapshot.Withheld(full, r.Jurisdiction, before)
}
