// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/hack/cluster/rig"
	"github.com/frontline-screening/frontline/hack/stage"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// TestAllInOne plays hub and region in one cluster and one process: the same
// orders, without a gateway.
func TestAllInOne(t *testing.T) {
	s := setUpAllInOne(t)
	s.play(t, []step{
		{"alone: converges after one apply", answersAlone},
		{"alone: has no gateway", hasNoGateway},
		{"alone: a new list reaches every answer under load", updatesUnderLoad},
		{"alone: a restarted operator restarts no matcher", restartsNothingAlone},
		{"alone: a settled system writes nothing but leases", settlesAlone},
		{"alone: a pruned folder takes no post down", survivesPruneAlone},
		{"alone: a deleted post is withdrawn", withdrawsAlone},
	})
}

func setUpAllInOne(t *testing.T) *suite {
	t.Helper()
	ctx := t.Context()
	root, err := filepath.Abs("../..")
	must(t, err)
	cache, err := os.UserCacheDir()
	must(t, err)
	state := filepath.Join(cache, "frontline", "clusters-"+stage.SoloCluster)
	if !*keep {
		t.Cleanup(func() {
			if err := rig.Down(context.Background(), state, os.Stderr); err != nil {
				t.Error(err)
			}
		})
	}
	played, err := stage.AllInOneOnRig(ctx, root, state,
		stage.Image{Reference: os.Getenv("FRONTLINE_IMAGE"), Archive: os.Getenv("FRONTLINE_IMAGE_ARCHIVE")},
		stage.NewProgress(os.Stderr), os.Stderr)
	must(t, err)
	clusters, err := rig.Load(state)
	must(t, err)
	home := played.Region(stage.LocalRegion)
	config, err := clientcmd.BuildConfigFromFlags("", home.Kubeconfig)
	must(t, err)
	scheme := runtime.NewScheme()
	must(t, clientgoscheme.AddToScheme(scheme))
	must(t, screeningv1.AddToScheme(scheme))
	c, err := client.New(config, client.Options{Scheme: scheme})
	must(t, err)

	// The one cluster is both the hub and the region of the steps.
	s := &suite{
		Stage:    played,
		clusters: map[string]*rig.Cluster{home.Name: clusters[0]},
		clients:  map[string]client.Client{"hub": c, home.Name: c},
		posts:    map[string]*stage.Post{}, streams: map[string]*stage.Stream{}, people: [2]int{1, 300}, begun: time.Now(),
	}
	folder := t.TempDir()
	s.publisher, err = stage.NewPublisher(filepath.Join(folder, "published"))
	must(t, err)
	s.publish(t, s.people[0], s.people[1])
	go func() { _ = s.publisher.Serve(ctx, s.PublisherHost+":"+listenPort) }()
	s.overlay = filepath.Join(folder, "overlay")
	must(t, s.Overlay(s.overlay, stage.Feed{URL: "http://" + s.PublisherHost + ":" + listenPort + "/" + listFile, Format: string(watchlist.UNXML), Interval: "5s"}))
	must(t, s.InstallAllInOne(ctx))
	must(t, s.Converge(ctx, s.overlay))
	s.startStreams(t)
	return s
}

func answersAlone(t *testing.T, s *suite) {
	within(t, time.Minute, "everything is Ready", func(ctx context.Context) error {
		return errors.Join(
			s.hasCondition(ctx, "hub", feed(feedName), screeningv1.ConditionReady, "True", ""),
			s.hasCondition(ctx, "hub", region(stage.LocalRegion), screeningv1.ConditionReady, "True", ""),
			s.hasCondition(ctx, "hub", pool(stage.LocalRegion), screeningv1.ConditionReady, "True", ""),
			s.hasCondition(ctx, "hub", post(stage.LocalRegion), screeningv1.ConditionReady, "True", ""),
		)
	})
	for number, due := range map[int]string{50: "SYi.050", 300: "SYi.300"} {
		answer, err := s.posts[stage.LocalRegion].Screen(t.Context(), person(t, number).Request)
		must(t, err)
		must(t, stage.Check(answer, due, ""))
	}
	out, err := s.Kubectl(t.Context(), s.Hub, "get", "frontline", "-A")
	must(t, err)
	t.Logf("\n%s", out)
}

// hasNoGateway looks for what only a hub with regions elsewhere has.
func hasNoGateway(t *testing.T, s *suite) {
	out, err := s.Kubectl(t.Context(), s.Hub, "-n", stage.Namespace, "get", "service", "-o", "name")
	must(t, err)
	if strings.Contains(out, "gateway") {
		t.Errorf("there is a gateway's Service: %s", out)
	}
	out, err = s.Kubectl(t.Context(), s.Hub, "-n", stage.Namespace, "get", "pod",
		"-o", "jsonpath={.items[*].spec.containers[*].ports[*].name}")
	must(t, err)
	if strings.Contains(out, "gateway") {
		t.Errorf("a pod offers a gateway's port: %s", out)
	}
}

