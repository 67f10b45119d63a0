// SPDX-License-Identifier: Apache-2.0

package borderpost

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/testenv"
	"github.com/frontline-screening/frontline/controllers/region/internal/workload"
	"github.com/frontline-screening/frontline/internal/front"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
)

var env *testenv.Environment

func TestMain(m *testing.M) { testenv.Main(m, &env) }

// regions counts the regions of this run, so that each test has its own.
var regions atomic.Int64

type fixture struct {
	*testing.T
	clock     *regiontest.Clock
	hub       *regiontest.Hub
	dir       string
	region    *region.Region
	follower  *region.Follower
	namespace string
	posts     *Reconciler
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{T: t, clock: regiontest.NewClock(), dir: t.TempDir()}
	f.hub = regiontest.NewHub(t, f.clock, fmt.Sprintf("posts-%d", regions.Add(1)), "AL")
	f.namespace = screeningv1.RegionNamespace(f.hub.Region.Name)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: f.namespace, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	if err := env.Client.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	f.start("example.test/frontline:v1")
	return f
}

func (f *fixture) start(image string) {
	f.Helper()
	f.region = regiontest.NewRegion(f, f.hub, f.dir)
	f.region.SetTerms(&region.Terms{Feeds: []string{"*"}, Purposes: []string{"BorderControl"}})
	ca, err := f.region.Store().CA(f.region.Name(), f.clock.Now())
	if err != nil {
		f.Fatal(err)
	}
	if f.follower, err = region.NewFollower(f.region, f.hub, logr.Discard()); err != nil {
		f.Fatal(err)
	}
	f.posts = New(Options{
		Client: env.Client, Region: f.region, Issuer: &workload.Issuer{Client: env.Client, CA: ca, Now: f.clock.Now},
		Now: f.clock.Now, FrontImage: image, InstallNamespace: "frontline-system",
	})
}

func spec() screeningv1.BorderPostSpec {
	return screeningv1.BorderPostSpec{
		Type: screeningv1.PostLand, Location: screeningv1.PostLocation{Country: "AL"},
		Pools: []screeningv1.PostPool{{Name: "general"}}, Purposes: []screeningv1.Purpose{screeningv1.PurposeBorderControl},
		Endpoint:  screeningv1.PostEndpoint{Type: screeningv1.EndpointNodePort, Hostname: "hani.north.example"},
		Freshness: &screeningv1.AgeLimits{Mark: "2h", Stop: "24h"},
	}
}

// order puts an order with the post and its pool in force, and makes the object.
func (f *fixture) order(s screeningv1.BorderPostSpec) {
	f.Helper()
	data, err := json.Marshal(s)
	if err != nil {
		f.Fatal(err)
	}
	f.hub.Publish(f, order.Input{
		Pools: []order.Workload{{Name: "general", UID: "p", Generation: 1, Spec: json.RawMessage(`{"feeds":[{"id":"intl.un-sc"}]}`)}},
		Posts: []order.Workload{{Name: "hani", UID: "b", Generation: 1, Spec: data}},
	})
	if err := f.follower.Pull(f.Context()); err != nil {
		f.Fatal(err)
	}
	post := &screeningv1.BorderPost{ObjectMeta: metav1.ObjectMeta{Name: "hani", Namespace: f.namespace}, Spec: s}
	if err := env.Client.Create(f.Context(), post); err != nil && !apierrors.IsAlreadyExists(err) {
		f.Fatal(err)
	}
}

func (f *fixture) reconcile() ctrl.Result {
	f.Helper()
	result, err := f.posts.Reconcile(f.Context(), ctrl.Request{NamespacedName: types.NamespacedName{Namespace: f.namespace, Name: "hani"}})
	if err != nil {
		f.Fatal(err)
	}
	return result
}

func (f *fixture) get(name string, obj client.Object) {
	f.Helper()
	if err := env.Client.Get(f.Context(), types.NamespacedName{Namespace: f.namespace, Name: name}, obj); err != nil {
		f.Fatal(err)
	}
}

