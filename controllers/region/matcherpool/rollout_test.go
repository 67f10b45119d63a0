// SPDX-License-Identifier: Apache-2.0

package matcherpool

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
)

// requested is what the containers of the pool's pods request.
func (f *fixture) requested() int64 {
	f.Helper()
	var d appsv1.Deployment
	f.get("general-matcher", &d)
	spec := d.Spec.Template.Spec
	return spec.Containers[0].Resources.Requests.Memory().Value() + spec.InitContainers[0].Resources.Requests.Memory().Value()
}

// TestMemoryFollowsTheLists: growing lists get more before they need it, and
// shrinking ones give it up when pods are replaced for another reason.
func TestMemoryFollowsTheLists(t *testing.T) {
	f := newFixture(t)
	s := spec("intl.un-sc")
	f.create(s)
	step := func(size int64, wantRoom int64) {
		t.Helper()
		f.feeds[0].Size = size
		f.order(&s)
		f.reconcile()
		memory := f.status().Status.Memory
		if got := memory.Room.Value(); got != wantRoom {
			t.Errorf("with %d bytes of lists there is room for %d MiB, want %d", size, got/mebibyte, wantRoom/mebibyte)
		}
		if want := matcherRequest(wantRoom) + loaderRequest(wantRoom); f.requested() != want || memory.Request.Value() != want {
			t.Errorf("a pod requests %d, the status says %d, want %d", f.requested(), memory.Request.Value(), want)
		}
	}
	step(1000, leastData)
	step(15*mebibyte, 24*mebibyte)
	step(mebibyte, 24*mebibyte)
	if err := f.region.Store().DropTemplate(templateKey("general")); err != nil {
		t.Fatal(err)
	}
	f.start("example.test/frontline:v2")
	f.terms()
	step(mebibyte, 24*mebibyte)
	s.Spread = screeningv1.SpreadHard
	step(mebibyte, leastData)
	step(mebibyte+1, leastData)
}

func TestPodsAreSpread(t *testing.T) {
	for _, tt := range []struct {
		spread screeningv1.Spread
		host   corev1.UnsatisfiableConstraintAction
	}{
		{"", corev1.ScheduleAnyway}, {screeningv1.SpreadSoft, corev1.ScheduleAnyway}, {screeningv1.SpreadHard, corev1.DoNotSchedule},
	} {
		t.Run("spread "+string(tt.spread), func(t *testing.T) {
			f := newFixture(t)
			f.pool.PriorityClass = "matchers"
			s := spec("intl.un-sc")
			s.Spread = tt.spread
			f.order(&s)
			f.create(s)
			f.reconcile()
			var d appsv1.Deployment
			f.get("general-matcher", &d)
			got := map[string]corev1.UnsatisfiableConstraintAction{}
			for _, c := range d.Spec.Template.Spec.TopologySpreadConstraints {
				got[c.TopologyKey] = c.WhenUnsatisfiable
				if len(c.MatchLabelKeys) != 1 || c.MatchLabelKeys[0] != "pod-template-hash" {
					t.Errorf("pods of a rollout are not counted by themselves: %v", c.MatchLabelKeys)
				}
			}
			if len(got) != 2 || got[corev1.LabelHostname] != tt.host || got[corev1.LabelTopologyZone] != corev1.ScheduleAnyway {
				t.Errorf("spread as %v, want hosts %s and zones as may be", got, tt.host)
			}
			if got := d.Spec.Template.Spec.PriorityClassName; got != "matchers" {
				t.Errorf("priority class %q", got)
			}
			var budget policyv1.PodDisruptionBudget
			f.get("general-matcher", &budget)
			if p := budget.Spec.UnhealthyPodEvictionPolicy; p == nil || *p != policyv1.AlwaysAllow || budget.Spec.MaxUnavailable.IntVal != 1 {
				t.Errorf("the budget is %+v, want one pod at a time and the unhealthy at any", budget.Spec)
			}
		})
	}
}

// TestOneMachineHasNoRoomForOneMore: on Edge a pod goes before the next comes.
func TestOneMachineHasNoRoomForOneMore(t *testing.T) {
	for profile, want := range map[screeningv1.RegionProfile][2]int32{
		screeningv1.ProfileStandard: {1, 0}, screeningv1.ProfileEdge: {0, 1},
	} {
		t.Run(string(profile), func(t *testing.T) {
			f := newFixture(t)
			f.hub.Region.Profile = string(profile)
			s := spec("intl.un-sc")
			f.order(&s)
			f.create(s)
			f.reconcile()
			var d appsv1.Deployment
			f.get("general-matcher", &d)
			r := d.Spec.Strategy.RollingUpdate
			if got := [2]int32{r.MaxSurge.IntVal, r.MaxUnavailable.IntVal}; got != want {
				t.Errorf("surge and unavailable are %v, want %v", got, want)
			}
		})
	}
}
