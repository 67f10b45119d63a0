// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/conditions/conditionstest"
	"github.com/frontline-screening/frontline/controllers/internal/testenv"
	"github.com/frontline-screening/frontline/controllers/region/internal/workload"
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
	hub       *regiontest.Hub
	dir       string
	region    *region.Region
	follower  *region.Follower
	namespace string
	agent     *Reconciler
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{T: t, dir: t.TempDir()}
	f.hub = regiontest.NewHub(t, regiontest.NewClock(), fmt.Sprintf("orders-%d", regions.Add(1)), "AL")
	f.namespace = screeningv1.RegionNamespace(f.hub.Region.Name)
	if err := env.Client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: f.namespace}}); err != nil {
		t.Fatal(err)
	}
	terms := &screeningv1.RegionTerms{
		ObjectMeta: metav1.ObjectMeta{Name: screeningv1.RegionTermsName, Namespace: f.namespace},
		Spec: screeningv1.RegionTermsSpec{
			Feeds: []screeningv1.FeedPattern{"intl.*"}, Purposes: []screeningv1.Purpose{screeningv1.PurposeBorderControl},
		},
	}
	if err := env.Client.Create(t.Context(), terms); err != nil {
		t.Fatal(err)
	}
	f.start()
	return f
}

func (f *fixture) start() {
	f.Helper()
	f.region = regiontest.NewRegion(f, f.hub, f.dir)
	var err error
	if f.follower, err = region.NewFollower(f.region, f.hub, logr.Discard()); err != nil {
		f.Fatal(err)
	}
	f.agent = NewReconciler(env.Client, f.region, f.hub.Clock.Now, false)
}

func (f *fixture) obey(in order.Input) {
	f.Helper()
	f.hub.Publish(f, in)
	if err := f.follower.Pull(f.Context()); err != nil {
		f.Fatal(err)
	}
	f.reconcile()
}

func (f *fixture) reconcile() {
	f.Helper()
	if _, err := f.agent.Reconcile(f.Context(), ctrl.Request{}); err != nil {
		f.Fatal(err)
	}
	terms := &screeningv1.RegionTerms{}
	if !f.gone(screeningv1.RegionTermsName, terms) {
		conditionstest.Conform(f, terms, terms.Status.ObservedGeneration)
	}
}

func (f *fixture) get(name string, obj client.Object) {
	f.Helper()
	if err := env.Client.Get(f.Context(), types.NamespacedName{Namespace: f.namespace, Name: name}, obj); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) gone(name string, obj client.Object) bool {
	f.Helper()
	err := env.Client.Get(f.Context(), types.NamespacedName{Namespace: f.namespace, Name: name}, obj)
	return apierrors.IsNotFound(err)
}

func workloadOf(t *testing.T, name string, generation int64, spec any) order.Workload {
	t.Helper()
	data, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	return order.Workload{Name: name, UID: "hub-" + name, Generation: generation, Spec: data}
}

func poolSpec(replicas *int32) screeningv1.MatcherPoolSpec {
	return screeningv1.MatcherPoolSpec{
		Feeds:      []screeningv1.PoolFeed{{ID: "intl.un-sc"}},
		Modalities: []screeningv1.Modality{screeningv1.ModalityBiographic},
		Replicas:   replicas, Bounds: screeningv1.PoolBounds{Min: 1, Max: 8},
	}
}

func postSpec() screeningv1.BorderPostSpec {
	return screeningv1.BorderPostSpec{
		Type: screeningv1.PostLand, Location: screeningv1.PostLocation{Country: "AL"},
		Pools: []screeningv1.PostPool{{Name: "general"}}, Purposes: []screeningv1.Purpose{screeningv1.PurposeBorderControl},
		Endpoint: screeningv1.PostEndpoint{Type: screeningv1.EndpointClusterIP},
	}
}

func input(t *testing.T, replicas *int32) order.Input {
	return order.Input{
		Pools: []order.Workload{workloadOf(t, "general", 3, poolSpec(replicas))},
		Posts: []order.Workload{workloadOf(t, "hani", 5, postSpec())},
		Feeds: []order.Feed{{
			ID: "intl.un-sc", UID: "uid", State: order.Serve, Release: 2, Floor: 1, Content: "sha256:" + strings.Repeat("a", 64),
			Artifact: "sha256:" + strings.Repeat("b", 64), Size: 10, Jurisdictions: []string{"AL"}, ListDate: "2026-02-27T00:00:00Z",
		}},
	}
}