// restartAlone restarts hub and region, which are one process.
func (s *suite) restartAlone(t *testing.T) {
	t.Helper()
	for _, args := range [][]string{
		{"rollout", "restart", "deployment/frontline-all"},
		{"rollout", "status", "deployment/frontline-all", "--timeout=180s"},
	} {
		_, err := s.Kubectl(t.Context(), s.Hub, append([]string{"-n", stage.Namespace}, args...)...)
		must(t, err)
	}
}

func restartsNothingAlone(t *testing.T, s *suite) {
	namespace := screeningv1.RegionNamespace(stage.LocalRegion)
	before := s.pods(t, stage.LocalRegion, namespace, nil)
	release := s.answers(t, stage.LocalRegion)
	s.restartAlone(t)
	s.quiet(t, 10*time.Second)
	if after := s.pods(t, stage.LocalRegion, namespace, nil); !maps.Equal(before, after) || len(before) < 2 {
		t.Errorf("pods before: %v\nafter: %v", before, after)
	}
	if now := s.answers(t, stage.LocalRegion); now != release {
		t.Errorf("the post answers from release %d, before the restart from %d", now, release)
	}
	// What is new after the restart still arrives.
	s.publish(t, s.people[0]+1, s.people[1]+1)
	must(t, s.WaitRelease(t.Context(), s.posts[stage.LocalRegion], person(t, 50), release+1))
}

// settlesAlone counts writes in the audit log over a minute without any change.
func settlesAlone(t *testing.T, s *suite) {
	s.stays(t, time.Minute, stage.LocalRegion)
}

// survivesPruneAlone deletes the pool and the post at once. They are the hub's
// objects and the region's at once, so the order alone keeps them running, also
// over a restart.
func survivesPruneAlone(t *testing.T, s *suite) {
	namespace := screeningv1.RegionNamespace(stage.LocalRegion)
	before := s.pods(t, stage.LocalRegion, namespace, nil)
	must(t, s.clients["hub"].Delete(t.Context(), pool(stage.LocalRegion)))
	must(t, s.clients["hub"].Delete(t.Context(), post(stage.LocalRegion)))
	within(t, time.Minute, "the hub holds the withdrawals", func(ctx context.Context) error {
		return s.hasCondition(ctx, "hub", region(stage.LocalRegion), screeningv1.ConditionWithdrawalsHeld, "True", "")
	})
	_, err := s.Kubectl(t.Context(), s.Hub, "-n", namespace, "delete", "pdb", poolName+"-matcher")
	must(t, err)
	s.restartAlone(t)
	s.quiet(t, 10*time.Second)
	if after := s.pods(t, stage.LocalRegion, namespace, nil); !maps.Equal(before, after) {
		t.Errorf("pods before: %v\nafter: %v", before, after)
	}
	_, err = s.Kubectl(t.Context(), s.Hub, "-n", namespace, "get", "pdb", poolName+"-matcher")
	must(t, err)
	release := s.answers(t, stage.LocalRegion)
	s.publish(t, s.people[0]+1, s.people[1]+1)
	must(t, s.WaitRelease(t.Context(), s.posts[stage.LocalRegion], person(t, 50), release+1))

	// Put back, they are what ran all the time.
	must(t, s.Converge(t.Context(), s.overlay))
	within(t, time.Minute, "nothing is withdrawn any more", func(ctx context.Context) error {
		rc := region(stage.LocalRegion)
		if err := s.clients["hub"].Get(ctx, client.ObjectKeyFromObject(rc), rc); err != nil {
			return err
		}
		if n := len(rc.Status.Withdrawals); n > 0 {
			return fmt.Errorf("%d withdrawals are left although everything is back", n)
		}
		return nil
	})
	if after := s.pods(t, stage.LocalRegion, namespace, nil); !maps.Equal(before, after) {
		t.Errorf("pods before: %v\nafter they were applied again: %v", before, after)
	}
}

// withdrawsAlone deletes the post, which is the hub's object and the region's
// at once: its front goes by a tombstone of the order.
func withdrawsAlone(t *testing.T, s *suite) {
	// It answers until it is deleted.
	s.quiet(t, time.Second)
	s.streams[stage.LocalRegion].Stop()
	must(t, s.clients["hub"].Delete(t.Context(), post(stage.LocalRegion)))
	within(t, 2*time.Minute, "the post's front is gone", func(ctx context.Context) error {
		var left []string
		for _, kind := range []string{"deployment", "service"} {
			out, err := s.Kubectl(ctx, s.Hub, "-n", screeningv1.RegionNamespace(stage.LocalRegion), "get", kind, "-o", "name")
			if err != nil {
				return err
			}
			if strings.Contains(out, "-front") {
				left = append(left, strings.TrimSpace(out))
			}
		}
		if len(left) > 0 {
			return fmt.Errorf("still there: %s", strings.Join(left, " "))
		}
		return nil
	})
	left := pool(stage.LocalRegion)
	must(t, s.clients["hub"].Get(t.Context(), client.ObjectKeyFromObject(left), left))
	if left.Status.ReadyReplicas == nil || *left.Status.ReadyReplicas < 1 {
		t.Error("the pool went with the post")
	}
}
