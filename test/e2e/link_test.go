// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/hack/stage"
)

// linkIs compares the link state that the hub shows of a region.
func (s *suite) linkIs(ctx context.Context, name string, want screeningv1.LinkState) error {
	r := region(name)
	if err := s.clients["hub"].Get(ctx, client.ObjectKeyFromObject(r), r); err != nil {
		return err
	}
	if r.Status.Link == nil || r.Status.Link.State != want {
		return fmt.Errorf("region %s: link %+v, want %s", name, r.Status.Link, want)
	}
	return nil
}

func survivesCut(t *testing.T, s *suite) {
	north, south := s.answers(t, "north"), s.answers(t, "south")
	cut := time.Now()
	must(t, s.clusters["north"].Cut(t.Context()))
	defer func() { must(t, s.clusters["north"].Mend(context.WithoutCancel(t.Context()))) }()
	s.publish(t, s.people[0]+1, s.people[1]+1)
	must(t, s.WaitRelease(t.Context(), s.posts["south"], person(t, 50), south+1))
	within(t, time.Minute, "the hub shows the loss", func(ctx context.Context) error {
		return s.linkIs(ctx, "north", screeningv1.LinkOffline)
	})
	r := region("north")
	must(t, s.clients["hub"].Get(t.Context(), client.ObjectKeyFromObject(r), r))
	if loss := r.Status.Link.Since.Sub(cut); loss < -15*time.Second || loss > 15*time.Second {
		t.Errorf("the time of first loss is %s off the cut", loss)
	}
	must(t, s.linkIs(t.Context(), "south", screeningv1.LinkConnected))
	if now := s.answers(t, "north"); now != north {
		t.Errorf("north answers from release %d although it was cut off at %d", now, north)
	}
	must(t, s.clusters["north"].Mend(t.Context()))
	mended := time.Now()
	must(t, s.WaitRelease(t.Context(), s.posts["north"], person(t, 50), north+1))
	t.Logf("north caught up %.1f s after the link was mended", time.Since(mended).Seconds())
	within(t, time.Minute, "the hub shows the return", func(ctx context.Context) error {
		return s.linkIs(ctx, "north", screeningv1.LinkConnected)
	})
}

// carriesBundle brings a release to a region without a line in a file.
func carriesBundle(t *testing.T, s *suite) {
	north, south := s.answers(t, "north"), s.answers(t, "south")
	must(t, s.clusters["north"].Cut(t.Context()))
	defer func() { must(t, s.clusters["north"].Mend(context.WithoutCancel(t.Context()))) }()
	s.publish(t, s.people[0]+1, s.people[1]+1)
	must(t, s.WaitRelease(t.Context(), s.posts["south"], person(t, 50), south+1))
	file := filepath.Join(t.TempDir(), "north.bundle")
	within(t, time.Minute, "the hub exports what it ordered", func(ctx context.Context) error {
		_, err := s.Frontline(ctx, s.Hub, "bundle", "export", "north", "-o", file)
		return err
	})
	begin := time.Now()
	_, err := s.Frontline(t.Context(), s.Region("north"), "bundle", "import", file)
	must(t, err)
	must(t, s.WaitRelease(t.Context(), s.posts["north"], person(t, 50), north+1))
	t.Logf("north answers from the bundle %.1f s after its import", time.Since(begin).Seconds())
	if _, err := s.Frontline(t.Context(), s.Region("north"), "bundle", "import", file); err == nil || !strings.Contains(err.Error(), "Replayed") {
		s.fault(t, "the same bundle a second time: %v, want a refusal as Replayed", err)
	}
	report := filepath.Join(t.TempDir(), "north.report")
	_, err = s.Frontline(t.Context(), s.Region("north"), "bundle", "report", "-o", report)
	must(t, err)
	_, err = s.Frontline(t.Context(), s.Hub, "bundle", "import-report", report)
	must(t, err)
	within(t, 30*time.Second, "the hub knows what north holds", func(ctx context.Context) error {
		replica := &screeningv1.WatchlistReplica{}
		replica.Namespace, replica.Name = "region-north", feedSpace+"."+feedName
		if err := s.clients["hub"].Get(ctx, client.ObjectKeyFromObject(replica), replica); err != nil {
			return err
		}
		if held := replica.Status.Held; held == nil || held.Release.Number() != north+1 {
			return fmt.Errorf("it holds %+v", held)
		}
		return nil
	})
	must(t, s.clusters["north"].Mend(t.Context()))
	within(t, time.Minute, "the line goes on where the bundle was", func(ctx context.Context) error {
		return s.linkIs(ctx, "north", screeningv1.LinkConnected)
	})
	s.publish(t, s.people[0]+1, s.people[1]+1)
	must(t, s.WaitRelease(t.Context(), s.posts["north"], person(t, 50), north+2))
}

