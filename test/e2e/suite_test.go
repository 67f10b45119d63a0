// SPDX-License-Identifier: Apache-2.0

//go:build e2e

// Package e2e plays Frontline through on real clusters: a hub and two regions
// with their own API servers, kubelets and containerd.
package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/hack/cluster/rig"
	"github.com/frontline-screening/frontline/hack/stage"
	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

var (
	keep = flag.Bool("keep", false, "leave the clusters up afterwards")
	only = flag.String("only", "", "play only the steps whose name matches this expression")
)

// suite is what the steps share.
type suite struct {
	*stage.Stage
	clusters  map[string]*rig.Cluster
	clients   map[string]client.Client
	publisher *stage.Publisher
	posts     map[string]*stage.Post
	streams   map[string]*stage.Stream
	// travellers are those that streams ask about.
	travellers []stage.Traveller
	overlay    string
	// people is the first and last synthetic person of the list now published.
	people [2]int
	// begun dates the lists, so that no run publishes the content of another.
	begun time.Time
	// faults are repeated after the dump, whose end is all that a shortened log shows.
	faults []string
}

// fault fails the step and goes on.
func (s *suite) fault(t *testing.T, format string, args ...any) {
	t.Helper()
	text := fmt.Sprintf(format, args...)
	s.faults = append(s.faults, text)
	t.Error(text)
}

// step is one sentence about the system that is made true, or not.
type step struct {
	name string
	play func(*testing.T, *suite)
}

const (
	listFile   = "list"
	feedName   = "un-sc"
	feedSpace  = "intl"
	poolName   = "general"
	listenPort = "8090"
)

func TestEndToEnd(t *testing.T) {
	s := setUp(t)
	steps := []step{
		{"converges after one apply", converges},
		{"every namespace enforces restricted", restricted},
		{"a new list reaches every answer under load", updatesUnderLoad},
		{"children are repaired", repairs},
		{"a region not allowed gets no replica", refusesJurisdiction},
		{"a feed of garbage keeps the last good release", survivesGarbage},
		{"a restarted operator restarts no matcher", restartsNothing},
		{"a held storm waits for two people", holdsStorm},
		{"a pin goes back to the release before without a download", goesBack},
		{"a block hides a record and its lifting shows it", blocks},
		{"an erased record stays gone", erases},
		{"a region disallowed after the fact erases its copy", withdrawsConsent},
		{"a settled system writes nothing but leases", settles},
		{"a tampered artifact is never served", refusesArtifact},
		{"tampered, replayed and foreign orders are never obeyed", refusesOrders},
		{"a region cut off serves and catches up", survivesCut},
		{"a bundle brings a release to a region without a line", carriesBundle},
		{"regions serve while the hub is gone and its orders expire", survivesHub},
		{"a pruned folder takes no region down", survivesPrune},
		{"a hub restored from a backup takes no region down", survivesRestore},
	}
	s.play(t, steps)
}

// play makes the steps true, one after another, while the streams go on, and
// stops at the first that is not.
func (s *suite) play(t *testing.T, steps []step) {
	chosen := regexp.MustCompile(*only)
	for _, st := range steps {
		if !chosen.MatchString(st.name) {
			continue
		}
		ok := t.Run(st.name, func(t *testing.T) {
			begin := time.Now()
			s.resetStreams()
			st.play(t, s)
			s.checkStreams(t)
			s.Progress.Step("%s: %.1f s", st.name, time.Since(begin).Seconds())
		})
		if !ok {
			s.dump(t)
			for _, fault := range s.faults {
				t.Logf("%s: %s", st.name, fault)
			}
			return
		}
	}
}

func setUp(t *testing.T) *suite {
	t.Helper()
	ctx := t.Context()
	root, err := filepath.Abs("../..")
	must(t, err)
	played, err := stage.OnRig(ctx, root, stage.Image{Reference: os.Getenv("FRONTLINE_IMAGE"), Archive: os.Getenv("FRONTLINE_IMAGE_ARCHIVE")},
		stage.NewProgress(os.Stderr), os.Stderr)
	must(t, err)
	if !*keep {
		t.Cleanup(func() {
			if err := rig.Down(context.Background(), "", os.Stderr); err != nil {
				t.Error(err)
			}
		})
	}
	s := &suite{
		Stage: played, clusters: map[string]*rig.Cluster{}, clients: map[string]client.Client{},
		posts: map[string]*stage.Post{}, streams: map[string]*stage.Stream{}, people: [2]int{1, 300}, begun: time.Now(),
	}
	clusters, err := rig.Load("")
	must(t, err)
	for _, c := range clusters {
		s.clusters[c.Name] = c
	}
	scheme := runtime.NewScheme()
	must(t, clientgoscheme.AddToScheme(scheme))
	must(t, screeningv1.AddToScheme(scheme))
	for _, site := range s.Sites() {
		config, err := clientcmd.BuildConfigFromFlags("", site.Kubeconfig)
		must(t, err)
		s.clients[site.Name], err = client.New(config, client.Options{Scheme: scheme})
		must(t, err)
	}
	folder := t.TempDir()
	s.publisher, err = stage.NewPublisher(filepath.Join(folder, "published"))
	must(t, err)
	s.publish(t, s.people[0], s.people[1])
	go func() { _ = s.publisher.Serve(ctx, s.PublisherHost+":"+listenPort) }()
	s.overlay = filepath.Join(folder, "overlay")
	must(t, s.Overlay(s.overlay, stage.Feed{URL: "http://" + s.PublisherHost + ":" + listenPort + "/" + listFile, Format: string(watchlist.UNXML), Interval: "5s"}))
	must(t, s.Install(ctx, s.overlay))
	must(t, s.Converge(ctx, s.overlay))
	s.startStreams(t)
	return s
}