func TestOrderIsAppliedOnce(t *testing.T) {
	f := newFixture(t)
	f.obey(input(t, new(int32(2))))
	var pool screeningv1.MatcherPool
	var post screeningv1.BorderPost
	var replica screeningv1.WatchlistReplica
	f.get("general", &pool)
	f.get("hani", &post)
	f.get("intl.un-sc", &replica)
	if *pool.Spec.Baseline != 2 || *pool.Spec.Replicas != 2 || pool.Annotations[screeningv1.AnnotationHubUID] != "hub-general" ||
		pool.Annotations[screeningv1.AnnotationHubGeneration] != "3" {
		t.Errorf("the pool is %+v with annotations %v", pool.Spec, pool.Annotations)
	}
	if replica.Spec.Release != "v2" || replica.Spec.Floor != "v1" || replica.Spec.ListDate != "2026-02-27" {
		t.Errorf("the replica is %+v", replica.Spec)
	}
	if c := conditions.Get(&replica, screeningv1.ConditionHeld); c == nil || c.Reason != screeningv1.ReasonPulling {
		t.Errorf("the replica's condition Held is %+v, want Pulling", c)
	}

	before := []string{pool.ResourceVersion, post.ResourceVersion, replica.ResourceVersion}
	for range 3 {
		f.reconcile()
	}
	f.start() // a restart
	f.reconcile()
	f.get("general", &pool)
	f.get("hani", &post)
	f.get("intl.un-sc", &replica)
	after := []string{pool.ResourceVersion, post.ResourceVersion, replica.ResourceVersion}
	for i := range before {
		if before[i] != after[i] {
			t.Errorf("object %d was written while nothing changed", i)
		}
	}
}

