// SPDX-License-Identifier: Apache-2.0

package matcherpool

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/testenv"
	"github.com/frontline-screening/frontline/controllers/region/internal/workload"
	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
	"github.com/frontline-screening/frontline/internal/screen"
)

var env *testenv.Environment

func TestMain(m *testing.M) { testenv.Main(m, &env) }

// regions counts the regions of this run, so that each test has its own.
var regions atomic.Int64

// fixture is one region with one pool, "general", in a namespace of its own.
type fixture struct {
	*testing.T
	clock     *regiontest.Clock
	hub       *regiontest.Hub
	dir       string
	region    *region.Region
	follower  *region.Follower
	namespace string
	pool      *Reconciler
	feeds     []order.Feed
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	name := fmt.Sprintf("pools-%d", regions.Add(1))
	f := &fixture{T: t, clock: regiontest.NewClock(), dir: t.TempDir()}
	f.hub = regiontest.NewHub(t, f.clock, name, "AL")
	f.namespace = screeningv1.RegionNamespace(name)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: f.namespace, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	if err := env.Client.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	f.feeds = []order.Feed{{
		ID: "intl.un-sc", UID: "uid", State: order.Serve, Release: 1, Content: "sha256:" + strings.Repeat("a", 64),
		Artifact: "sha256:" + strings.Repeat("b", 64), Size: 1000, Records: 3, Jurisdictions: []string{"AL"}, Purposes: []string{"BorderControl"},
	}}
	f.start("example.test/frontline:v1")
	f.terms()
	return f
}

// terms puts terms in force that accept everything, as an agent does that reads
// them.
func (f *fixture) terms() {
	f.region.SetTerms(&region.Terms{Feeds: []string{"*"}, Purposes: []string{"BorderControl"}})
}

// start starts an agent on the state directory, as after a restart.
func (f *fixture) start(image string) {
	f.Helper()
	f.region = regiontest.NewRegion(f, f.hub, f.dir)
	ca, err := f.region.Store().CA(f.region.Name(), f.clock.Now())
	if err != nil {
		f.Fatal(err)
	}
	if f.follower, err = region.NewFollower(f.region, f.hub, logr.Discard()); err != nil {
		f.Fatal(err)
	}
	f.pool = New(Options{
		Client: env.Client, Region: f.region, Issuer: &workload.Issuer{Client: env.Client, CA: ca, Now: f.clock.Now},
		Now: f.clock.Now, EngineImage: image, LoaderImage: image, InstallNamespace: "frontline-system",
		Agent: "https://frontline-agent.frontline-system.svc:9443", Registry: "https://frontline-registry.frontline-system.svc:5000",
	})
}

func spec(feeds ...string) screeningv1.MatcherPoolSpec {
	s := screeningv1.MatcherPoolSpec{
		Modalities: []screeningv1.Modality{screeningv1.ModalityBiographic},
		Bounds:     screeningv1.PoolBounds{Min: 1, Max: 8}, Replicas: new(int32(2)),
	}
	for _, id := range feeds {
		s.Feeds = append(s.Feeds, screeningv1.PoolFeed{ID: screeningv1.FeedID(id)})
	}
	return s
}

// order publishes an order with the pool and puts it in force.
func (f *fixture) order(pool *screeningv1.MatcherPoolSpec, tombstones ...order.Tombstone) {
	f.Helper()
	in := order.Input{Feeds: f.feeds, Tombstones: tombstones}
	if pool != nil {
		data, err := json.Marshal(pool)
		if err != nil {
			f.Fatal(err)
		}
		in.Pools = []order.Workload{{Name: "general", UID: "hub-uid", Generation: 1, Spec: data}}
	}
	f.hub.Publish(f, in)
	if err := f.follower.Pull(f.Context()); err != nil {
		f.Fatal(err)
	}
}

// create makes the object as the agent would.
func (f *fixture) create(s screeningv1.MatcherPoolSpec) {
	f.Helper()
	s.Baseline = s.Replicas
	pool := &screeningv1.MatcherPool{ObjectMeta: metav1.ObjectMeta{Name: "general", Namespace: f.namespace}, Spec: s}
	if err := env.Client.Create(f.Context(), pool, client.FieldOwner(workload.ManagerBaseline)); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) reconcile() {
	f.Helper()
	request := ctrl.Request{NamespacedName: types.NamespacedName{Namespace: f.namespace, Name: "general"}}
	if _, err := f.pool.Reconcile(f.Context(), request); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) status() *screeningv1.MatcherPool {
	f.Helper()
	pool := &screeningv1.MatcherPool{}
	f.get("general", pool)
	return pool
}

