// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/hack/stage"
)

// conditions is what every kind of the API has.
type conditions interface {
	client.Object
	screeningv1.Object
}

// hasCondition reads the object and compares a condition.
func (s *suite) hasCondition(ctx context.Context, site string, obj conditions, kind, status, reason string) error {
	if err := s.clients[site].Get(ctx, client.ObjectKeyFromObject(obj), obj); err != nil {
		return err
	}
	c := meta.FindStatusCondition(obj.GetConditions(), kind)
	if c == nil {
		return fmt.Errorf("%s has no condition %s", obj.GetName(), kind)
	}
	if string(c.Status) != status || (reason != "" && c.Reason != reason) {
		return fmt.Errorf("%s: %s=%s, %s: %s", obj.GetName(), kind, c.Status, c.Reason, c.Message)
	}
	if c.ObservedGeneration != obj.GetGeneration() {
		return fmt.Errorf("%s: %s observed generation %d of %d", obj.GetName(), kind, c.ObservedGeneration, obj.GetGeneration())
	}
	return nil
}

func pool(region string) *screeningv1.MatcherPool {
	p := &screeningv1.MatcherPool{}
	p.Namespace, p.Name = screeningv1.RegionNamespace(region), poolName
	return p
}

func post(region string) *screeningv1.BorderPost {
	p := &screeningv1.BorderPost{}
	p.Namespace, p.Name = screeningv1.RegionNamespace(region), stage.SamplePosts[region]
	return p
}

func feed(name string) *screeningv1.WatchlistFeed {
	f := &screeningv1.WatchlistFeed{}
	f.Namespace, f.Name = feedSpace, name
	return f
}

func region(name string) *screeningv1.RegionalCluster {
	r := &screeningv1.RegionalCluster{}
	r.Name = name
	return r
}

func converges(t *testing.T, s *suite) {
	within(t, time.Minute, "the feed is Ready", func(ctx context.Context) error {
		return s.hasCondition(ctx, "hub", feed(feedName), screeningv1.ConditionReady, "True", "")
	})
	for _, site := range s.Regions {
		within(t, time.Minute, site.Name+" on the hub", func(ctx context.Context) error {
			return errors.Join(
				s.hasCondition(ctx, "hub", region(site.Name), screeningv1.ConditionReady, "True", ""),
				s.hasCondition(ctx, "hub", pool(site.Name), screeningv1.ConditionReady, "True", ""),
				s.hasCondition(ctx, "hub", post(site.Name), screeningv1.ConditionReady, "True", ""),
				s.hasCondition(ctx, site.Name, pool(site.Name), screeningv1.ConditionReady, "True", ""),
			)
		})
		answer, err := s.posts[site.Name].Screen(t.Context(), person(t, 50).Request)
		must(t, err)
		if err := stage.Check(answer, "SYi.050", ""); err != nil {
			t.Errorf("%s: %v", site.Name, err)
		}
		if answer.ID == "" || len(answer.Engines) == 0 || answer.Mode == "" {
			t.Errorf("%s: the answer lacks id, engine or mode", site.Name)
		}
	}
	out, err := s.Kubectl(t.Context(), s.Hub, "get", "rgn")
	must(t, err)
	t.Logf("\n%s", out)
	for _, column := range []string{"JURISDICTION", "PROFILE", "LINK", "SINCE", "COPIES", "OWED", "READY", "AGE"} {
		if !strings.Contains(out, column) {
			t.Errorf("kubectl get rgn shows no column %s", column)
		}
	}
	f := feed(feedName)
	must(t, s.clients["hub"].Get(t.Context(), client.ObjectKeyFromObject(f), f))
	_, err = s.Kubectl(t.Context(), s.Hub, "wait", "--for=condition=Available", "-n", feedSpace, "rel/"+f.Status.Release.Name, "--timeout=60s")
	must(t, err)
}

func restricted(t *testing.T, s *suite) {
	for _, site := range s.Sites() {
		var list corev1.NamespaceList
		must(t, s.clients[site.Name].List(t.Context(), &list))
		own := 0
		for _, ns := range list.Items {
			if strings.HasPrefix(ns.Name, "kube-") || ns.Name == "default" {
				continue
			}
			own++
			if ns.Labels["pod-security.kubernetes.io/enforce"] != "restricted" {
				t.Errorf("%s: namespace %s does not enforce the restricted Pod Security Standard", site.Name, ns.Name)
			}
		}
		if own < 2 {
			t.Errorf("%s has %d namespaces of ours", site.Name, own)
		}
	}
}

func updatesUnderLoad(t *testing.T, s *suite) {
	before := map[string]int64{}
	for _, r := range s.Regions {
		before[r.Name] = s.answers(t, r.Name)
	}
	begin := time.Now()
	s.publish(t, 2, 301)
	for _, r := range s.Regions {
		must(t, s.WaitRelease(t.Context(), s.posts[r.Name], person(t, 50), before[r.Name]+1))
		t.Logf("%s answered from the new release after %.1f s", r.Name, time.Since(begin).Seconds())
		// Another pod of the pool may be a moment behind.
		within(t, 20*time.Second, r.Name+" answers from the new list alone", func(ctx context.Context) error {
			added, err := s.posts[r.Name].Screen(ctx, person(t, 301).Request)
			if err != nil {
				return err
			}
			removed, err := s.posts[r.Name].Screen(ctx, person(t, 1).Request)
			if err != nil {
				return err
			}
			return errors.Join(stage.Check(added, "SYi.301", ""), stage.Check(removed, "", "SYi.001"))
		})
	}
}