func TestPostMakesItsFrontAndSettles(t *testing.T) {
	f := newFixture(t)
	f.order(spec())
	f.reconcile()
	var d appsv1.Deployment
	var service corev1.Service
	var post screeningv1.BorderPost
	f.get("hani-front", &d)
	f.get("hani-front", &service)
	f.get("hani", &post)
	config, err := front.ParseConfig([]byte(d.Spec.Template.Spec.Containers[0].Env[0].Value))
	if err != nil {
		t.Fatalf("the front would refuse its configuration: %v", err)
	}
	if config.Pools[0].URL != "https://general-matcher."+f.namespace+".svc:8443" || config.Freshness.MarkSeconds != 7200 {
		t.Errorf("the configuration is %+v", config)
	}
	if want := fmt.Sprintf("hani.north.example:%d", service.Spec.Ports[0].NodePort); post.Status.Endpoint != want {
		t.Errorf("the endpoint is %s, want %s", post.Status.Endpoint, want)
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "probe", Namespace: f.namespace}, Spec: d.Spec.Template.Spec}
	if err := env.Client.Create(t.Context(), pod, client.DryRunAll); err != nil {
		t.Errorf("the API server refuses a front's pod: %v", err)
	}

	versions := func() []string {
		f.get("hani-front", &d)
		f.get("hani-front", &service)
		f.get("hani", &post)
		return []string{d.ResourceVersion, service.ResourceVersion, post.ResourceVersion}
	}
	before := versions()
	for range 3 {
		f.reconcile()
	}
	f.start("example.test/frontline:v1") // an agent that starts anew
	f.reconcile()
	for i, version := range versions() {
		if before[i] != version {
			t.Errorf("object %d was written while nothing changed", i)
		}
	}
}

// TestAFrontFollowsItsAgent: whatever is known of the front that runs, an
// upgraded agent rolls it onto its own image, and once.
func TestAFrontFollowsItsAgent(t *testing.T) {
	f := newFixture(t)
	f.order(spec())
	f.reconcile()
	var before, after appsv1.Deployment
	f.get("hani-front", &before)
	f.start("example.test/frontline:v2")
	f.reconcile()
	f.get("hani-front", &after)
	if got := after.Spec.Template.Spec.Containers[0].Image; got != "example.test/frontline:v2" || after.Generation != before.Generation+1 {
		t.Errorf("the front runs %s after %d changes, want the agent's image after one", got, after.Generation-before.Generation)
	}
	rolling := after.Spec.Strategy.RollingUpdate
	if rolling == nil || rolling.MaxUnavailable.IntVal != 0 || rolling.MaxSurge.IntVal != 1 {
		t.Errorf("it rolls by %+v, want one more at a time and none less", rolling)
	}
	if err := f.posts.Region.Store().DropTemplate(templateKey("hani")); err != nil {
		t.Fatal(err)
	}
	f.reconcile()
	f.get("hani-front", &after)
	if after.Generation != before.Generation+1 {
		t.Error("without its kept template the front is rolled again")
	}
}

// TestWithoutAnOrderOnlyTheStatusIsWritten: an object alone starts nothing.
func TestWithoutAnOrderOnlyTheStatusIsWritten(t *testing.T) {
	f := newFixture(t)
	post := &screeningv1.BorderPost{ObjectMeta: metav1.ObjectMeta{Name: "hani", Namespace: f.namespace}, Spec: spec()}
	if err := env.Client.Create(t.Context(), post); err != nil {
		t.Fatal(err)
	}
	f.reconcile()
	for child, name := range map[client.Object]string{
		&appsv1.Deployment{}: "hani-front", &corev1.Service{}: "hani-front", &corev1.ServiceAccount{}: "hani-front", &corev1.Secret{}: "hani-front-tls",
	} {
		err := env.Client.Get(t.Context(), types.NamespacedName{Namespace: f.namespace, Name: name}, child)
		if !apierrors.IsNotFound(err) {
			t.Errorf("%T %s without an order: %v, want not found", child, name, err)
		}
	}
	f.get("hani", post)
	if c := conditions.Get(post, screeningv1.ConditionReady); c == nil || c.Status != metav1.ConditionUnknown || !strings.Contains(c.Message, "no order") {
		t.Errorf("Ready is %+v, want Unknown for want of an order", c)
	}
	f.order(spec())
	f.reconcile()
	f.get("hani", post)
	if c := conditions.Get(post, screeningv1.ConditionReady); c == nil || c.Status == metav1.ConditionUnknown {
		t.Errorf("with an order Ready is %+v, want it decided", c)
	}
}

