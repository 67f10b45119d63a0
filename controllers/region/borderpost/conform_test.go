// SPDX-License-Identifier: Apache-2.0

package borderpost

import (
	"errors"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions/conditionstest"
	"github.com/frontline-screening/frontline/controllers/region/internal/workload"
	"github.com/frontline-screening/frontline/internal/front"
)

// TestEveryStateOfAPostConforms goes through what can be combined.
func TestEveryStateOfAPostConforms(t *testing.T) {
	pools := []front.Pool{{Name: "general", Feeds: []string{"intl.a", "intl.b"}}}
	bindings := map[string]binding{
		"bound":            {pools: pools},
		"one pool missing": {pools: pools, reason: screeningv1.ReasonPoolNotFound, messages: []string{"pool x does not exist"}},
		"pool down":        {pools: pools, reason: screeningv1.ReasonPoolNotAvailable, messages: []string{"too few pods"}},
		"no pool":          {reason: screeningv1.ReasonPoolNotFound, messages: []string{"pool x does not exist"}},
		"pool without feeds": planBinding("north", screeningv1.BorderPostSpec{Pools: []screeningv1.PostPool{{Name: "general"}}},
			func(string) ([]string, bool) { return nil, true }, func(string) bool { return true }),
	}
	for name, b := range bindings {
		for state := range 1 << 4 {
			taken, refused, down, failed := state&1 > 0, state&2 > 0, state&4 > 0, state&8 > 0
			for served := range len(b.feeds()) + 1 {
				t.Run(fmt.Sprintf("%s/taken %v/refused %v/down %v/failed before %v/served %d", name, taken, refused, down, failed, served), func(t *testing.T) {
					s := &scope{
						owner: workload.Owner{Component: workload.ComponentFront, Region: "north", Name: "hani"},
						post:  &screeningv1.BorderPost{}, binding: b, nodePortTaken: taken,
						accepted: []string{"BorderControl"}, refused: []string{"CarrierCheck"},
						deployment: &appsv1.Deployment{}, service: &corev1.Service{},
						outlook: outlook{served: served, answers: screeningv1.AnswersOnline, missing: []string{"intl.x is being loaded"}[:min(1, 2-served)]},
					}
					s.post.Generation = 7
					if refused {
						s.accepted = nil
					}
					if !down {
						s.deployment.Status.ReadyReplicas = 1
					}
					if failed {
						s.summarize(errors.New("the API server is away"))
					}
					s.summarize(nil)
					conditionstest.Conform(t, s.post, s.post.Status.ObservedGeneration)
					if s.post.Status.Summary == "" {
						t.Error("the summary is empty")
					}
				})
			}
		}
	}
}