func repairs(t *testing.T, s *suite) {
	for _, r := range s.Regions {
		namespace := screeningv1.RegionNamespace(r.Name)
		c := s.clients[r.Name]
		service := &corev1.Service{}
		key := types.NamespacedName{Namespace: namespace, Name: poolName + "-matcher"}
		must(t, c.Get(t.Context(), key, service))
		uid := service.UID
		must(t, c.Delete(t.Context(), service))
		within(t, 30*time.Second, "the pool's Service is back", func(ctx context.Context) error {
			var again corev1.Service
			if err := c.Get(ctx, key, &again); err != nil {
				return err
			}
			if again.UID == uid {
				return errors.New("the old one is still there")
			}
			return nil
		})
		deployment := &appsv1.Deployment{}
		must(t, c.Get(t.Context(), key, deployment))
		wanted := deployment.Spec.Template.Spec.Containers[0].Image
		edited := deployment.DeepCopy()
		edited.Spec.Template.Spec.Containers[0].Args = append(edited.Spec.Template.Spec.Containers[0].Args, "--log-level=debug")
		must(t, c.Patch(t.Context(), edited, client.MergeFrom(deployment)))
		within(t, 30*time.Second, "the Deployment is repaired", func(ctx context.Context) error {
			var again appsv1.Deployment
			if err := c.Get(ctx, key, &again); err != nil {
				return err
			}
			container := again.Spec.Template.Spec.Containers[0]
			if len(container.Args) != len(deployment.Spec.Template.Spec.Containers[0].Args) || container.Image != wanted {
				return fmt.Errorf("it has %d arguments", len(container.Args))
			}
			return nil
		})
		within(t, 2*time.Minute, "the pool is Ready again", func(ctx context.Context) error {
			return s.hasCondition(ctx, r.Name, pool(r.Name), screeningv1.ConditionReady, "True", "")
		})
	}
}

const southOnly = `apiVersion: screening.frontline.dev/v1alpha1
kind: MatcherPool
metadata: {name: restricted, namespace: region-north}
spec:
  feeds: [{id: intl.un-sc}, {id: intl.south-only}]
  modalities: [Biographic, Document]
  replicas: 1
  bounds: {min: 1, max: 2}
`

func refusesJurisdiction(t *testing.T, s *suite) {
	var southern screeningv1.WatchlistFeed
	must(t, s.clients["hub"].Get(t.Context(), types.NamespacedName{Namespace: feedSpace, Name: feedName}, &southern))
	other := &screeningv1.WatchlistFeed{Spec: southern.Spec}
	other.Namespace, other.Name = feedSpace, "south-only"
	other.Spec.Sharing.Allow = []screeningv1.CountryCode{"ME"}
	must(t, s.clients["hub"].Create(t.Context(), other))
	must(t, s.Apply(t.Context(), s.Hub, southOnly))
	north := &screeningv1.MatcherPool{}
	north.Namespace, north.Name = "region-north", "restricted"
	within(t, 2*time.Minute, "the pool says why and stays up", func(ctx context.Context) error {
		return errors.Join(
			s.hasCondition(ctx, "hub", north, screeningv1.ConditionFeedsResolved, "False", screeningv1.ReasonNotAllowedHere),
			s.hasCondition(ctx, "north", north, screeningv1.ConditionReady, "True", ""),
		)
	})
	for _, site := range []string{"hub", "north"} {
		var replica screeningv1.WatchlistReplica
		err := s.clients[site].Get(t.Context(), types.NamespacedName{Namespace: "region-north", Name: "intl.south-only"}, &replica)
		if !apierrors.IsNotFound(err) {
			t.Errorf("%s: a replica of a feed not allowed there: %v", site, err)
		}
	}
	must(t, s.clients["hub"].Delete(t.Context(), north))
	within(t, 2*time.Minute, "the withdrawn pool is gone from the region", func(ctx context.Context) error {
		err := s.clients["north"].Get(ctx, client.ObjectKeyFromObject(north), north)
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("pool restricted: %w", errors.Join(err, errors.New("still there")))
	})
	must(t, s.clients["hub"].Delete(t.Context(), other))
}

func survivesGarbage(t *testing.T, s *suite) {
	before := s.answers(t, "north")
	must(t, s.publisher.Publish(listFile, []byte("<html>maintenance</html>")))
	within(t, time.Minute, "the feed says why", func(ctx context.Context) error {
		return s.hasCondition(ctx, "hub", feed(feedName), screeningv1.ConditionBuilt, "False", screeningv1.ReasonParseFailed)
	})
	if now := s.answers(t, "north"); now != before {
		t.Errorf("north answers from release %d, not from the last good %d", now, before)
	}
	s.publish(t, s.people[0], s.people[1])
	within(t, time.Minute, "the feed recovers", func(ctx context.Context) error {
		return s.hasCondition(ctx, "hub", feed(feedName), screeningv1.ConditionBuilt, "True", "")
	})
	if now := s.answers(t, "north"); now != before {
		t.Errorf("the same list became release %d", now)
	}
}
