// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
)

// lasting is a region's agent that a test starts again, and where its keys are.
type lasting struct {
	*testing.T
	hub     *regiontest.Hub
	options Options
}

func newLasting(t *testing.T) *lasting {
	t.Helper()
	hub := regiontest.NewHub(t, regiontest.NewClock(), fmt.Sprintf("vault-%d", regions.Add(1)), "AL")
	newRegionNamespace(t, hub.Region.Name)
	o := options(t, hub, t.TempDir())
	o.KeyNamespace = env.CreateNamespace(t, "keys")
	return &lasting{T: t, hub: hub, options: o}
}

// secret is one of those that the agent keeps, nil when there is none.
func (l *lasting) secret(namespace, name string) *corev1.Secret {
	l.Helper()
	var secret corev1.Secret
	err := env.Client.Get(l.Context(), types.NamespacedName{Namespace: namespace, Name: name}, &secret)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		l.Fatal(err)
	}
	return &secret
}

func (l *lasting) vault() *corev1.Secret { return l.secret(l.options.KeyNamespace, VaultSecret) }

// identity is the region's key and authority as a process has them.
func (l *lasting) identity(a *Agent) [2]string {
	l.Helper()
	identity, err := a.region.Store().Identity(l.options.Region, l.options.Now())
	if err != nil {
		l.Fatal(err)
	}
	return [2]string{pki.KeyPin(identity.Key.Public()), pki.CertificatePin(a.ca.Certificate())}
}

// registry is the Secret that the registry's pod mounts, once its bundle begins
// with the agent's authority.
func (l *lasting) registry(a *Agent) *corev1.Secret {
	l.Helper()
	var secret *corev1.Secret
	eventually(l.T, "the registry's certificate is written", func() bool {
		secret = l.secret(l.options.InstallNamespace, RegistrySecret)
		return secret != nil && bytes.HasPrefix(secret.Data["ca.crt"], a.ca.CertPEM())
	})
	return secret
}

// TestVolumeAndSecret: a region that loses its volume is itself; one that loses the
// Secret takes it from the volume's copy; one that loses both is another, and
// trusts what its pods hold.
func TestVolumeAndSecret(t *testing.T) {
	l := newLasting(t)
	first := startAgent(t, l.options)
	if err := first.region.SetJoined(l.hub.Joined()); err != nil {
		t.Fatal(err)
	}
	who, tls := l.identity(first), l.registry(first)
	kept := l.vault()
	if kept == nil || l.secret(l.options.InstallNamespace, VaultSecret) != nil {
		t.Fatalf("the Secret in the key namespace is %v, and none may be beside the installation's", kept)
	}

	l.options.StateDir = t.TempDir()
	second := startAgent(t, l.options)
	if got := l.identity(second); got != who {
		t.Errorf("without its volume the region is %v, was %v", got, who)
	}
	if second.Status().Joined != "Joined" {
		t.Error("without its volume the region has not joined")
	}
	if got := l.registry(second); got.ResourceVersion != tls.ResourceVersion {
		t.Error("the registry's certificate was written anew")
	}

	if err := env.Client.Delete(t.Context(), l.vault()); err != nil {
		t.Fatal(err)
	}
	third := startAgent(t, l.options)
	if got := l.identity(third); got != who {
		t.Errorf("without its Secret the region is %v, was %v", got, who)
	}
	if diff := cmp.Diff(kept.Data, l.vault().Data); diff != "" {
		t.Error("the Secret does not hold what it did")
	}

	if err := env.Client.Delete(t.Context(), l.vault()); err != nil {
		t.Fatal(err)
	}
	l.options.StateDir = t.TempDir()
	last := startAgent(t, l.options)
	got := l.identity(last)
	if got[0] == who[0] || got[1] == who[1] {
		t.Fatalf("without either the region is still %v", got)
	}
	after := l.registry(last)
	if !bytes.Equal(after.Data["tls.crt"], tls.Data["tls.crt"]) || !bytes.HasSuffix(after.Data["ca.crt"], first.ca.CertPEM()) {
		t.Error("what the former authority issued does not stand until it ends, under a bundle that names both")
	}
	if cert, err := pki.ParseCertificate(tls.Data["tls.crt"]); err != nil || !last.ca.Issued(cert) {
		t.Errorf("the agent does not trust the pods that are there, %v", err)
	}
}

