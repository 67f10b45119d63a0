// SPDX-License-Identifier: Apache-2.0

package matcherpool

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/region/internal/workload"
	"github.com/frontline-screening/frontline/internal/autoscale"
	"github.com/frontline-screening/frontline/internal/matcher"
)

// busyPods are pods that say of themselves what a test wants.
type busyPods struct {
	mu   sync.Mutex
	busy float64
	lost error
}

func (b *busyPods) read(_ context.Context, ip string) (autoscale.Counters, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ip == "" {
		return autoscale.Counters{}, errors.New("asked a pod without an address")
	}
	return autoscale.Counters{Busy: b.busy, Processors: 1}, b.lost
}

// autoscaled is a fixture whose pool follows its load.
func autoscaled(t *testing.T) (*fixture, *busyPods, screeningv1.MatcherPoolSpec) {
	t.Helper()
	f, pods := newFixture(t), &busyPods{}
	f.pool.ReadPod = pods.read
	s := spec("intl.un-sc")
	s.Autoscaling = &screeningv1.PoolAutoscaling{Mode: screeningv1.AutoscalingLoad, TargetUtilization: 60, ScaleDownAfter: "2m"}
	f.order(&s)
	f.create(s)
	f.reconcile()
	return f, pods, s
}

// ready makes there be so many ready pods.
func (f *fixture) ready(n int) {
	f.Helper()
	var d appsv1.Deployment
	f.get("general-matcher", &d)
	for i := range n {
		name := fmt.Sprintf("pod-%d", i)
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: f.namespace, Labels: d.Spec.Template.Labels}, Spec: d.Spec.Template.Spec}
		if err := env.Client.Create(f.Context(), pod); err != nil {
			continue // it is there
		}
		pod.Status.Phase, pod.Status.PodIP = corev1.PodRunning, "192.0.2.1"
		pod.Status.PodIPs = []corev1.PodIP{{IP: pod.Status.PodIP}}
		pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
		if err := env.Client.Status().Update(f.Context(), pod); err != nil {
			f.Fatal(err)
		}
	}
}

// pass lets a quarter of a minute pass in which pods are busy by a share, and
// returns whether the controller would be asked to look.
func (f *fixture) pass(pods *busyPods, share float64) bool {
	f.Helper()
	f.clock.Add(measureEvery)
	pods.mu.Lock()
	pods.busy += share * measureEvery.Seconds()
	pods.mu.Unlock()
	changed, err := f.pool.measure(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	return slices.Contains(changed, "general")
}

func (f *fixture) wants(n int32, by screeningv1.ScaledBy) {
	f.Helper()
	f.reconcile()
	var d appsv1.Deployment
	f.get("general-matcher", &d)
	if st := f.status().Status; *st.Wanted != n || st.By != by || *d.Spec.Replicas != n {
		f.Errorf("%d pods wanted by %s, %d ordered of the Deployment; want %d by %s", *st.Wanted, st.By, *d.Spec.Replicas, n, by)
	}
}

// utilization is what the agent's metrics say of the pool, if anything.
func (f *fixture) utilization() (float64, bool) {
	f.Helper()
	registerMetrics()
	families, err := metrics.Registry.Gather()
	if err != nil {
		f.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == "frontline_pool_utilization" && m.GetLabel()[1].GetValue() == f.region.Name() {
				return m.GetGauge().GetValue(), true
			}
		}
	}
	return 0, false
}

func TestPoolFollowsItsLoad(t *testing.T) {
	f, pods, _ := autoscaled(t)
	f.wants(2, screeningv1.ScaledByHub)
	f.ready(2)
	f.pass(pods, 0)
	f.pass(pods, 0.9)
	if !f.pass(pods, 0.9) {
		t.Error("a load beyond the target for two looks is no reason to look at the pool")
	}
	f.wants(3, screeningv1.ScaledByLoad)
	load := f.status().Status.Load
	if load == nil || *load.Wanted != 3 || *load.Utilization != 90 {
		t.Errorf("the status says %+v of the load, want 3 pods at 90 %%", load)
	}
	if got, ok := f.utilization(); !ok || got < 0.89 || got > 0.91 {
		t.Errorf("the metric says %v, %v; want 0.9", got, ok)
	}

	// Numbers that change are no reason for a write.
	f.ready(3)
	f.reconcile()
	before := f.versions()
	for i := range 20 {
		if f.pass(pods, 0.3+float64(i%3)/10) {
			t.Error("a load within the target asks for a look at the pool")
		}
		f.reconcile()
	}
	for id, version := range f.versions() {
		if before[id] != version {
			t.Errorf("object %s was written while nothing was decided", id)
		}
	}

	// A restarted agent begins with what it finds.
	f.start("example.test/frontline:v1")
	f.pool.ReadPod = pods.read
	f.terms()
	f.wants(3, screeningv1.ScaledByLoad)

	for range 10 {
		f.pass(pods, 0.01)
	}
	f.wants(2, screeningv1.ScaledByHub)
}

