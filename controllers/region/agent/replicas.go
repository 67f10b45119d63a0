// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/patch"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region"
)

// replicas shows the copies of the region: one WatchlistReplica for each that
// is held or shall be. They are for people; nothing acts on them.
func (r *Reconciler) replicas(ctx context.Context, s *scope) error {
	var list screeningv1.WatchlistReplicaList
	if err := r.client.List(ctx, &list, client.InNamespace(s.namespace)); err != nil {
		return err
	}
	live := map[string]*screeningv1.WatchlistReplica{}
	for i := range list.Items {
		live[list.Items[i].Name] = &list.Items[i]
	}
	if s.order == nil || !r.region.Started() {
		return nil
	}
	copies := r.region.Copies()
	var errs []error
	for i := range s.order.Feeds {
		f := &s.order.Feeds[i]
		replica := live[f.ID]
		_, held := copies[f.ID]
		if !r.local && !held && !placed(f, s.order.Region.Jurisdiction) {
			if replica != nil {
				errs = append(errs, client.IgnoreNotFound(r.client.Delete(ctx, replica)))
			}
			continue
		}
		if !r.local {
			replica = &screeningv1.WatchlistReplica{}
			_, err := r.applier.Apply(ctx, replica, client.ApplyConfigurationFromUnstructured(desiredReplica(s.namespace, r.region.Name(), f)))
			if apierrors.IsInvalid(err) {
				s.refuse("WatchlistReplica", f.ID, "Invalid", err)
				continue
			}
			if err != nil {
				errs = append(errs, err)
				continue
			}
		}
		if replica != nil {
			errs = append(errs, r.replicaStatus(ctx, replica, s.order, f, copies))
		}
	}
	for name, replica := range live {
		_, held := copies[name]
		if s.order.Feed(name) == nil && !held && !r.local {
			errs = append(errs, client.IgnoreNotFound(r.client.Delete(ctx, replica)))
		}
	}
	return errors.Join(errs...)
}

// placed reports whether the order wants a copy of the feed here. It also lists
// feeds that pools name in vain, so that a region can say why they are missing.
func placed(f *order.Feed, jurisdiction string) bool {
	return f.State != order.Erase && f.Release > 0 && slices.Contains(f.Jurisdictions, jurisdiction)
}

// desiredReplica is the replica of a feed as the order speaks of it.
func desiredReplica(namespace, regionName string, f *order.Feed) *unstructured.Unstructured {
	spec := map[string]any{"feed": f.ID, "state": string(f.State)}
	set := func(key, value string) {
		if value != "" {
			spec[key] = value
		}
	}
	if f.Release > 0 {
		set("release", string(screeningv1.NewReleaseVersion(f.Release)))
		set("contentDigest", f.Content)
	} else if f.State == order.Serve {
		// The copy is of an earlier feed of this name: the API has Serve with a release only.
		spec["state"] = string(screeningv1.ReplicaLock)
	}
	set("floor", string(screeningv1.NewReleaseVersion(f.Floor)))
	set("listDate", order.Day(f.ListDate))
	u := newUnstructured("WatchlistReplica", namespace, f.ID)
	u.SetLabels(map[string]string{screeningv1.LabelRegion: regionName})
	u.Object["spec"] = spec
	return u
}

func (r *Reconciler) replicaStatus(ctx context.Context, replica *screeningv1.WatchlistReplica, v *region.Verified, f *order.Feed, copies region.Copies) error {
	helper := patch.New(r.client, replica)
	replica.Status.ObservedGeneration = replica.Generation
	held, has := copies[f.ID]
	replica.Status.Held, replica.Status.ServedBy = nil, ""
	if has {
		replica.Status.Held = &screeningv1.HeldCopy{Release: screeningv1.NewReleaseVersion(held.Release), Digest: screeningv1.Digest(held.Content), ListDate: order.Day(held.ListDate)}
	}
	if n := r.region.Served(f.ID).Pods; n == 1 {
		replica.Status.ServedBy = "1 pod"
	} else if n > 1 {
		replica.Status.ServedBy = fmt.Sprintf("%d pods", n)
	}
	state := planReplica(region.Judge(v.Order, r.region.Terms(), f.ID), f, held, has, r.region.Failure(f.ID))
	conditions.Set(replica, screeningv1.ConditionHeld, state.held, state.reason, state.message)
	switch {
	case state.ready:
		conditions.Settle(replica, state.reason, "%s", state.message)
	case state.stalled:
		conditions.Stall(replica, state.reason, "%s", state.message)
	default:
		conditions.Progress(replica, state.reason, "%s", state.message)
	}
	_, err := helper.Status(ctx, replica)
	return err
}
