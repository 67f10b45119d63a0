// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"crypto"
	"errors"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/bootstrap"
	"github.com/frontline-screening/frontline/controllers/hub/internal/hubtest"
	"github.com/frontline-screening/frontline/controllers/hub/order"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/keyring"
	"github.com/frontline-screening/frontline/internal/trust"
)

// holders are named on the hub and sign what it collects.
type holders []crypto.Signer

func (b *bench) nameHolders(t *testing.T) holders {
	t.Helper()
	var keys holders
	var named []bootstrap.Holder
	for _, name := range []string{"anna", "ben", "cleo"} {
		key, err := keyring.New()
		if err != nil {
			t.Fatal(err)
		}
		keys, named = append(keys, key), append(named, bootstrap.Holder{Name: name, Key: key.Public()})
	}
	threshold, err := trust.NewThreshold(2)
	if err == nil {
		err = b.trust.SetHolders(t.Context(), named, threshold)
	}
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// sign has two holders sign what waits, and gives it to the hub.
func (h holders) sign(t *testing.T, b *bench) {
	t.Helper()
	regions := []string{b.region.Name}
	batch, err := b.trust.Collect(t.Context(), regions, false, bootstrap.RootLifetime)
	if err != nil {
		t.Fatal(err)
	}
	for _, holder := range h[:2] {
		if _, err := batch.Sign(holder); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.trust.Import(t.Context(), batch, regions); err != nil {
		t.Fatal(err)
	}
}

// verifier is a region that joined now.
func (b *bench) verifier(t *testing.T) *trust.Client {
	t.Helper()
	root, err := b.trust.Root(t.Context(), b.region.Name)
	if err != nil {
		t.Fatal(err)
	}
	c, err := trust.Open(filepath.Join(t.TempDir(), "trust"), root, trust.Identity{HubUID: b.hubUID, Term: 1, Region: b.region.Name})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (b *bench) verify(t *testing.T, c *trust.Client) trust.Verified {
	t.Helper()
	files, _, err := b.registry.FetchOrder(t.Context(), artifact.OrderRepository(b.region.Name), nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := c.Verify(files, b.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (b *bench) pending(t *testing.T) string {
	t.Helper()
	hubtest.Get(t, env.Client, b.region)
	if c := conditions.Get(b.region, screeningv1.ConditionTrustRootPending); c != nil {
		return c.Reason
	}
	return ""
}

func TestNewRegionWaitsForItsRoot(t *testing.T) {
	b := newBench(t, "waits", "AL")
	signed := b.nameHolders(t)
	b.settle(t)
	if got := b.pending(t); got != screeningv1.ReasonWaitingForHolders {
		t.Fatalf("TrustRootPending has reason %q", got)
	}
	if c := conditions.Get(b.region, screeningv1.ConditionOrderPublished); c == nil || c.Reason != screeningv1.ReasonWaitingForHolders {
		t.Errorf("OrderPublished is %+v", c)
	}
	if _, _, err := b.registry.FetchOrder(t.Context(), artifact.OrderRepository(b.region.Name), nil); !errors.Is(err, artifact.ErrNotFound) {
		t.Errorf("an order stands without a root: %v", err)
	}
	if _, err := b.trust.Root(t.Context(), b.region.Name); !errors.Is(err, order.ErrRootPending) {
		t.Errorf("an invitation could pin: %v", err)
	}
	if !conditions.IsTrue(b.region, screeningv1.ConditionNamespaceReady) {
		t.Error("the rest of the region does not go on")
	}
	signed.sign(t, b)
	b.settle(t)
	if got := b.pending(t); got != "" {
		t.Errorf("once signed, TrustRootPending has reason %q", got)
	}
	if v := b.verify(t, b.verifier(t)); v.RootVersion != 1 || v.Term != 1 {
		t.Errorf("order under root %d, term %d", v.RootVersion, v.Term)
	}
}

func TestRegionFollowsHoldersAndKeys(t *testing.T) {
	b := newBench(t, "follows", "AL")
	hubtest.Create(t, env.Client, hubtest.Pool("follows", "general", "x.y"))
	b.settle(t)
	region := b.verifier(t)
	first := b.verify(t, region)

	// The hub goes over to holders: orders go on meanwhile and after.
	signed := b.nameHolders(t)
	b.clock.Step(6 * time.Minute)
	b.settle(t)
	if got := b.pending(t); got != screeningv1.ReasonWaitingForHolders {
		t.Errorf("TrustRootPending has reason %q", got)
	}
	if v := b.verify(t, region); v.RootVersion != 1 || v.Sequence != first.Sequence {
		t.Errorf("order %d under root %d", v.Sequence, v.RootVersion)
	}
	signed.sign(t, b)
	b.settle(t)
	if v := b.verify(t, region); v.RootVersion != 2 || v.Term != 1 || v.Sequence != first.Sequence {
		t.Errorf("order %d of term %d under root %d", v.Sequence, v.Term, v.RootVersion)
	}

	// A key is stolen. A thief has numbered an order as high as can be.
	thief, err := b.trust.Signer(t.Context(), b.region.Name)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.trust.RotateKeys(t.Context(), b.region.Name); err != nil {
		t.Fatal(err)
	}
	signed.sign(t, b)
	b.settle(t)
	v := b.verify(t, region)
	if v.RootVersion != 3 || v.Term != 2 || v.Sequence != first.Sequence+1 || b.region.Status.Order.Term != 2 {
		t.Errorf("order %d of term %d under root %d", v.Sequence, v.Term, v.RootVersion)
	}
	forged, err := trust.Sign(thief.Keys, thief.Roots, nil, trust.SignInput{
		Region: b.region.Name, Index: []byte("{}"), Sequence: 1 << 50, Issued: b.clock.Now(),
		TimestampExpires: b.clock.Now().Add(time.Hour), Expires: b.clock.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := region.Verify(forged, b.clock.Now()); trust.ReasonOf(err) != trust.Revoked {
		t.Errorf("the thief's order: %v", err)
	}
	// He also puts it into the registry; a hub that starts goes on from its own.
	if _, err := b.registry.PushOrder(t.Context(), artifact.OrderRepository(b.region.Name), forged); err != nil {
		t.Fatal(err)
	}
	b.start(t)
	b.clock.Step(time.Minute)
	b.settle(t)
	if v := b.verify(t, region); v.Sequence != first.Sequence+1 || v.Term != 2 {
		t.Errorf("after the thief the hub signed order %d of term %d", v.Sequence, v.Term)
	}
}

// TestHubWithOldKeysIsFenced: a hub restored from before a rotation adopts the
// roots from the registry, signs nothing and says what to do.
func TestHubWithOldKeysIsFenced(t *testing.T) {
	b := newBench(t, "fenced", "AL")
	b.settle(t)
	key := client.ObjectKey{Namespace: b.namespace, Name: bootstrap.RegionSecret("fenced")}
	backup, secret := &corev1.Secret{}, &corev1.Secret{}
	if err := env.Client.Get(t.Context(), key, backup); err != nil {
		t.Fatal(err)
	}
	if err := b.trust.RotateKeys(t.Context(), "fenced"); err != nil {
		t.Fatal(err)
	}
	b.settle(t)
	region := b.verifier(t)
	before := b.verify(t, region)
	if err := env.Client.Get(t.Context(), key, secret); err != nil {
		t.Fatal(err)
	}
	secret.Data = backup.Data
	if err := env.Client.Update(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	b.start(t)
	b.clock.Step(6 * time.Minute)
	if _, err := b.orders.Reconcile(t.Context(), request(b.region.Name)); err == nil {
		t.Error("a hub with withdrawn keys signed")
	}
	if _, err := b.orders.Reconcile(t.Context(), request(b.region.Name)); err == nil {
		t.Error("a hub with withdrawn keys signed")
	}
	if got := b.pending(t); got != screeningv1.ReasonTrustKeysLost {
		t.Errorf("TrustRootPending has reason %q", got)
	}
	if v := b.verify(t, region); v.Sequence != before.Sequence || v.Term != before.Term {
		t.Errorf("order %d of term %d", v.Sequence, v.Term)
	}
	if err := b.trust.RotateKeys(t.Context(), "fenced"); err != nil {
		t.Fatal(err)
	}
	b.settle(t)
	if v := b.verify(t, region); v.Term != before.Term+1 || v.Sequence <= before.Sequence {
		t.Errorf("after the rotation order %d of term %d", v.Sequence, v.Term)
	}
}

func request(name string) ctrl.Request {
	return ctrl.Request{NamespacedName: types.NamespacedName{Name: name}}
}