// shortLived makes orders of the hub expire after a minute, from now on.
func (s *suite) shortLived(t *testing.T) {
	t.Helper()
	const edit = `[{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "--timestamp-interval=15s"},
		{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "--timestamp-lifetime=60s"}]`
	_, err := s.Kubectl(t.Context(), s.Hub, "-n", stage.Namespace, "patch", "deployment/frontline-hub", "--type=json", "-p", edit)
	must(t, err)
	_, err = s.Kubectl(t.Context(), s.Hub, "-n", stage.Namespace, "rollout", "status", "deployment/frontline-hub", "--timeout=180s")
	must(t, err)
	s.quiet(t, 45*time.Second) // every region has a short-lived timestamp by then
}

// survivesHub takes the hub's workloads away, waits until what it signed has
// expired, restarts an agent and a matcher pod then, and asks on.
func survivesHub(t *testing.T, s *suite) {
	s.shortLived(t)
	before := map[string]int64{"north": s.answers(t, "north"), "south": s.answers(t, "south")}
	scale := func(replicas string) {
		for _, w := range []string{"deployment/frontline-hub", "statefulset/frontline-registry"} {
			_, err := s.Kubectl(t.Context(), s.Hub, "-n", stage.Namespace, "scale", w, "--replicas="+replicas)
			must(t, err)
		}
	}
	scale("0")
	within(t, time.Minute, "the hub is gone", func(ctx context.Context) error {
		var pods corev1.PodList
		if err := s.clients["hub"].List(ctx, &pods, client.InNamespace(stage.Namespace)); err != nil {
			return err
		}
		if len(pods.Items) > 0 {
			return fmt.Errorf("%d pods left", len(pods.Items))
		}
		return nil
	})
	gone := time.Now()
	s.quiet(t, 65*time.Second)
	_, err := s.Kubectl(t.Context(), s.Region("north"), "-n", stage.Namespace, "delete", "pod", "frontline-agent-0")
	must(t, err)
	_, err = s.Kubectl(t.Context(), s.Region("north"), "-n", stage.Namespace, "rollout", "status", "statefulset/frontline-agent", "--timeout=90s")
	must(t, err)
	old := s.pods(t, "north", "region-north", matchers)
	victim := slices.Sorted(maps.Keys(old))[0]
	_, err = s.Kubectl(t.Context(), s.Region("north"), "-n", "region-north", "delete", "pod", victim)
	must(t, err)
	within(t, 90*time.Second, "a new matcher pod is Ready without the hub", func(ctx context.Context) error {
		if _, still := s.pods(t, "north", "region-north", matchers)[victim]; still {
			return errors.New("the old pod is still there")
		}
		p := pool("north")
		if err := s.clients["north"].Get(ctx, client.ObjectKeyFromObject(p), p); err != nil {
			return err
		}
		if p.Status.ReadyReplicas == nil || p.Status.Wanted == nil || *p.Status.ReadyReplicas != *p.Status.Wanted {
			return fmt.Errorf("pods %s", p.Status.Pods)
		}
		return nil
	})
	s.quiet(t, time.Until(gone.Add(2*time.Minute)))
	for name, release := range before {
		if now := s.answers(t, name); now != release {
			t.Errorf("%s answers from release %d, was %d", name, now, release)
		}
	}
	scale("1")
	for _, r := range s.Regions {
		within(t, 2*time.Minute, r.Name+" is connected again", func(ctx context.Context) error {
			return s.linkIs(ctx, r.Name, screeningv1.LinkConnected)
		})
	}
}
