// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/bundle"
	"github.com/frontline-screening/frontline/controllers/hub/report"
)

// Kinds of copies.
const (
	// kindRegion is a region's copy, and a region that has none.
	kindRegion = "Region"
	// kindHub is a release in the hub's registry.
	kindHub = "Hub"
	// kindHeld is content that waits on the hub for approvals.
	kindHeld = "Held"
	// kindBundle is a feed in a bundle that can still be imported.
	kindBundle = "Bundle"
)

// copies are what the hub knows of.
type copies struct {
	Copies []copyRow `json:"copies"`
	// Unseen says what is left out, and why.
	Unseen []string `json:"unseen,omitempty"`
}

// copyRow is one copy of one feed, with the times that statuses leave out.
type copyRow struct {
	Kind         string `json:"kind"`
	Region       string `json:"region,omitempty"`
	Jurisdiction string `json:"jurisdiction,omitempty"`
	Feed         string `json:"feed,omitempty"`
	State        string `json:"state,omitempty"`
	Wanted       string `json:"wanted,omitempty"`
	Held         string `json:"held,omitempty"`
	Digest       string `json:"digest,omitempty"`
	ListDate     string `json:"listDate,omitempty"`
	// Records and Bytes are absent where nobody counted them.
	Records  *int64    `json:"records,omitempty"`
	Bytes    *int64    `json:"bytes,omitempty"`
	KeyEpoch int64     `json:"keyEpoch,omitempty"`
	KeySince time.Time `json:"keySince,omitzero"`
	ServedBy string    `json:"servedBy,omitempty"`
	Erasure  string    `json:"erasure,omitempty"`
	// Until is when an Outstanding copy stops being searched, or a bundle is refused.
	Until      time.Time `json:"until,omitzero"`
	Link       string    `json:"link,omitempty"`
	LinkSince  time.Time `json:"linkSince,omitzero"`
	LastReport time.Time `json:"lastReport,omitzero"`
	Order      int64     `json:"order,omitempty"`
	Observed   int64     `json:"observed,omitempty"`
	Version    string    `json:"version,omitempty"`
}

// inventory joins what the hub's objects, Leases and records of bundles say.
func inventory(ctx context.Context, c client.Client, namespace string, now time.Time) (copies, error) {
	regions, replicas := &screeningv1.RegionalClusterList{}, &screeningv1.WatchlistReplicaList{}
	feeds, releases := &screeningv1.WatchlistFeedList{}, &screeningv1.WatchlistReleaseList{}
	for _, list := range []struct {
		what string
		into client.ObjectList
	}{{"regions", regions}, {"replicas", replicas}, {"feeds", feeds}, {"releases", releases}} {
		if err := c.List(ctx, list.into); err != nil {
			return copies{}, fmt.Errorf("list %s: %w", list.what, err)
		}
	}
	records := recordsOf(releases.Items)
	out := copies{Copies: hubRows(feeds.Items, releases.Items)}
	for i := range regions.Items {
		region := &regions.Items[i]
		lease := &coordinationv1.Lease{}
		err := c.Get(ctx, types.NamespacedName{Namespace: namespace, Name: report.LeaseName(region.Name)}, lease)
		if client.IgnoreNotFound(err) != nil {
			return copies{}, fmt.Errorf("read the Lease of region %s: %w", region.Name, err)
		}
		out.Copies = append(out.Copies, regionRows(regionRow(region, lease), replicas.Items, records)...)
		bundles, err := bundle.Valid(ctx, c, namespace, region.Name, now)
		if apierrors.IsForbidden(err) {
			out.Unseen = append(out.Unseen, fmt.Sprintf("bundles for region %s: %v", region.Name, err))
			continue
		}
		if err != nil {
			return copies{}, err
		}
		out.Copies = append(out.Copies, bundleRows(region, bundles)...)
	}
	slices.SortStableFunc(out.Copies, func(a, b copyRow) int {
		return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.Feed, b.Feed), cmp.Compare(kindOrder[a.Kind], kindOrder[b.Kind]))
	})
	return out, nil
}

// kindOrder puts copies that are searched first.
var kindOrder = map[string]int{kindRegion: 0, kindHub: 1, kindHeld: 2, kindBundle: 3}