func (f *fixture) get(name string, obj client.Object) {
	f.Helper()
	if err := env.Client.Get(f.Context(), types.NamespacedName{Namespace: f.namespace, Name: name}, obj); err != nil {
		f.Fatal(err)
	}
}

// children are empty objects of each kind of child, by name.
func children() map[client.Object]string {
	return map[client.Object]string{
		&appsv1.Deployment{}: "general-matcher", &corev1.Service{}: "general-matcher", &corev1.ServiceAccount{}: "general-matcher",
		&policyv1.PodDisruptionBudget{}: "general-matcher", &networkingv1.NetworkPolicy{}: "general-matcher",
		&corev1.Secret{}: "general-matcher-tls",
	}
}

// versions are the resource versions of the pool and its children.
func (f *fixture) versions() map[string]string {
	f.Helper()
	out := map[string]string{"pool": f.status().ResourceVersion}
	for child, name := range children() {
		f.get(name, child)
		out[string(child.GetUID())] = child.GetResourceVersion()
	}
	return out
}

func TestPoolMakesItsChildrenAndSettles(t *testing.T) {
	f := newFixture(t)
	s := spec("intl.un-sc")
	f.order(&s)
	f.create(s)
	f.reconcile()
	before := f.versions()
	for range 5 {
		f.reconcile()
	}
	// A restarted agent, which remembers nothing of its writes, writes nothing either.
	f.start("example.test/frontline:v1")
	f.terms()
	f.reconcile()
	for id, version := range f.versions() {
		if before[id] != version {
			t.Errorf("object %s was written while nothing changed: %s, then %s", id, before[id], version)
		}
	}
}

// TestWithoutAnOrderOnlyTheStatusIsWritten: an object alone starts nothing.
func TestWithoutAnOrderOnlyTheStatusIsWritten(t *testing.T) {
	f := newFixture(t)
	f.create(spec("intl.un-sc"))
	f.reconcile()
	for child, name := range children() {
		if !isGone(t.Context(), f.namespace, name, child) {
			t.Errorf("%T %s was made without an order", child, name)
		}
	}
	before := f.status()
	if c := conditions.Get(before, screeningv1.ConditionReady); c == nil || c.Status != metav1.ConditionUnknown || !strings.Contains(c.Message, "no order") {
		t.Errorf("Ready is %+v, want Unknown for want of an order", c)
	}
	f.reconcile()
	if after := f.status(); after.ResourceVersion != before.ResourceVersion {
		t.Error("the status was written while nothing changed")
	}
	s := spec("intl.un-sc")
	f.order(&s)
	f.reconcile()
	f.get("general-matcher", &appsv1.Deployment{})
}

func TestPodsPassPodSecurityRestricted(t *testing.T) {
	f := newFixture(t)
	s := spec("intl.un-sc")
	f.order(&s)
	f.create(s)
	f.reconcile()
	var d appsv1.Deployment
	f.get("general-matcher", &d)
	// The real API server judges: it admits the pod to a namespace that enforces restricted.
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "probe", Namespace: f.namespace, Labels: d.Spec.Template.Labels}, Spec: d.Spec.Template.Spec}
	if err := env.Client.Create(t.Context(), pod, client.DryRunAll); err != nil {
		t.Errorf("the API server refuses a matcher pod: %v", err)
	}
	if token := d.Spec.Template.Spec.AutomountServiceAccountToken; token == nil || *token {
		t.Error("a matcher pod mounts a token")
	}
	for _, volume := range d.Spec.Template.Spec.Volumes {
		if volume.EmptyDir != nil && volume.EmptyDir.Medium != corev1.StorageMediumMemory {
			t.Errorf("volume %s is on a disk", volume.Name)
		}
	}
}

