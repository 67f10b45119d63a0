// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/internal/replicas"
	"github.com/frontline-screening/frontline/controllers/hub/keystore"
	"github.com/frontline-screening/frontline/controllers/hub/watchlistfeed"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/depot"
)

// Kinds returns a reconciler for each kind whose deletion concerns regions.
func Kinds(c client.Client, copies Copies, clk clock.PassiveClock) []*Reconciler {
	return []*Reconciler{
		{
			Client: c, Clock: clk, Kind: screeningv1.WithdrawalMatcherPool,
			New: func() client.Object { return &screeningv1.MatcherPool{} }, Entry: inNamespace,
		},
		{
			Client: c, Clock: clk, Kind: screeningv1.WithdrawalBorderPost,
			New: func() client.Object { return &screeningv1.BorderPost{} }, Entry: inNamespace,
		},
		{
			Client: c, Clock: clk, Kind: screeningv1.WithdrawalWatchlistFeed,
			New: func() client.Object { return &screeningv1.WatchlistFeed{} }, Entry: whereHeld,
			Release: func(ctx context.Context, o client.Object) error { return copies.drop(ctx, c, o) },
		},
	}
}

// inNamespace: a pool or post concerns the region whose namespace it is in,
// and nobody elsewhere.
func inNamespace(_ context.Context, _ client.Client, o client.Object) (string, []string, error) {
	region, ok := strings.CutPrefix(o.GetNamespace(), screeningv1.RegionNamespacePrefix)
	if !ok {
		return "", nil, nil
	}
	return o.GetName(), []string{region}, nil
}

// whereHeld: a feed concerns every region that was given it.
func whereHeld(ctx context.Context, c client.Client, o client.Object) (string, []string, error) {
	id := screeningv1.NewFeedID(o.GetNamespace(), o.GetName())
	held, err := replicas.Of(ctx, c, id)
	if err != nil {
		return "", nil, err
	}
	var regions []string
	for i := range held {
		regions = append(regions, replicas.Region(&held[i]))
	}
	return string(id), regions, nil
}

// Copies are what the hub itself has of feeds.
type Copies struct {
	Registry *artifact.Registry
	Depot    *depot.Depot
	Keys     *keystore.Store
}

// drop removes all that the hub itself has of a feed: the keys of its copies
// first, then plain files, what is held and what was published. Its releases go
// with it. The key that names its records stays, and with it what was erased:
// a feed that is made again keeps them out.
func (c Copies) drop(ctx context.Context, k client.Client, o client.Object) error {
	id := screeningv1.NewFeedID(o.GetNamespace(), o.GetName())
	feed := string(id)
	errs := []error{c.endKeys(ctx, id)}
	c.Depot.Forget(feed)
	manifests, err := c.manifests(ctx, k, o)
	errs = append(errs, err)
	for repository, digests := range manifests {
		for _, manifest := range digests {
			errs = append(errs, c.Registry.Delete(ctx, repository, manifest))
		}
	}
	_, err = c.Registry.Collect(ctx, artifact.CollectOptions{Untagged: []string{depot.Repository(feed), watchlistfeed.HeldRepository(feed)}, UntaggedSeconds: 1})
	if !errors.Is(err, artifact.ErrCollectUnsupported) {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// endKeys destroys the keys of the hub's copies. One that nothing is sealed to
// takes their place.
func (c Copies) endKeys(ctx context.Context, id screeningv1.FeedID) error {
	next, err := c.Keys.Rotate(ctx, id)
	if apierrors.IsNotFound(err) {
		return nil // it never had a copy
	}
	if err != nil {
		return err
	}
	_, err = c.Keys.Destroy(ctx, id, next.Current().Epoch)
	return err
}

// manifests are the artifacts of a feed's releases, and of the held one.
func (c Copies) manifests(ctx context.Context, k client.Client, o client.Object) (map[string][]string, error) {
	feed := string(screeningv1.NewFeedID(o.GetNamespace(), o.GetName()))
	list := &screeningv1.WatchlistReleaseList{}
	if err := k.List(ctx, list, client.InNamespace(o.GetNamespace())); err != nil {
		return nil, fmt.Errorf("list releases: %w", err)
	}
	out := map[string][]string{}
	for i := range list.Items {
		if spec := list.Items[i].Spec; spec.Feed.UID == o.GetUID() {
			out[depot.Repository(feed)] = append(out[depot.Repository(feed)], string(spec.Artifact.Digest))
		}
	}
	held := watchlistfeed.HeldRepository(feed)
	tags, err := c.Registry.Tags(ctx, held)
	for _, tag := range tags {
		desc, unresolved := c.Registry.Resolve(ctx, held, tag)
		err = errors.Join(err, unresolved)
		if unresolved == nil {
			out[held] = append(out[held], desc.Digest.String())
		}
	}
	return out, err
}