// numbered is a release of a feed.
type numbered struct {
	feed    screeningv1.FeedID
	release int64
}

// recordsOf counts the records of releases.
func recordsOf(releases []screeningv1.WatchlistRelease) map[numbered]int64 {
	out := map[numbered]int64{}
	for i := range releases {
		spec := &releases[i].Spec
		out[numbered{spec.Feed.ID, spec.Number}] = spec.Records.Total()
	}
	return out
}

// hubRows are the releases that the hub keeps, and what it holds for approval.
func hubRows(feeds []screeningv1.WatchlistFeed, releases []screeningv1.WatchlistRelease) []copyRow {
	out := []copyRow{}
	for i := range releases {
		release := &releases[i].Spec
		out = append(out, copyRow{
			Kind: kindHub, Feed: string(release.Feed.ID), Held: string(screeningv1.NewReleaseVersion(release.Number)),
			Digest: string(release.ContentDigest), ListDate: release.ListDate, Records: new(release.Records.Total()), Bytes: new(release.Artifact.Size),
		})
	}
	for i := range feeds {
		if held := feeds[i].Status.Held; held != nil {
			out = append(out, copyRow{Kind: kindHeld, Feed: string(feeds[i].ID()), Digest: string(held.Digest), Records: held.Records})
		}
	}
	return out
}

// regionRow is what all rows of a region share.
func regionRow(region *screeningv1.RegionalCluster, lease *coordinationv1.Lease) copyRow {
	row := copyRow{
		Kind: kindRegion, Region: region.Name, Jurisdiction: string(region.Spec.Jurisdiction),
		Link: string(screeningv1.LinkNotJoined),
	}
	if link := region.Status.Link; link != nil {
		row.Link, row.LinkSince = string(link.State), link.Since.UTC()
	}
	if order := region.Status.Order; order != nil {
		row.Order = order.PublishedSequence
	}
	if observed := region.Status.Observed; observed != nil {
		row.Observed = observed.Sequence
	}
	if versions := region.Status.Versions; versions != nil {
		row.Version = versions.Agent
	}
	if last := report.BeatsOf(lease).Last; !last.IsZero() {
		row.LastReport = last.UTC()
	}
	return row
}

// regionRows are a region's copies. A region without one has a row of its own.
func regionRows(base copyRow, replicas []screeningv1.WatchlistReplica, records map[numbered]int64) []copyRow {
	var out []copyRow
	for i := range replicas {
		replica := &replicas[i]
		if replica.Namespace != screeningv1.RegionNamespace(base.Region) {
			continue
		}
		row, status := base, &replica.Status
		row.Feed, row.State, row.Wanted = string(replica.Spec.Feed), string(replica.Spec.State), string(replica.Spec.Release)
		row.ServedBy, row.KeyEpoch = status.ServedBy, status.KeyEpoch
		if !status.KeySince.IsZero() {
			row.KeySince = status.KeySince.UTC()
		}
		if held := status.Held; held != nil {
			row.Held, row.Digest, row.ListDate = string(held.Release), string(held.Digest), held.ListDate
			// What is left out of a region's copy is known of the wanted release alone.
			if total, known := records[numbered{replica.Spec.Feed, held.Release.Number()}]; known && (status.Excluded == nil || held.Release == replica.Spec.Release) {
				row.Records = new(total - valueOf(status.Excluded))
			}
		}
		if erasure := status.Erasure; erasure != nil {
			row.Erasure = string(erasure.State)
			if !erasure.Until.IsZero() {
				row.Until = erasure.Until.UTC()
			}
		}
		out = append(out, row)
	}
	if len(out) == 0 {
		return []copyRow{base}
	}
	return out
}

func valueOf(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}

// bundleRows are the feeds of bundles that can still be imported.
func bundleRows(region *screeningv1.RegionalCluster, bundles []bundle.Record) []copyRow {
	var out []copyRow
	for _, record := range bundles {
		for _, feed := range record.Feeds {
			out = append(out, copyRow{
				Kind: kindBundle, Region: region.Name, Jurisdiction: string(region.Spec.Jurisdiction), Feed: feed.ID,
				Held: string(screeningv1.NewReleaseVersion(feed.Release)), Until: record.Expires.UTC(),
			})
		}
	}
	return out
}
