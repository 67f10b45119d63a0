// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"crypto/tls"
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/join"
	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
)

// eventually asks until done or a minute has passed.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("did not happen: %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func startAgent(t *testing.T, o Options) *Agent {
	t.Helper()
	var a *Agent
	env.StartManager(t, ctrl.Options{Cache: CacheOptions(o.Region), Client: ClientOptions()}, func(mgr manager.Manager) error {
		var err error
		a, err = Add(mgr, o)
		return err
	})
	return a
}

func options(t *testing.T, hub *regiontest.Hub, dir string) Options {
	t.Helper()
	return Options{
		Region: hub.Region.Name, InstallNamespace: env.CreateNamespace(t, "install"), StateDir: dir,
		Registry: "https://registry.invalid:5000", Bind: "127.0.0.1:0", Image: "example.test/frontline:v1", EngineImage: "example.test/frontline:v1",
		Version: "test", Now: hub.Clock.Now,
	}
}

func newRegionNamespace(t *testing.T, name string) string {
	t.Helper()
	namespace := screeningv1.RegionNamespace(name)
	if err := env.Client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}); err != nil {
		t.Fatal(err)
	}
	return namespace
}

func TestAgentStartsBeforeJoining(t *testing.T) {
	hub := regiontest.NewHub(t, regiontest.NewClock(), fmt.Sprintf("start-%d", regions.Add(1)), "AL")
	newRegionNamespace(t, hub.Region.Name)
	o := options(t, hub, t.TempDir())
	a := startAgent(t, o)
	eventually(t, "the registry's certificate is written", func() bool {
		var secret corev1.Secret
		key := types.NamespacedName{Namespace: o.InstallNamespace, Name: RegistrySecret}
		if env.Client.Get(t.Context(), key, &secret) != nil {
			return false
		}
		_, err := tls.X509KeyPair(secret.Data["tls.crt"], secret.Data["tls.key"])
		return err == nil && len(secret.Data["ca.crt"]) > 0
	})
	if s := a.Status(); s.Joined != "NotJoined" || s.Connected {
		t.Errorf("the status is %+v, want NotJoined", s)
	}
}

// TestAgentServesWithItsHubGone: everything comes from the state directory.
func TestAgentServesWithItsHubGone(t *testing.T) {
	f := newFixture(t)
	f.obey(input(t, new(int32(2))))
	for _, obj := range []client.Object{&screeningv1.MatcherPool{}, &screeningv1.BorderPost{}} {
		if err := env.Client.DeleteAllOf(t.Context(), obj, client.InNamespace(f.namespace)); err != nil {
			t.Fatal(err)
		}
	}
	// The joining names a gateway that nobody answers at.
	a := startAgent(t, options(t, f.hub, f.dir))
	eventually(t, "the order of the state directory is applied and runs", func() bool {
		var pool screeningv1.MatcherPool
		var d appsv1.Deployment
		return env.Client.Get(t.Context(), types.NamespacedName{Namespace: f.namespace, Name: "general"}, &pool) == nil &&
			env.Client.Get(t.Context(), types.NamespacedName{Namespace: f.namespace, Name: "general-matcher"}, &d) == nil &&
			env.Client.Get(t.Context(), types.NamespacedName{Namespace: f.namespace, Name: "hani-front"}, &d) == nil &&
			pool.Status.EngineImage != ""
	})
	if s := a.Status(); s.Joined != "Joined" || s.Connected || s.Sequence != 1 {
		t.Errorf("the status is %+v, want joined, not connected, order 1", s)
	}
}

func TestLocalRegionJoinsByItself(t *testing.T) {
	clock := regiontest.NewClock()
	hub := regiontest.NewHub(t, clock, fmt.Sprintf("start-%d", regions.Add(1)), "AL")
	namespace := newRegionNamespace(t, hub.Region.Name)
	in := input(t, new(int32(2)))
	hub.Publish(t, in)
	// The hub's own objects; its spec is display.
	pool := &screeningv1.MatcherPool{ObjectMeta: metav1.ObjectMeta{Name: "general", Namespace: namespace}, Spec: poolSpec(new(int32(7)))}
	if err := env.Client.Create(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	o := options(t, hub, t.TempDir())
	ca, err := pki.NewCA("the hub's", clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	o.Local = &Local{Hub: hub, CA: ca, Invite: func(context.Context) (join.Invitation, error) {
		return join.Invitation{
			Format: join.InvitationFormat, HubUID: hub.UID, Term: 1, Region: hub.Region.Name, RegionUID: hub.Region.UID,
			Jurisdiction: hub.Region.Jurisdiction, Root: hub.Root, Token: "token",
		}, nil
	}}
	startAgent(t, o)
	eventually(t, "the local region runs what its order says", func() bool {
		var d appsv1.Deployment
		if env.Client.Get(t.Context(), types.NamespacedName{Namespace: namespace, Name: "general-matcher"}, &d) != nil {
			return false
		}
		err := env.Client.Get(t.Context(), client.ObjectKeyFromObject(pool), pool)
		return err == nil && *d.Spec.Replicas == 2 && pool.Status.Wanted != nil && *pool.Status.Wanted == 2
	})
	if *pool.Spec.Replicas != 7 || pool.Annotations[screeningv1.AnnotationHubUID] != "" {
		t.Errorf("the agent wrote the hub's object: %+v", pool.Spec)
	}
	eventually(t, "the hub has a report", func() bool { return len(hub.Reports()) > 0 })
}