func TestEditsAreUndoneAndScalingIsNot(t *testing.T) {
	f := newFixture(t)
	f.obey(input(t, new(int32(2))))
	var pool screeningv1.MatcherPool
	f.get("general", &pool)
	pool.Spec.Feeds = []screeningv1.PoolFeed{{ID: "xx.other"}}
	pool.Spec.Bounds.Max = 3
	if err := env.Client.Update(t.Context(), &pool, client.FieldOwner("kubectl-edit")); err != nil {
		t.Fatal(err)
	}
	f.reconcile()
	f.get("general", &pool)
	if len(pool.Spec.Feeds) != 1 || pool.Spec.Feeds[0].ID != "intl.un-sc" || pool.Spec.Bounds.Max != 8 {
		t.Errorf("after an edit the pool is %+v", pool.Spec)
	}

	// As kubectl scale does it, through the subresource.
	scale := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"replicas":5}}`))
	if err := env.Client.SubResource("scale").Patch(t.Context(), &pool, scale, client.FieldOwner("kubectl")); err != nil {
		t.Fatal(err)
	}
	f.reconcile()
	f.obey(input(t, new(int32(3))))
	f.get("general", &pool)
	if *pool.Spec.Replicas != 5 || *pool.Spec.Baseline != 3 || !workload.ScaledLocally(&pool) {
		t.Errorf("after scaling to 5 and an order for 3: replicas %d, baseline %d, local %v", *pool.Spec.Replicas, *pool.Spec.Baseline, workload.ScaledLocally(&pool))
	}
}

func TestReplicasFollowTheHubUntilSomebodyScales(t *testing.T) {
	f := newFixture(t)
	f.obey(input(t, nil))
	var pool screeningv1.MatcherPool
	f.get("general", &pool)
	if *pool.Spec.Replicas != 1 {
		t.Errorf("without a wish of the hub there are %d replicas, want bounds.min", *pool.Spec.Replicas)
	}
	f.obey(input(t, new(int32(4))))
	f.get("general", &pool)
	if *pool.Spec.Replicas != 4 {
		t.Errorf("the hub wishes 4, replicas are %d", *pool.Spec.Replicas)
	}
}

func TestWithdrawal(t *testing.T) {
	f := newFixture(t)
	f.obey(input(t, nil))

	// Neither listed nor withdrawn: both stay, and are reported.
	f.obey(order.Input{})
	var pool screeningv1.MatcherPool
	f.get("general", &pool)
	if _, marked := pool.Annotations[screeningv1.AnnotationOrphaned]; !marked {
		t.Error("an unlisted pool is not marked as an orphan")
	}
	objects, err := f.agent.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(objects.Orphans) != 2 || objects.Orphans[0].UID != "hub-general" {
		t.Errorf("orphans reported: %+v, want the pool and the post", objects.Orphans)
	}
	if _, known := f.region.Target("general"); !known {
		t.Error("an orphaned pool has no target any more")
	}

	// Listed again: the mark goes.
	f.obey(input(t, nil))
	f.get("general", &pool)
	if _, marked := pool.Annotations[screeningv1.AnnotationOrphaned]; marked {
		t.Error("a pool listed again is still marked")
	}

	// A tombstone of another object of the same name withdraws nothing.
	f.obey(order.Input{Tombstones: []order.Tombstone{{Kind: order.KindPool, Name: "general", UID: "an-earlier-one"}}})
	f.get("general", &pool)

	f.obey(order.Input{Tombstones: []order.Tombstone{
		{Kind: order.KindPool, Name: "general", UID: "hub-general"}, {Kind: order.KindPost, Name: "hani", UID: "hub-hani"},
	}})
	if !f.gone("general", &pool) || !f.gone("hani", &screeningv1.BorderPost{}) {
		t.Error("tombstones removed nothing")
	}
}

func TestWhatTheAPIRefusesIsReportedAndHoldsUpNothing(t *testing.T) {
	f := newFixture(t)
	in := input(t, nil)
	bad := poolSpec(nil)
	bad.Bounds = screeningv1.PoolBounds{Min: 5, Max: 2}
	in.Pools = append(in.Pools, workloadOf(t, "bad", 1, bad))
	f.obey(in)
	var pool screeningv1.MatcherPool
	f.get("general", &pool)
	objects, err := f.agent.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(objects.Refusals) != 1 || objects.Refusals[0].Subject != "MatcherPool bad" {
		t.Errorf("refusals are %+v, want that of pool bad", objects.Refusals)
	}
}

func TestTermsAreEnforced(t *testing.T) {
	f := newFixture(t)
	in := input(t, nil)
	national := in.Feeds[0]
	national.ID = "al.national"
	in.Feeds = append(in.Feeds, national)
	f.obey(in)
	r := f.region.Report(region.Objects{}, "test")
	if len(r.Refusals) != 1 || r.Refusals[0].Reason != screeningv1.ReasonRefusedByTerms || !strings.Contains(r.Refusals[0].Message, "al.national") {
		t.Errorf("refusals are %+v, want al.national by the terms", r.Refusals)
	}
	for _, step := range region.PlanCopies(f.region.Verified(), f.region.Terms(), nil) {
		if step.Feed == "al.national" {
			t.Error("a feed that the terms do not cover would be pulled")
		}
	}
	terms := &screeningv1.RegionTerms{}
	f.get(screeningv1.RegionTermsName, terms)
	if !conditions.IsTrue(terms, screeningv1.ConditionReady) {
		t.Error("the terms do not say that they are in force")
	}
	if err := env.Client.Delete(t.Context(), terms); err != nil {
		t.Fatal(err)
	}
	f.reconcile()
	if steps := region.PlanCopies(f.region.Verified(), f.region.Terms(), nil); len(steps) != 0 {
		t.Errorf("without terms the region would pull %+v", steps)
	}
}

func TestReportNamesTheHubsGenerations(t *testing.T) {
	f := newFixture(t)
	f.obey(input(t, nil))
	var pool screeningv1.MatcherPool
	f.get("general", &pool)
	pool.Status.ObservedGeneration = pool.Generation
	conditions.True(&pool, screeningv1.ConditionReady, screeningv1.ReasonReady, "test")
	if err := env.Client.Status().Update(t.Context(), &pool); err != nil {
		t.Fatal(err)
	}
	objects, err := f.agent.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var status screeningv1.MatcherPoolStatus
	if err := json.Unmarshal(objects.Pools[0].Status, &status); err != nil {
		t.Fatal(err)
	}
	if objects.Pools[0].Generation != 3 || status.ObservedGeneration != 3 || status.Conditions[0].ObservedGeneration != 3 {
		t.Errorf("reported generation %d, status %d; want the hub's, 3", objects.Pools[0].Generation, status.ObservedGeneration)
	}
	if objects.Posts[0].Generation >= 5 {
		t.Errorf("a post without a status is reported as of generation %d", objects.Posts[0].Generation)
	}
}

// TestNoReplicaForACopyThatNeverWas: the order also lists feeds that pools name
// in vain.
func TestNoReplicaForACopyThatNeverWas(t *testing.T) {
	f := newFixture(t)
	in := input(t, new(int32(1)))
	in.Feeds = append(in.Feeds,
		order.Feed{ID: "intl.new", UID: "n", State: order.Serve, Jurisdictions: []string{"AL"}},
		order.Feed{ID: "rs.national", UID: "r", State: order.Erase, Jurisdictions: []string{"RS"}})
	f.obey(in)
	var list screeningv1.WatchlistReplicaList
	if err := env.Client.List(t.Context(), &list, client.InNamespace(f.namespace)); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 1 || list.Items[0].Name != "intl.un-sc" {
		t.Errorf("there are %d replicas, want that of intl.un-sc alone", len(list.Items))
	}
}

// TestTheHubEndsALocalWish by a mark in the order that is another one, once.
func TestTheHubEndsALocalWish(t *testing.T) {
	f := newFixture(t)
	f.obey(input(t, new(int32(2))))
	scale := func() {
		t.Helper()
		var pool screeningv1.MatcherPool
		f.get("general", &pool)
		five := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"replicas":5}}`))
		if err := env.Client.SubResource("scale").Patch(t.Context(), &pool, five, client.FieldOwner("kubectl")); err != nil {
			t.Fatal(err)
		}
		f.reconcile()
	}
	reset := func(mark string) {
		t.Helper()
		spec := poolSpec(new(int32(2)))
		spec.ReplicasReset = mark
		in := input(t, nil)
		in.Pools = []order.Workload{workloadOf(t, "general", 4, spec)}
		f.obey(in)
	}
	wants := func(when string, replicas int32, local bool) {
		t.Helper()
		var pool screeningv1.MatcherPool
		f.get("general", &pool)
		if *pool.Spec.Replicas != replicas || workload.ScaledLocally(&pool) != local {
			t.Errorf("%s: %d replicas, local %v; want %d, %v", when, *pool.Spec.Replicas, workload.ScaledLocally(&pool), replicas, local)
		}
	}
	scale()
	wants("scaled here", 5, true)
	reset("2026-03-01T12:00:00Z")
	wants("reset", 2, false)
	scale()
	f.reconcile()
	reset("2026-03-01T12:00:00Z")
	f.start() // which remembers nothing
	f.reconcile()
	wants("scaled after the reset", 5, true)
	reset("")
	wants("the mark taken away", 5, true)
	reset("2026-03-02T12:00:00Z")
	wants("reset again", 2, false)

	var pool screeningv1.MatcherPool
	f.get("general", &pool)
	before := pool.ResourceVersion
	f.reconcile()
	f.get("general", &pool)
	if pool.ResourceVersion != before {
		t.Error("the pool was written while nothing changed")
	}
}