func TestChildrenAreRepaired(t *testing.T) {
	for child, name := range children() {
		t.Run("deleted/"+name, func(t *testing.T) {
			f := newFixture(t)
			s := spec("intl.un-sc")
			f.order(&s)
			f.create(s)
			f.reconcile()
			f.get(name, child)
			uid := child.GetUID()
			if err := env.Client.Delete(t.Context(), child); err != nil {
				t.Fatal(err)
			}
			f.reconcile()
			f.get(name, child)
			if child.GetUID() == uid {
				t.Errorf("%T %s was not made anew", child, name)
			}
		})
	}
	t.Run("edited", func(t *testing.T) {
		f := newFixture(t)
		s := spec("intl.un-sc")
		f.order(&s)
		f.create(s)
		f.reconcile()
		var d appsv1.Deployment
		f.get("general-matcher", &d)
		want := d.Spec.Template.Spec.Containers[0].Image
		d.Spec.Replicas = new(int32(0))
		d.Spec.Template.Spec.Containers[0].Image = "evil.test/other:v1"
		d.Spec.Template.Spec.Containers[0].SecurityContext.ReadOnlyRootFilesystem = new(false)
		spy := *d.Spec.Template.Spec.Containers[0].DeepCopy()
		spy.Name = "spy"
		d.Spec.Template.Spec.Containers = append(d.Spec.Template.Spec.Containers, spy)
		if err := env.Client.Update(t.Context(), &d, client.FieldOwner("kubectl-edit")); err != nil {
			t.Fatal(err)
		}
		f.reconcile()
		f.get("general-matcher", &d)
		c := d.Spec.Template.Spec.Containers[0]
		if c.Image != want || *d.Spec.Replicas != 2 || !*c.SecurityContext.ReadOnlyRootFilesystem {
			t.Errorf("after the edit the Deployment has image %s, %d replicas", c.Image, *d.Spec.Replicas)
		}
		if n := len(d.Spec.Template.Spec.Containers); n != 1 {
			t.Errorf("the container that was added stays: %d containers", n)
		}
		settled := d.ResourceVersion
		f.reconcile()
		f.get("general-matcher", &d)
		if d.ResourceVersion != settled {
			t.Error("a repaired Deployment does not settle")
		}
		var service corev1.Service
		f.get("general-matcher", &service)
		service.Spec.Selector["x"] = "y"
		service.Spec.Ports[0].TargetPort.IntVal = 1
		if err := env.Client.Update(t.Context(), &service, client.FieldOwner("kubectl-edit")); err != nil {
			t.Fatal(err)
		}
		f.reconcile()
		f.get("general-matcher", &service)
		if service.Spec.Ports[0].TargetPort.IntVal != workload.PortTLS || len(service.Spec.Selector) != 2 {
			t.Errorf("the Service has port %v and selector %v", service.Spec.Ports[0], service.Spec.Selector)
		}
	})
}

func TestLocalScaleWinsAndIsReported(t *testing.T) {
	f := newFixture(t)
	s := spec("intl.un-sc")
	f.order(&s)
	f.create(s)
	f.reconcile()
	if st := f.status().Status; st.By != screeningv1.ScaledByHub || *st.Wanted != 2 {
		t.Fatalf("at first %d pods wanted by %s, want 2 by hub", *st.Wanted, st.By)
	}
	scaleTo := func(n int32) {
		t.Helper()
		pool := f.status()
		scale := client.MergeFrom(pool.DeepCopy())
		pool.Spec.Replicas = new(n)
		if err := env.Client.Patch(t.Context(), pool, scale, client.FieldOwner("kubectl")); err != nil {
			t.Fatal(err)
		}
		f.reconcile()
	}
	scaleTo(4)
	var d appsv1.Deployment
	f.get("general-matcher", &d)
	if st := f.status().Status; st.By != screeningv1.ScaledByLocal || *st.Wanted != 4 || *d.Spec.Replicas != 4 {
		t.Errorf("after scaling, %d pods wanted by %s, Deployment %d; want 4 by local", *st.Wanted, st.By, *d.Spec.Replicas)
	}
	scaleTo(20)
	f.get("general-matcher", &d)
	if st := f.status(); *st.Status.Wanted != 8 || *d.Spec.Replicas != 8 || conditions.Get(st, screeningv1.ConditionScaled) == nil {
		t.Errorf("beyond the bounds, %d pods wanted, want 8", *st.Status.Wanted)
	}
}