// publish makes the list hold the synthetic people first to last.
func (s *suite) publish(t *testing.T, first, last int) {
	t.Helper()
	data, err := stage.SyntheticList(first, last, s.begun.Add(time.Duration(last)*time.Second))
	must(t, err)
	must(t, s.publisher.Publish(listFile, data))
	s.people = [2]int{first, last}
}

// person is a traveller under the name of a synthetic person.
func person(t *testing.T, number int) stage.Traveller {
	t.Helper()
	data, err := stage.SyntheticList(number, number, time.Unix(0, 0))
	must(t, err)
	list, err := stage.ParseList(t.Context(), watchlist.UNXML, data)
	must(t, err)
	cast := stage.Cast(list, list, screen.PurposeBorderControl)
	return cast[0]
}

// startStreams asks both regions without end about people who stay on every
// version of the list, and about one who is on none.
func (s *suite) startStreams(t *testing.T) {
	t.Helper()
	travellers := []stage.Traveller{person(t, 50), person(t, 100), {Role: "on no list", Request: screen.Request{
		Purpose: screen.PurposeBorderControl,
		Subject: screen.Subject{Names: []screen.Name{{Full: "Ottilia Vandersprek"}}},
	}}}
	for _, region := range s.Regions {
		post, err := s.Post(t.Context(), region, stage.SamplePosts[region.Name])
		must(t, err)
		s.posts[region.Name] = post
		// On clusters kept from an earlier run, an older list may still answer.
		within(t, time.Minute, region.Name+" answers from the list of this run", func(ctx context.Context) error {
			answer, err := post.Screen(ctx, person(t, 1).Request)
			if err != nil {
				return err
			}
			return stage.Check(answer, "SYi.001", "")
		})
		s.travellers = travellers
		s.restartStream(t, region.Name)
	}
	t.Cleanup(func() {
		for _, stream := range s.streams {
			stream.Stop()
		}
	})
}

// restartStream asks a region without end, from now on.
func (s *suite) restartStream(t *testing.T, region string) {
	t.Helper()
	s.streams[region] = stage.StartStream(context.WithoutCancel(t.Context()), s.posts[region], s.travellers, 50*time.Millisecond)
}

func (s *suite) resetStreams() {
	for _, stream := range s.streams {
		stream.Counts()
	}
}

// checkStreams fails the step if any request failed meanwhile.
func (s *suite) checkStreams(t *testing.T) {
	t.Helper()
	for _, region := range s.Regions {
		within(t, 20*time.Second, region.Name+" was asked", func(context.Context) error {
			if s.streams[region.Name].Asked() == 0 {
				return errors.New("no request was made")
			}
			return nil
		})
		c := s.streams[region.Name].Counts()
		t.Logf("%s: %d requests, %d failed, median %s, slowest %s", region.Name, c.Asked, c.Failed, c.Median, c.Slowest)
		if c.Failed > 0 {
			s.fault(t, "%s: %d of %d requests failed, first: %v", region.Name, c.Failed, c.Asked, c.FirstError)
		}
	}
}

// answers is the release a region answers from.
func (s *suite) answers(t *testing.T, region string) int64 {
	t.Helper()
	answer, err := s.posts[region].Screen(t.Context(), person(t, 50).Request)
	must(t, err)
	for _, f := range answer.Searched {
		if f.Feed == feedSpace+"."+feedName {
			return f.Version
		}
	}
	t.Fatalf("%s: the answer does not name the feed: %s", region, answer.Outcome)
	return 0
}

// within retries check for the time given.
func within(t *testing.T, limit time.Duration, what string, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	if err := stage.Eventually(ctx, 500*time.Millisecond, check); err != nil {
		t.Fatalf("%s: not within %s: %v", what, limit, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pods lists the pods of a namespace that are to stay, by name, with UID and
// restarts. A pod that an earlier step replaced may take its grace period to go.
func (s *suite) pods(t *testing.T, site, namespace string, labels client.MatchingLabels) map[string]string {
	t.Helper()
	var list corev1.PodList
	must(t, s.clients[site].List(t.Context(), &list, client.InNamespace(namespace), labels))
	out := map[string]string{}
	for _, p := range list.Items {
		if p.DeletionTimestamp != nil {
			continue
		}
		restarts := int32(0)
		for _, c := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
			restarts += c.RestartCount
		}
		out[p.Name] = fmt.Sprintf("%s/%d", p.UID, restarts)
	}
	return out
}

// dump prints what a person would look at first.
func (s *suite) dump(t *testing.T) {
	ctx := context.Background()
	for _, site := range s.Sites() {
		for _, args := range [][]string{
			{"get", "frontline", "-A", "-o", "wide"},
			{"get", "pods", "-A", "-o", "wide"},
			{"get", "events", "-A", "--sort-by=.lastTimestamp"},
			{"-n", stage.Namespace, "logs", "--tail=60", "--prefix", "-l", "app.kubernetes.io/name=frontline", "--all-containers"},
		} {
			out, err := s.Kubectl(ctx, site, args...)
			t.Logf("%s: kubectl %s\n%s%v", site.Name, strings.Join(args, " "), out, err)
		}
	}
}