func TestPostNamesWhatItLacks(t *testing.T) {
	t.Run("pool", func(t *testing.T) {
		f := newFixture(t)
		s := spec()
		s.Pools = []screeningv1.PostPool{{Name: "nowhere"}}
		f.order(s)
		f.reconcile()
		var post screeningv1.BorderPost
		f.get("hani", &post)
		if c := conditions.Get(&post, screeningv1.ConditionPoolsBound); c == nil || c.Reason != screeningv1.ReasonPoolNotFound || !strings.Contains(c.Message, "nowhere") {
			t.Errorf("PoolsBound is %+v, want PoolNotFound naming the pool", c)
		}
	})
	t.Run("purpose", func(t *testing.T) {
		f := newFixture(t)
		f.region.SetTerms(&region.Terms{Feeds: []string{"*"}, Purposes: []string{"LawEnforcement"}})
		f.order(spec())
		f.reconcile()
		var post screeningv1.BorderPost
		f.get("hani", &post)
		if c := conditions.Get(&post, screeningv1.ConditionReady); c == nil || c.Reason != screeningv1.ReasonPurposeNotAllowed {
			t.Errorf("Ready is %+v, want PurposeNotAllowed", c)
		}
		err := env.Client.Get(t.Context(), types.NamespacedName{Namespace: f.namespace, Name: "hani-front"}, &appsv1.Deployment{})
		if !apierrors.IsNotFound(err) {
			t.Error("a post without an accepted purpose has a front")
		}
	})
	t.Run("node port", func(t *testing.T) {
		f := newFixture(t)
		taken := &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: "other", Namespace: f.namespace},
			Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeNodePort, Ports: []corev1.ServicePort{{Port: 1, NodePort: 31999}}},
		}
		if err := env.Client.Create(t.Context(), taken); err != nil {
			t.Fatal(err)
		}
		s := spec()
		s.Endpoint.NodePort = 31999
		f.order(s)
		if again := f.reconcile(); again.RequeueAfter == 0 {
			t.Error("a post whose port is taken is not looked at again")
		}
		var post screeningv1.BorderPost
		f.get("hani", &post)
		if c := conditions.Get(&post, screeningv1.ConditionEndpointReady); c == nil || c.Reason != screeningv1.ReasonNodePortTaken {
			t.Errorf("EndpointReady is %+v, want NodePortTaken", c)
		}
	})
}

func TestPlanOutlook(t *testing.T) {
	issued := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	served := feedView{id: "a.b", verdict: region.Verdict{Search: true}, served: true, limits: order.Freshness{MarkSeconds: 7200, StopSeconds: 36000}}
	refused := feedView{id: "c.d", verdict: region.Verdict{Message: "c.d may be held in RS only"}}
	tests := []struct {
		name      string
		feeds     []feedView
		post      order.Freshness
		age       time.Duration
		connected bool
		want      screeningv1.PostAnswers
		stops     time.Duration
	}{
		{"fresh", []feedView{served}, order.Freshness{}, time.Hour, true, screeningv1.AnswersOnline, 0},
		{"past the mark", []feedView{served}, order.Freshness{}, 3 * time.Hour, true, screeningv1.AnswersMarked, 0},
		{"cut off", []feedView{served}, order.Freshness{}, time.Hour, false, screeningv1.AnswersOffline, 10 * time.Hour},
		{"cut off past the mark", []feedView{served}, order.Freshness{}, 3 * time.Hour, false, screeningv1.AnswersMarked, 10 * time.Hour},
		{"past the stop", []feedView{served}, order.Freshness{}, 11 * time.Hour, false, screeningv1.AnswersUnavailable, 0},
		{"the post is stricter", []feedView{served}, order.Freshness{StopSeconds: 3600}, time.Hour + 1, true, screeningv1.AnswersUnavailable, 0},
		{"at the mark", []feedView{served}, order.Freshness{}, 2 * time.Hour, true, screeningv1.AnswersOnline, 0},
		{"at the stop", []feedView{served}, order.Freshness{}, 10 * time.Hour, true, screeningv1.AnswersMarked, 0},
		{"the post cannot loosen", []feedView{served}, order.Freshness{StopSeconds: 1 << 30}, 11 * time.Hour, true, screeningv1.AnswersUnavailable, 0},
		{"one of two", []feedView{served, refused}, order.Freshness{}, time.Hour, true, screeningv1.AnswersOnline, 0},
		{"none", []feedView{refused}, order.Freshness{}, time.Hour, true, screeningv1.AnswersUnavailable, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := planOutlook(tt.feeds, tt.post, issued, issued.Add(tt.age), tt.connected)
			if got.answers != tt.want {
				t.Errorf("answers are %s, want %s", got.answers, tt.want)
			}
			if stops := got.stopsAt; (tt.stops == 0) != stops.IsZero() || (tt.stops > 0 && !stops.Equal(issued.Add(tt.stops))) {
				t.Errorf("stops at %v, want %s after the order", stops, tt.stops)
			}
		})
	}
}
