// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/hack/stage"
)

// sameRegions remembers the objects and pods of both regions and returns a
// check that they are still the same.
func (s *suite) sameRegions(t *testing.T) func() error {
	t.Helper()
	type state struct{ pool, post, pods string }
	read := func() map[string]state {
		out := map[string]state{}
		for _, r := range s.Regions {
			p, b := pool(r.Name), post(r.Name)
			must(t, s.clients[r.Name].Get(t.Context(), client.ObjectKeyFromObject(p), p))
			must(t, s.clients[r.Name].Get(t.Context(), client.ObjectKeyFromObject(b), b))
			out[r.Name] = state{string(p.UID), string(b.UID), fmt.Sprint(s.pods(t, r.Name, screeningv1.RegionNamespace(r.Name), nil))}
		}
		return out
	}
	before := read()
	return func() error {
		var errs []error
		for name, now := range read() {
			if now != before[name] {
				errs = append(errs, fmt.Errorf("%s changed: %+v, was %+v", name, now, before[name]))
			}
		}
		return errors.Join(errs...)
	}
}

// survivesPrune deletes every pool and post of both regions on the hub, as a
// pruned folder of manifests does, and puts them back.
func survivesPrune(t *testing.T, s *suite) {
	same := s.sameRegions(t)
	for _, r := range s.Regions {
		_, err := s.Kubectl(t.Context(), s.Hub, "-n", screeningv1.RegionNamespace(r.Name), "delete", "pool,post", "--all", "--timeout=30s")
		must(t, err)
	}
	for _, r := range s.Regions {
		within(t, time.Minute, r.Name+": the withdrawals are held", func(ctx context.Context) error {
			return s.hasCondition(ctx, "hub", region(r.Name), screeningv1.ConditionWithdrawalsHeld, "True", "")
		})
	}
	s.quiet(t, 30*time.Second)
	must(t, same())
	_, err := s.Kubectl(t.Context(), s.Hub, "apply", "-k", s.overlay)
	must(t, err)
	for _, r := range s.Regions {
		within(t, time.Minute, r.Name+" is listed again", func(ctx context.Context) error {
			return errors.Join(
				s.hasCondition(ctx, "hub", post(r.Name), screeningv1.ConditionReady, "True", ""),
				s.hasCondition(ctx, "hub", pool(r.Name), screeningv1.ConditionReady, "True", ""),
			)
		})
		rc := region(r.Name)
		must(t, s.clients["hub"].Get(t.Context(), client.ObjectKeyFromObject(rc), rc))
		if len(rc.Status.Withdrawals) > 0 {
			t.Errorf("%s: %d withdrawals are left although everything is back", r.Name, len(rc.Status.Withdrawals))
		}
	}
	must(t, same())
}

// survivesRestore puts back an old copy of the hub's etcd. What the hub did
// since then it does not know; its regions do.
func survivesRestore(t *testing.T, s *suite) {
	hub := s.clusters["hub"]
	backup := filepath.Join(t.TempDir(), "etcd")
	must(t, hub.BackupEtcd(t.Context(), backup))

	// The hub goes on: a new list, which both regions answer from.
	release := s.answers(t, "north")
	s.publish(t, s.people[0]+1, s.people[1]+1)
	for _, r := range s.Regions {
		must(t, s.WaitRelease(t.Context(), s.posts[r.Name], person(t, 50), release+1))
	}
	sequence := map[string]int64{}
	for _, r := range s.Regions {
		rc := region(r.Name)
		must(t, s.clients["hub"].Get(t.Context(), client.ObjectKeyFromObject(rc), rc))
		sequence[r.Name] = rc.Status.Order.Sequence
	}
	same := s.sameRegions(t)

	must(t, hub.RestoreEtcd(t.Context(), backup))
	_, err := s.Kubectl(t.Context(), s.Hub, "-n", stage.Namespace, "rollout", "restart", "deployment/frontline-hub")
	must(t, err)
	_, err = s.Kubectl(t.Context(), s.Hub, "-n", stage.Namespace, "rollout", "status", "deployment/frontline-hub", "--timeout=180s")
	must(t, err)
	for _, r := range s.Regions {
		within(t, 2*time.Minute, r.Name+" follows the restored hub", func(ctx context.Context) error {
			rc := region(r.Name)
			if err := s.clients["hub"].Get(ctx, client.ObjectKeyFromObject(rc), rc); err != nil {
				return err
			}
			switch {
			case rc.Status.Order == nil || rc.Status.Order.Sequence < sequence[r.Name]:
				return fmt.Errorf("order %+v is below sequence %d", rc.Status.Order, sequence[r.Name])
			case rc.Status.Observed == nil || rc.Status.Observed.Sequence != rc.Status.Order.Sequence:
				return fmt.Errorf("observed %+v of order %+v", rc.Status.Observed, rc.Status.Order)
			}
			return s.linkIs(ctx, r.Name, screeningv1.LinkConnected)
		})
		if now := s.answers(t, r.Name); now < release+1 {
			t.Errorf("%s went back to release %d from %d", r.Name, now, release+1)
		}
	}
	must(t, same())
	// And it still leads: the next list reaches both.
	release = s.answers(t, "north")
	s.publish(t, s.people[0]+1, s.people[1]+1)
	for _, r := range s.Regions {
		must(t, s.WaitRelease(t.Context(), s.posts[r.Name], person(t, 50), release+1))
	}
}