func TestAFeedNotAllowedHereIsNamedAndThePoolStaysUp(t *testing.T) {
	f := newFixture(t)
	f.feeds = append(f.feeds, order.Feed{ID: "rs.national", UID: "u", State: order.Erase, Jurisdictions: []string{"RS"}})
	s := spec("intl.un-sc", "rs.national")
	f.order(&s)
	f.create(s)
	f.reconcile()
	pool := f.status()
	c := conditions.Get(pool, screeningv1.ConditionFeedsResolved)
	if c == nil || c.Status != metav1.ConditionFalse || c.Reason != screeningv1.ReasonNotAllowedHere || !strings.Contains(c.Message, "rs.national") {
		t.Errorf("FeedsResolved is %+v, want False, NotAllowedHere, naming rs.national", c)
	}
	var d appsv1.Deployment
	f.get("general-matcher", &d)
	if *d.Spec.Replicas != 2 || !strings.Contains(pool.Status.Summary, "rs.national") {
		t.Errorf("the Deployment has %d replicas, the summary is %q", *d.Spec.Replicas, pool.Status.Summary)
	}
}

// TestFeedsThatCannotBeSearchedSayWhy: the reason a pool gives and the reason
// its answers give for each kind of feed that the order lists, or does not.
func TestFeedsThatCannotBeSearchedSayWhy(t *testing.T) {
	tests := []struct {
		name      string
		feed      *order.Feed
		condition string
		reason    screen.Reason
		message   string
	}{
		{"has no release", &order.Feed{ID: "intl.new", UID: "u", State: order.Serve, Jurisdictions: []string{"AL"}},
			screeningv1.ReasonFeedNotHeld, screen.ReasonNotProvisioned, "intl.new has no release yet"},
		{"is not shared with the region", &order.Feed{ID: "intl.new", UID: "u", State: order.Erase, Jurisdictions: []string{"RS"}},
			screeningv1.ReasonNotAllowedHere, screen.ReasonRegion, "intl.new may be held in RS only"},
		{"does not exist", nil,
			screeningv1.ReasonFeedNotFound, screen.ReasonNotProvisioned, "no feed on the hub has the id intl.new"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t)
			f.feeds = nil
			if tt.feed != nil {
				f.feeds = []order.Feed{*tt.feed}
			}
			s := spec("intl.new")
			f.order(&s)
			f.create(s)
			f.reconcile()
			pool := f.status()
			c := conditions.Get(pool, screeningv1.ConditionFeedsResolved)
			if c == nil || c.Reason != tt.condition || !strings.Contains(c.Message, tt.message) {
				t.Errorf("FeedsResolved is %+v, want %s: %s", c, tt.condition, tt.message)
			}
			target, _ := f.region.Target("general")
			if got := target.Set.Feeds[0]; got.Reason != string(tt.reason) || pool.Status.Feeds[0].Reason != string(tt.reason) {
				t.Errorf("answers say %q, the pool %q; want %s", got.Reason, pool.Status.Feeds[0].Reason, tt.reason)
			}
		})
	}
}