func TestLostMetricsHoldThePods(t *testing.T) {
	for name, tt := range map[string]struct {
		lost    error
		message string
	}{
		"unreachable":             {errors.New("192.0.2.1: no route"), "the metrics of no pod can be read"},
		"an engine without words": {autoscale.ErrNoCounters, "the engine does not say how busy it is"},
	} {
		t.Run(name, func(t *testing.T) {
			f, pods, _ := autoscaled(t)
			f.ready(2)
			for range 3 {
				f.pass(pods, 1)
			}
			f.wants(4, screeningv1.ScaledByLoad)
			pods.lost = tt.lost
			told := false
			for range 40 {
				told = f.pass(pods, 0) || told
			}
			f.wants(4, screeningv1.ScaledByLoad)
			c := conditions.Get(f.status(), screeningv1.ConditionFollowsLoad)
			if !told || c == nil || c.Reason != screeningv1.ReasonMetricsLost || !strings.Contains(c.Message, tt.message) || strings.Contains(c.Message, "192.0.2.1") {
				t.Errorf("asked for a look: %v; FollowsLoad is %+v, want MetricsLost that says %q", told, c, tt.message)
			}
		})
	}
}

// TestLocalWishStandsAgainstLoad, until it is released.
func TestLocalWishStandsAgainstLoad(t *testing.T) {
	f, pods, s := autoscaled(t)
	f.ready(2)
	pool := f.status()
	before := pool.DeepCopy()
	pool.Spec.Replicas = new(int32(1))
	if err := env.Client.Patch(t.Context(), pool, client.MergeFrom(before), client.FieldOwner("kubectl")); err != nil {
		t.Fatal(err)
	}
	f.wants(1, screeningv1.ScaledByLocal)
	for range 5 {
		f.pass(pods, 1)
	}
	f.wants(1, screeningv1.ScaledByLocal)
	if c := conditions.Get(f.status(), screeningv1.ConditionFollowsLoad); c == nil || c.Reason != screeningv1.ReasonScaledLocally {
		t.Errorf("FollowsLoad is %+v, want ScaledLocally", c)
	}
	if released, err := workload.Release(t.Context(), env.Client, f.status(), workload.ManagerAgent); err != nil || !released {
		t.Fatal(released, err)
	}
	f.reconcile()
	for range 3 {
		f.pass(pods, 1)
	}
	f.wants(4, screeningv1.ScaledByLoad)

	// Without it in the spec, nothing of it stays.
	s.Autoscaling = nil
	f.order(&s)
	f.reconcile()
	st := f.status()
	if st.Status.Load != nil || conditions.Get(st, screeningv1.ConditionFollowsLoad) != nil || st.Status.By != screeningv1.ScaledByHub {
		t.Errorf("without autoscaling the status says %+v, by %s", st.Status.Load, st.Status.By)
	}
	if got, ok := f.utilization(); ok {
		t.Errorf("the metric still says %v", got)
	}
}

// TestMatchersSayHowBusyTheyAre: what the engine of this program exports is what
// is read.
func TestMatchersSayHowBusyTheyAre(t *testing.T) {
	engine := matcher.New(matcher.Options{})
	defer engine.Close()
	server := httptest.NewServer(matcher.NewService(engine, matcher.ServiceOptions{}).HealthHandler(func() error { return nil }))
	defer server.Close()
	response, err := http.Get(server.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if c, err := autoscale.ReadCounters(response.Body); err != nil || c.Processors < 1 {
		t.Errorf("counters %+v, %v", c, err)
	}
}

// TestPodsAreAskedTogether, so that one which hangs keeps no other waiting.
func TestPodsAreAskedTogether(t *testing.T) {
	f, pods, _ := autoscaled(t)
	f.ready(3)
	var asked sync.WaitGroup
	asked.Add(3)
	f.pool.ReadPod = func(ctx context.Context, ip string) (autoscale.Counters, error) {
		asked.Done()
		asked.Wait() // for all of them, or for ever
		return pods.read(ctx, ip)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := f.pool.measure(ctx); err != nil {
		t.Fatal(err)
	}
}