// TestMoveFromTheVolume: what the release before this one left on the volume makes
// the region, and that release can take over again.
func TestMoveFromTheVolume(t *testing.T) {
	l := newLasting(t)
	before, err := region.OpenStore(l.options.StateDir)
	if err != nil {
		t.Fatal(err)
	}
	identity, err := before.Identity(l.options.Region, l.options.Now())
	if err != nil {
		t.Fatal(err)
	}
	ca, err := before.CA(l.options.Region, l.options.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := before.SetJoined(l.hub.Joined()); err != nil {
		t.Fatal(err)
	}
	want := [2]string{pki.KeyPin(identity.Key.Public()), pki.CertificatePin(ca.Certificate())}
	for range 2 { // the second time there is nothing to move
		a := startAgent(t, l.options)
		if got := l.identity(a); got != want || a.Status().Joined != "Joined" {
			t.Fatalf("the region is %v, %s; was %v", got, a.Status().Joined, want)
		}
	}
	moved := l.vault()
	next := l.hub.Joined()
	next.Incarnation++
	back, err := region.OpenStore(l.options.StateDir)
	if err != nil {
		t.Fatal(err)
	}
	if err := back.SetJoined(next); err != nil {
		t.Fatal(err)
	}
	a := startAgent(t, l.options)
	if got := a.region.Joined(); got == nil || got.Incarnation != next.Incarnation {
		t.Errorf("joined as %+v; the release before joined as incarnation %d meanwhile", got, next.Incarnation)
	}
	if l.vault().UID != moved.UID {
		t.Error("the Secret was made anew")
	}
}

// TestVaultIsOneForAllProcesses: two agents at once, on a lost node, number no two
// reports alike and undo nothing of each other.
func TestVaultIsOneForAllProcesses(t *testing.T) {
	namespace := env.CreateNamespace(t, "keys")
	stores := make([]*region.Store, 2)
	for i := range stores {
		v, err := openVault(env.Client, namespace, "north")
		if err != nil {
			t.Fatal(err)
		}
		if stores[i], err = region.OpenStore(t.TempDir()); err != nil {
			t.Fatal(err)
		}
		if err := stores[i].Keep(v); err != nil {
			t.Fatal(err)
		}
		if _, err := stores[i].Identity("north", regiontest.NewClock().Now()); err != nil {
			t.Fatal(err)
		}
		// The second process starts when there is a region.
	}
	numbers := make(chan int64)
	for _, store := range stores {
		go func() {
			for range 5 {
				n, err := store.NextReport(1)
				if err != nil {
					t.Error(err)
				}
				numbers <- n
			}
		}()
	}
	seen := map[int64]bool{}
	for range 10 {
		n := <-numbers
		if seen[n] {
			t.Errorf("number %d is used twice", n)
		}
		seen[n] = true
	}
	if err := stores[0].SetJoined(region.Joined{HubUID: "hub", RegionUID: "region", Incarnation: 4}); err != nil {
		t.Fatal(err)
	}
	if _, err := stores[1].NextReport(4); err != nil {
		t.Fatal(err)
	}
	if got, err := stores[1].Joined(); err != nil || got == nil || got.Incarnation != 4 {
		t.Errorf("the other process knows of the joining %+v, %v", got, err)
	}
}

// overtaken is a client whose Secret somebody else writes between its reading and
// its writing, as often as is left.
type overtaken struct {
	client.Client
	left int
}

func (o *overtaken) Get(ctx context.Context, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
	err := o.Client.Get(ctx, key, obj, opts...)
	if err != nil || o.left == 0 {
		return err
	}
	o.left--
	other, err := openVault(o.Client, key.Namespace, "north")
	if err != nil {
		return err
	}
	return other.Change(func(d region.Documents) error {
		d["other"] = fmt.Append(d["other"], "x")
		return nil
	})
}

// TestVaultIsNotOverwritten: a write that is based on an older Secret is made again.
func TestVaultIsNotOverwritten(t *testing.T) {
	namespace := env.CreateNamespace(t, "keys")
	v, err := openVault(env.Client, namespace, "north")
	if err != nil {
		t.Fatal(err)
	}
	set := func(key string) func(region.Documents) error {
		return func(d region.Documents) error { d[key] = []byte("x"); return nil }
	}
	if err := v.Change(set("first")); err != nil {
		t.Fatal(err)
	}
	v.client = &overtaken{Client: env.Client, left: 2}
	if err := v.Change(set("second")); err != nil {
		t.Fatal(err)
	}
	got, err := openVault(env.Client, namespace, "north")
	if err != nil {
		t.Fatal(err)
	}
	want := region.Documents{"first": []byte("x"), "second": []byte("x"), "other": []byte("xx")}
	if diff := cmp.Diff(want, got.kept); diff != "" {
		t.Errorf("the Secret holds (-want +got):\n%s", diff)
	}
}

func TestVaultRefuses(t *testing.T) {
	namespace := env.CreateNamespace(t, "keys")
	north, err := openVault(env.Client, namespace, "north")
	if err != nil {
		t.Fatal(err)
	}
	made := region.Documents{"identity.key": []byte("the region's")}
	if err := north.Change(func(d region.Documents) error { maps.Copy(d, made); return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := openVault(env.Client, namespace, "south"); err == nil || !strings.Contains(err.Error(), "key namespace of its own") {
		t.Errorf("the Secret of another region: %v", err)
	}
	nowhere, err := openVault(env.Client, "no-such-namespace", "north")
	if err != nil {
		t.Fatal(err)
	}
	if err := nowhere.Change(func(d region.Documents) error { maps.Copy(d, made); return nil }); err == nil || !strings.Contains(err.Error(), "make the namespace") {
		t.Errorf("a namespace that is not there: %v", err)
	}

	// Deleted while the agent runs it comes back whole; replaced it does not.
	key := types.NamespacedName{Namespace: namespace, Name: VaultSecret}
	var secret corev1.Secret
	if err := env.Client.Get(t.Context(), key, &secret); err != nil {
		t.Fatal(err)
	}
	if err := env.Client.Delete(t.Context(), &secret); err != nil {
		t.Fatal(err)
	}
	count := func(d region.Documents) error { d["reports.json"] = fmt.Append(d["reports.json"], "1"); return nil }
	if err := north.Change(count); err != nil {
		t.Fatal(err)
	}
	if err := env.Client.Get(t.Context(), key, &secret); err != nil || string(secret.Data["identity.key"]) != "the region's" {
		t.Errorf("the Secret came back as %v, %v", secret.Data, err)
	}
	secret.Data["identity.key"] = []byte("another's")
	if err := env.Client.Update(t.Context(), &secret); err != nil {
		t.Fatal(err)
	}
	if err := north.Change(count); err == nil || !strings.Contains(err.Error(), "another identity") {
		t.Errorf("a Secret that was replaced: %v", err)
	}
	if err := env.Client.Get(t.Context(), key, &secret); err != nil || string(secret.Data["identity.key"]) != "another's" {
		t.Errorf("the Secret was overwritten: %v, %v", secret.Data, err)
	}
}
