// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/bootstrap"
	"github.com/frontline-screening/frontline/controllers/hub/order"
	"github.com/frontline-screening/frontline/internal/keyring"
	"github.com/frontline-screening/frontline/internal/trust"
)

// ceremony is a hub with regions, and holders with keys in files.
type ceremony struct {
	client client.Client
	dir    string
	out    bytes.Buffer
}

func newCeremony(t *testing.T, regions ...string) *ceremony {
	t.Helper()
	c := &ceremony{client: fake.NewClientBuilder().WithScheme(newScheme()).Build(), dir: t.TempDir()}
	for _, region := range regions {
		c.region(t, region)
	}
	for _, name := range []string{"anna", "ben", "cleo", "dora"} {
		key, err := keyring.New()
		if err != nil {
			t.Fatal(err)
		}
		private, err := keyring.Encode(key)
		if err != nil {
			t.Fatal(err)
		}
		public, err := keyring.EncodePublic(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.WriteFile(c.path(name+".key"), private, 0o600), os.WriteFile(c.path(name+".pem"), public, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c *ceremony) region(t *testing.T, name string) {
	t.Helper()
	err := c.client.Create(t.Context(), &screeningv1.RegionalCluster{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: screeningv1.RegionalClusterSpec{Jurisdiction: "AL"},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (c *ceremony) path(name string) string { return filepath.Join(c.dir, name) }

func (c *ceremony) holders(names ...string) holdersOptions {
	o := holdersOptions{threshold: 2}
	for _, name := range names {
		o.files = append(o.files, c.path(name+".pem"))
	}
	return o
}

func (c *ceremony) hub(t *testing.T) *hubTrust {
	t.Helper()
	o := trustOptions{kube: kubeOptions{namespace: "frontline-system"}, keyNamespace: "keys"}
	hub, err := o.openWith(t.Context(), c.client, func() time.Time { return testTime })
	if err != nil {
		t.Fatal(err)
	}
	return hub
}

func (c *ceremony) options() *ceremonyOptions {
	return &ceremonyOptions{output: c.path("roots.json"), lifetime: bootstrap.RootLifetime}
}

func (c *ceremony) add(t *testing.T, renew bool) {
	t.Helper()
	hub := c.hub(t)
	if err := c.options().gather(t.Context(), hub, hub.regions, renew, &c.out); err != nil {
		t.Fatal(err)
	}
}

func (c *ceremony) sign(t *testing.T, holders ...string) {
	t.Helper()
	for _, name := range holders {
		o := signOptions{key: c.path(name + ".key")}
		if err := o.sign(c.path("roots.json"), strings.NewReader("yes\n"), &c.out); err != nil {
			t.Fatal(err)
		}
	}
}

func (c *ceremony) take(t *testing.T) error {
	t.Helper()
	return importRoots(t.Context(), c.hub(t), []string{c.path("roots.json")}, &c.out)
}

func (c *ceremony) state(t *testing.T) map[string]rootState {
	t.Helper()
	var out bytes.Buffer
	state, err := showTrust(t.Context(), c.hub(t))
	if err == nil {
		err = errors.Join(printTrust(&out, state, "json"), printTrust(&c.out, state, "table"))
	}
	var read trustState
	if err = errors.Join(err, json.Unmarshal(out.Bytes(), &read)); err != nil {
		t.Fatal(err)
	}
	rows := map[string]rootState{}
	for _, row := range read.Regions {
		rows[row.Region] = row
	}
	return rows
}

func (c *ceremony) want(t *testing.T, region string, state bootstrap.RootState, version, term int64) {
	t.Helper()
	row := c.state(t)[region]
	if row.State != state || row.Version != version || row.Term != term {
		t.Errorf("root of %s is %+v, want %s, version %d, term %d", region, row, state, version, term)
	}
}

// signer is what the hub signs the region's orders with, which it verifies.
func (c *ceremony) signer(t *testing.T, region string) (order.Signer, error) {
	t.Helper()
	signer, err := c.hub(t).Signer(t.Context(), region)
	if err != nil {
		return signer, err
	}
	info, err := trust.CheckRoots(signer.Roots)
	if err != nil || !info.Uses(signer.Keys.Public()) || info.Region != region {
		t.Errorf("region %s: root %+v does not name the keys: %v", region, info, err)
	}
	return signer, nil
}

// TestOnlineHubSignsByItself: no ceremony, no file.
func TestOnlineHubSignsByItself(t *testing.T) {
	c := newCeremony(t, "north", "south")
	for _, region := range []string{"north", "south"} {
		if _, err := c.signer(t, region); err != nil {
			t.Fatal(err)
		}
	}
	c.want(t, "north", bootstrap.RootSigned, 1, 1)
	before, _ := c.signer(t, "north")
	if err := c.options().rotate(t.Context(), c.hub(t), []string{"north"}, holdersOptions{}, &c.out); err != nil {
		t.Fatal(err)
	}
	c.want(t, "north", bootstrap.RootSigned, 2, 2)
	c.want(t, "south", bootstrap.RootSigned, 1, 1)
	after, _ := c.signer(t, "north")
	if keyring.Equal(before.Keys.Timestamp.Public(), after.Keys.Timestamp.Public()) {
		t.Error("the keys were not replaced")
	}
	c.add(t, true)
	c.want(t, "north", bootstrap.RootSigned, 3, 2)
	if _, err := os.Stat(c.path("roots.json")); err == nil {
		t.Error("a file was written where the hub's own key sufficed")
	}
	late := bootstrap.NewTrust(c.client, "keys", func() time.Time { return testTime.Add(bootstrap.RootLifetime * 3 / 4) })
	signer, err := late.Signer(t.Context(), "south")
	if err != nil || len(signer.Roots) != 3 || signer.Term != 1 {
		t.Errorf("in the last third of its life the root was not renewed: %d roots, term %d, %v", len(signer.Roots), signer.Term, err)
	}
}

// TestCeremony: an Online hub goes over to holders, gets a new region, replaces
// a holder and a region's keys.
func TestCeremony(t *testing.T) {
	c := newCeremony(t, "north")
	if _, err := c.signer(t, "north"); err != nil {
		t.Fatal(err)
	}
	if err := initTrust(t.Context(), c.hub(t), c.holders("anna", "ben", "cleo"), &c.out); err != nil {
		t.Fatal(err)
	}
	c.want(t, "north", bootstrap.RootChanging, 1, 1)
	if _, err := c.signer(t, "north"); err != nil {
		t.Errorf("a region cannot be served while its next root waits: %v", err)
	}
	c.region(t, "south")
	if _, err := c.signer(t, "south"); !errors.Is(err, order.ErrRootPending) {
		t.Errorf("a new region: %v", err)
	}
	c.want(t, "south", bootstrap.RootPending, 0, 0)

	c.add(t, false)
	c.sign(t, "anna")
	if err := c.take(t); err == nil || !strings.Contains(err.Error(), "1 signatures of holders are missing") {
		t.Errorf("imported with one signature: %v", err)
	}
	c.want(t, "south", bootstrap.RootPending, 0, 0)
	c.sign(t, "cleo")
	if err := c.take(t); err != nil {
		t.Fatal(err)
	}
	c.want(t, "north", bootstrap.RootSigned, 2, 1)
	c.want(t, "south", bootstrap.RootSigned, 1, 1)
	if err := c.take(t); err != nil {
		t.Errorf("a repeated import: %v", err)
	}
	secret := &corev1.Secret{}
	if err := c.client.Get(t.Context(), client.ObjectKey{Namespace: "keys", Name: bootstrap.TrustSecret}, secret); err != nil {
		t.Fatal(err)
	}
	if _, kept := secret.Data["root.key"]; kept {
		t.Error("the hub keeps a root key that no region's root names")
	}

	// A stolen key: the old ones sign until the new root is in, then never.
	before, _ := c.signer(t, "south")
	if err := c.options().rotate(t.Context(), c.hub(t), []string{"south"}, holdersOptions{}, &c.out); err != nil {
		t.Fatal(err)
	}
	c.want(t, "south", bootstrap.RootChanging, 1, 1)
	c.want(t, "north", bootstrap.RootSigned, 2, 1)
	c.sign(t, "ben", "cleo")
	if err := c.take(t); err != nil {
		t.Fatal(err)
	}
	c.want(t, "south", bootstrap.RootSigned, 2, 2)
	after, _ := c.signer(t, "south")
	if keyring.Equal(before.Keys.Targets.Public(), after.Keys.Targets.Public()) {
		t.Error("the keys were not replaced")
	}

	// A holder leaves: two of the old and two of the new.
	if err := c.options().rotate(t.Context(), c.hub(t), nil, c.holders("ben", "cleo", "dora"), &c.out); err != nil {
		t.Fatal(err)
	}
	c.sign(t, "dora", "ben")
	if err := c.take(t); err == nil {
		t.Error("imported with one signature of the old holders")
	}
	c.sign(t, "cleo")
	if err := c.take(t); err != nil {
		t.Fatal(err)
	}
	c.want(t, "north", bootstrap.RootSigned, 3, 1)
	c.want(t, "south", bootstrap.RootSigned, 3, 2)
	c.add(t, true)
	if err := (&signOptions{key: c.path("anna.key")}).sign(c.path("roots.json"), strings.NewReader("yes\n"), &c.out); err == nil {
		t.Error("a holder who left signed")
	}
	for _, want := range []string{"region south: NEW", "- holder", "+ timestamp", "term 1 -> 2", "REGION", "Offline"} {
		if !strings.Contains(c.out.String(), want) {
			t.Errorf("nothing of what was shown says %q", want)
		}
	}
}

// TestRestoredKeysAreNotUsedAgain: a hub whose Secrets come from before a
// rotation takes the roots from the registry, and says what to do.
func TestRestoredKeysAreNotUsedAgain(t *testing.T) {
	c := newCeremony(t, "north")
	first, _ := c.signer(t, "north")
	key := client.ObjectKey{Namespace: "keys", Name: bootstrap.RegionSecret("north")}
	backup := &corev1.Secret{}
	if err := c.client.Get(t.Context(), key, backup); err != nil {
		t.Fatal(err)
	}
	if err := c.options().rotate(t.Context(), c.hub(t), []string{"north"}, holdersOptions{}, &c.out); err != nil {
		t.Fatal(err)
	}
	rotated, _ := c.signer(t, "north")
	now := &corev1.Secret{}
	if err := c.client.Get(t.Context(), key, now); err != nil {
		t.Fatal(err)
	}
	now.Data = backup.Data
	if err := errors.Join(c.client.Update(t.Context(), now), c.hub(t).Adopt(t.Context(), "north", rotated.Roots)); err != nil {
		t.Fatal(err)
	}
	c.want(t, "north", bootstrap.KeysLost, 2, 2)
	if err := c.options().rotate(t.Context(), c.hub(t), []string{"north"}, holdersOptions{}, &c.out); err != nil {
		t.Fatal(err)
	}
	c.want(t, "north", bootstrap.RootSigned, 3, 3)
	last, err := c.signer(t, "north")
	if err != nil || keyring.Equal(last.Keys.Timestamp.Public(), first.Keys.Timestamp.Public()) {
		t.Errorf("the restored key signs again: %v", err)
	}
}

func TestTrustRefuses(t *testing.T) {
	c := newCeremony(t, "north")
	hub := c.hub(t)
	ctx := context.Background()
	set := func(threshold int, names ...string) error {
		o := c.holders(names...)
		o.threshold = threshold
		return initTrust(ctx, hub, o, &c.out)
	}
	for name, err := range map[string]error{
		"threshold 0":          set(0, "anna", "ben"),
		"a negative threshold": set(-1, "anna"),
		"threshold above":      set(3, "anna", "ben"),
		"one holder twice":     set(2, "anna", "anna"),
		"nobody":               set(1),
		"holders by rotate":    c.options().rotate(ctx, hub, nil, c.holders("anna", "ben"), &c.out),
		"both":                 c.options().rotate(ctx, hub, []string{"north"}, c.holders("anna", "ben"), &c.out),
		"nothing":              c.options().rotate(ctx, hub, nil, holdersOptions{}, &c.out),
		"an unknown region":    c.options().rotate(ctx, hub, []string{"west"}, holdersOptions{}, &c.out),
		"no root as yet":       c.options().rotate(ctx, hub, []string{"north"}, holdersOptions{}, &c.out),
		"a form":               printTrust(&c.out, trustState{}, "yaml"),
	} {
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if self, err := hub.Hub(ctx); err != nil || self.Offline {
		t.Errorf("what was refused named holders: %v", err)
	}
	if err := set(2, "anna", "ben"); err != nil {
		t.Fatal(err)
	}
	if err := set(2, "anna", "cleo"); err == nil {
		t.Error("init replaced holders")
	}
	c.add(t, false)
	o := signOptions{key: c.path("anna.key")}
	if err := o.sign(c.path("roots.json"), strings.NewReader("no\n"), &c.out); !errors.Is(err, errNotSigned) {
		t.Errorf("signed without a yes: %v", err)
	}
	if err := o.sign(c.path("roots.json"), strings.NewReader(""), &c.out); !errors.Is(err, errNotSigned) {
		t.Errorf("signed without an answer: %v", err)
	}
	// Another collection has other bytes: it is not the batch that was signed.
	c.sign(t, "anna", "ben")
	other := newCeremony(t, "north")
	if err := importRoots(ctx, other.hub(t), []string{c.path("roots.json")}, &c.out); err == nil {
		t.Error("another hub took the roots")
	}
}
