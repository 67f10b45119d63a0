// SPDX-License-Identifier: Apache-2.0

package region

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/inventory"
	"github.com/frontline-screening/frontline/internal/order"
)

// NewAuditor returns what compares the region's registry with the copies that
// are recorded, and fetches again what is missing or damaged of them. Its Once
// belongs in the loop of the replicator: an audit beside an erasure could
// bring back what is being erased.
func NewAuditor(p *Replicator) *inventory.Auditor {
	a := &inventory.Auditor{
		Registry: p.to,
		Wants:    func() []inventory.Want { return wants(p.region.name, p.region.Verified(), p.region.Copies()) },
		Shared:   p.shared(),
		Log:      p.log.WithValues("region", p.region.name),
	}
	if p.from != nil && !p.shared() {
		a.Fetch = func(ctx context.Context, feed, manifest string) error {
			repo := artifact.FeedRepository(p.region.name, feed)
			options, err := p.copyOptions(feed)
			if err != nil {
				return err
			}
			_, err = artifact.CopySnapshot(ctx, p.from, p.to, repo, manifest, options)
			if errors.Is(err, artifact.ErrNotFound) {
				return errors.Join(errors.New("the hub no longer has it"), err)
			}
			return err
		}
	}
	return a
}

// wants says what the region's registry shall hold: the copies recorded that
// the order in force lets the region keep. The rest of what is recorded is
// known, and somebody else's to remove.
func wants(region string, v *Verified, copies Copies) []inventory.Want {
	ids := slices.Collect(maps.Keys(copies))
	if v != nil {
		for i := range v.Feeds {
			ids = append(ids, v.Feeds[i].ID)
		}
	}
	slices.Sort(ids)
	var out []inventory.Want
	for _, id := range slices.Compact(ids) {
		w := inventory.Want{Feed: id, Repository: artifact.FeedRepository(region, id)}
		var f *order.Feed
		if v != nil {
			f = v.Feed(id)
		}
		if f != nil && f.Artifact != "" {
			w.Known = append(w.Known, f.Artifact)
		}
		held, has := copies[id]
		if has {
			w.Known = append(w.Known, held.Leftovers...)
			sort := func(release, epoch int64, manifest string) {
				switch {
				case manifest == "":
				case f == nil || (f.State == order.Serve && release >= f.Floor && epoch >= f.KeyFloor):
					w.Manifests = append(w.Manifests, manifest)
				default:
					w.Known = append(w.Known, manifest)
				}
			}
			sort(held.Release, held.Epoch, held.Artifact)
			for _, r := range held.Retained {
				sort(r.Release, r.Epoch, r.Artifact)
			}
		}
		out = append(out, w)
	}
	return out
}