func TestATamperedHubCannotPlaceAFeed(t *testing.T) {
	f := newFixture(t)
	s := spec("rs.national")
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	// Compile refuses this; a hub that was taken over signs what it wants: the
	// body names AL while it is compiled and RS alone once it is signed.
	feed := f.feeds[0]
	feed.ID, feed.Jurisdictions = "rs.national", []string{"AL"}
	body, err := order.Compile(order.Input{HubUID: f.hub.UID, Term: 1, Region: f.hub.Region, Feeds: []order.Feed{feed},
		Pools: []order.Workload{{Name: "general", UID: "hub-uid", Generation: 1, Spec: data}}})
	if err != nil {
		t.Fatal(err)
	}
	index, parts := regiontest.Tamper(t, body, 1, `["AL"]`, `["RS"]`)
	f.hub.Push(t, f.hub.SignIndex(t, index, parts, 1, feed))
	if err := f.follower.Pull(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.create(s)
	f.reconcile()
	if c := conditions.Get(f.status(), screeningv1.ConditionFeedsResolved); c == nil || c.Reason != screeningv1.ReasonNotAllowedHere {
		t.Errorf("FeedsResolved is %+v, want NotAllowedHere", c)
	}
	if steps := region.PlanCopies(f.region.Verified(), f.region.Terms(), f.region.Copies()); len(steps) != 0 {
		t.Errorf("the region would pull %+v", steps)
	}
	target, _ := f.region.Target("general")
	if got := target.Set.Feeds[0]; got.State != dataset.Unavailable || got.Reason != "Region" {
		t.Errorf("the target's feed is %+v, want Unavailable for Region", got)
	}
}

func TestOnlyATombstoneRemovesAPool(t *testing.T) {
	f := newFixture(t)
	s := spec("intl.un-sc")
	f.order(&s)
	f.create(s)
	f.reconcile()
	var d appsv1.Deployment
	f.get("general-matcher", &d)
	uid := d.UID

	// The object is deleted by mistake: its pods stay.
	if err := env.Client.Delete(t.Context(), f.status()); err != nil {
		t.Fatal(err)
	}
	f.reconcile()
	f.get("general-matcher", &d)
	if d.UID != uid || d.DeletionTimestamp != nil {
		t.Fatal("deleting the object of an ordered pool removed its Deployment")
	}

	// The order no longer lists it and no object describes it: it goes.
	f.order(nil, order.Tombstone{Kind: order.KindPool, Name: "general", UID: "hub-uid"})
	f.reconcile()
	err := env.Client.Get(t.Context(), types.NamespacedName{Namespace: f.namespace, Name: "general-matcher"}, &d)
	if !apierrors.IsNotFound(err) {
		t.Errorf("the Deployment of a withdrawn pool: %v, want not found", err)
	}
	if !isGone(t.Context(), f.namespace, "general-matcher-tls", &corev1.Secret{}) {
		t.Error("the certificate of a withdrawn pool is still there")
	}
}

func isGone(ctx context.Context, namespace, name string, obj client.Object) bool {
	return apierrors.IsNotFound(env.Client.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, obj))
}

func TestStatusFollowsPodsAndAcks(t *testing.T) {
	f := newFixture(t)
	s := spec("intl.un-sc")
	f.order(&s)
	f.create(s)
	f.reconcile()
	if st := f.status().Status; st.Pods != "0/2" || st.FeedsServed != "0/1" {
		t.Errorf("before any pod the status says %s pods, %s feeds", st.Pods, st.FeedsServed)
	}
	var d appsv1.Deployment
	f.get("general-matcher", &d)
	addPod := func(name string, set func(*corev1.Pod)) {
		t.Helper()
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: f.namespace, Labels: d.Spec.Template.Labels}, Spec: d.Spec.Template.Spec}
		pod.Spec.ServiceAccountName = "general-matcher"
		if err := env.Client.Create(t.Context(), pod); err != nil {
			t.Fatal(err)
		}
		set(pod)
		if err := env.Client.Status().Update(t.Context(), pod); err != nil {
			t.Fatal(err)
		}
	}
	addPod("one", func(p *corev1.Pod) {
		p.Status.Phase = corev1.PodRunning
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	})
	addPod("two", func(p *corev1.Pod) {
		p.Status.Phase = corev1.PodPending
		p.Status.Conditions = []corev1.PodCondition{{
			Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable,
			Message: "0/1 nodes are available: 1 Insufficient memory. preemption: 0/1 nodes are available",
		}}
	})
	for _, pod := range []string{"one", "gone"} {
		if err := f.region.Acknowledge("general", dataset.PodAck{Pod: pod, Ack: dataset.Ack{Set: "s", Feeds: map[string]int64{"intl.un-sc": 1}}}); err != nil {
			t.Fatal(err)
		}
	}
	f.reconcile()
	st := f.status().Status
	if st.Pods != "1/2" || *st.Fits != 1 || !strings.Contains(st.Summary, "1 pod Pending: memory") {
		t.Errorf("status: %s pods, fits %d, %q; want 1/2, 1 and the pod that lacks memory", st.Pods, *st.Fits, st.Summary)
	}
	if c := conditions.Get(f.status(), screeningv1.ConditionScaled); c.Reason != screeningv1.ReasonMemory || !strings.Contains(c.Message, st.Memory.Request.String()) {
		t.Errorf("Scaled is %+v, want Memory and what a pod requests, %s", c, st.Memory.Request)
	}
	if got := f.region.Served("intl.un-sc"); got.Pods != 1 {
		t.Errorf("%d pods serve the feed, want 1: a pod that is gone does not count", got.Pods)
	}
}