// TestReleaseReplicas takes the number of replicas from whoever set it, and
// nothing else from anybody.
func TestReleaseReplicas(t *testing.T) {
	f := newFixture(t)
	f.obey(input(t, new(int32(2))))
	var pool screeningv1.MatcherPool
	f.get("general", &pool)
	if released, err := ReleaseReplicas(t.Context(), env.Client, &pool); err != nil || released {
		t.Errorf("a pool that nobody has scaled: released %v, %v", released, err)
	}
	f.get("general", &pool)
	stale := pool.DeepCopy()
	// One who scaled to what the hub wishes, and labelled it in the same breath.
	pool.Spec.Replicas, pool.Labels["team"] = new(int32(4)), "night"
	if err := env.Client.Update(t.Context(), &pool, client.FieldOwner("console")); err != nil {
		t.Fatal(err)
	}
	pool.Spec.Replicas = new(int32(2))
	if err := env.Client.Update(t.Context(), &pool, client.FieldOwner("console")); err != nil {
		t.Fatal(err)
	}
	stale.ManagedFields = pool.ManagedFields
	if _, err := ReleaseReplicas(t.Context(), env.Client, stale); !apierrors.IsConflict(err) {
		t.Errorf("an object that has changed since: %v, want a conflict", err)
	}
	if released, err := ReleaseReplicas(t.Context(), env.Client, &pool); err != nil || !released {
		t.Fatalf("released %v, %v", released, err)
	}
	f.obey(input(t, new(int32(3))))
	f.get("general", &pool)
	if *pool.Spec.Replicas != 3 || pool.Labels["team"] != "night" || workload.ScaledLocally(&pool) {
		t.Errorf("after a release and an order for 3: %d replicas, labels %v", *pool.Spec.Replicas, pool.Labels)
	}
	owned := false
	for _, entry := range pool.ManagedFields {
		owned = owned || entry.Manager == "console"
	}
	if !owned {
		t.Error("the label lost its owner")
	}
}

// A report is asked for after each pass over the order and at no other time.
func TestPassesAskForAReport(t *testing.T) {
	f := newFixture(t)
	f.obey(order.Input{})
	asked := func() bool {
		select {
		case <-f.agent.Looked():
			return true
		default:
			return false
		}
	}
	if !asked() {
		t.Error("a pass asked for no report")
	}
	if asked() {
		t.Error("a report is asked for again with nothing new")
	}
	f.reconcile()
	f.reconcile()
	if !asked() || asked() {
		t.Error("two passes did not ask for one report")
	}
}
