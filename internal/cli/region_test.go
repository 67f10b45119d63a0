// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/bootstrap"
	"github.com/frontline-screening/frontline/controllers/hub/regionalcluster"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/join"
)

var testTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func inviteForTest(t *testing.T, c client.Client, gateways ...string) (join.Invitation, error) {
	t.Helper()
	o := inviteOptions{kube: kubeOptions{namespace: "frontline-system"}, gateways: gateways, lifetime: time.Hour}
	return o.invite(t.Context(), c, "north", testTime)
}

func hubForTest(t *testing.T) client.Client {
	t.Helper()
	c := fake.NewClientBuilder().WithScheme(newScheme()).WithObjects(&screeningv1.RegionalCluster{
		ObjectMeta: metav1.ObjectMeta{Name: "north", UID: "uid-of-north"},
		Spec:       screeningv1.RegionalClusterSpec{Jurisdiction: "AL"},
	}).Build()
	options := bootstrap.Options{Namespace: "frontline-system", GatewayAddresses: []string{"hub.example:8443", "192.0.2.1:443"}}
	if _, err := bootstrap.Ensure(context.Background(), c, options, testTime); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestInvite(t *testing.T) {
	c := hubForTest(t)
	invitation, err := inviteForTest(t, c, "hub.example:8443")
	if err != nil {
		t.Fatal(err)
	}
	data, err := canonical.Marshal(invitation)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := join.ReadInvitation(data, testTime); err != nil {
		t.Errorf("the region would refuse it: %v", err)
	}
	byDefault, err := inviteForTest(t, hubForTest(t))
	if want := []string{"https://hub.example:8443", "https://192.0.2.1:443"}; err != nil || !slices.Equal(byDefault.Gateways, want) {
		t.Errorf("left out, the gateways are %v, %v; want %v", byDefault.Gateways, err, want)
	}
	if invitation.RegionUID != "uid-of-north" || invitation.Jurisdiction != "AL" || invitation.Gateways[0] != "https://hub.example:8443" {
		t.Errorf("invitation is %+v", invitation)
	}
	record, err := regionalcluster.ReadRecord(t.Context(), c, "frontline-system", "north")
	if err != nil {
		t.Fatal(err)
	}
	if !join.MatchToken(invitation.Token, record.Invitation.TokenHash) || record.Invitation.UsedBy != "" {
		t.Errorf("the hub's half is %+v", record.Invitation)
	}
	secret := &corev1.Secret{}
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: "frontline-system", Name: regionalcluster.RecordName("north")}, secret); err != nil {
		t.Fatal(err)
	}
	for key, value := range secret.Data {
		if bytes.Contains(value, []byte(invitation.Token)) {
			t.Errorf("key %s holds the token itself", key)
		}
	}
}

func TestInviteRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		gateways []string
		want     string
	}{
		"no port":                              {[]string{"hub.example"}, "HOST:PORT"},
		"a name the certificate does not have": {[]string{"elsewhere.example:8443"}, "start the hub with --gateway-address=elsewhere.example:8443"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := inviteForTest(t, hubForTest(t), tt.gateways...); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want one that contains %q", err, tt.want)
			}
		})
	}
	nowhere := hubForTest(t)
	if _, err := bootstrap.Ensure(t.Context(), nowhere, bootstrap.Options{Namespace: "frontline-system"}, testTime); err != nil {
		t.Fatal(err)
	}
	if _, err := inviteForTest(t, nowhere); err == nil || !strings.Contains(err.Error(), "--gateway-address is missing") {
		t.Errorf("a hub that knows no address: %v", err)
	}
	empty := fake.NewClientBuilder().WithScheme(newScheme()).Build()
	if _, err := inviteForTest(t, empty, "hub.example:8443"); err == nil || !strings.Contains(err.Error(), "create its RegionalCluster first") {
		t.Errorf("an unknown region: %v", err)
	}
}

func TestJoinWritesSecretNamespaceAndTerms(t *testing.T) {
	invitation, err := inviteForTest(t, hubForTest(t), "hub.example:8443")
	if err != nil {
		t.Fatal(err)
	}
	data, err := canonical.Marshal(invitation)
	if err != nil {
		t.Fatal(err)
	}
	c := fake.NewClientBuilder().WithScheme(newScheme()).Build()
	terms := func() screeningv1.RegionTermsSpec {
		t.Helper()
		got := &screeningv1.RegionTerms{}
		if err := c.Get(t.Context(), client.ObjectKey{Namespace: "region-north", Name: "terms"}, got); err != nil {
			t.Fatal(err)
		}
		return got.Spec
	}
	o := joinOptions{kube: kubeOptions{namespace: "frontline-system"}}
	_, err = o.join(t.Context(), c, data, testTime)
	if err == nil || !strings.Contains(err.Error(), "--feeds") || !strings.Contains(err.Error(), "--accept-all") {
		t.Errorf("joining without a word on feeds: %v, want the flags to give", err)
	}
	if err := c.Get(t.Context(), client.ObjectKey{Name: "region-north"}, &corev1.Namespace{}); !apierrors.IsNotFound(err) {
		t.Errorf("a refused joining made the namespace: %v", err)
	}
	o.acceptAll = true
	if region, err := o.join(t.Context(), c, data, testTime); err != nil || region != "north" {
		t.Fatalf("joined %q, %v", region, err)
	}
	namespace := &corev1.Namespace{}
	if err := c.Get(t.Context(), client.ObjectKey{Name: "region-north"}, namespace); err != nil {
		t.Fatal(err)
	}
	if namespace.Labels[screeningv1.LabelRegion] != "north" || namespace.Labels["pod-security.kubernetes.io/enforce"] != "restricted" {
		t.Errorf("labels of the namespace are %v", namespace.Labels)
	}
	secret := &corev1.Secret{}
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: "frontline-system", Name: "frontline-invitation"}, secret); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(data), string(secret.Data["invitation.json"])); diff != "" {
		t.Errorf("the agent's invitation (-want +got):\n%s", diff)
	}
	want := screeningv1.RegionTermsSpec{Feeds: []screeningv1.FeedPattern{"*"}, Purposes: []screeningv1.Purpose{"BorderControl"}}
	if diff := cmp.Diff(want, terms()); diff != "" {
		t.Errorf("terms (-want +got):\n%s", diff)
	}

	o.acceptAll, o.feeds = false, []string{"intl.*"}
	if _, err := o.join(t.Context(), c, data, testTime); err != nil {
		t.Fatal(err)
	}
	o.feeds = nil
	if _, err := o.join(t.Context(), c, data, testTime); err != nil {
		t.Fatal(err)
	}
	want.Feeds = []screeningv1.FeedPattern{"intl.*"}
	if diff := cmp.Diff(want, terms()); diff != "" {
		t.Errorf("terms changed by more than a flag (-want +got):\n%s", diff)
	}
	if _, err := o.join(t.Context(), c, data, testTime.Add(2*time.Hour)); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("an expired invitation: %v", err)
	}
}

func TestJoinLeavesForeignNamespaceAlone(t *testing.T) {
	invitation, err := inviteForTest(t, hubForTest(t), "hub.example:8443")
	if err != nil {
		t.Fatal(err)
	}
	data, err := canonical.Marshal(invitation)
	if err != nil {
		t.Fatal(err)
	}
	c := fake.NewClientBuilder().WithScheme(newScheme()).WithObjects(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "region-north"}}).Build()
	o := joinOptions{kube: kubeOptions{namespace: "frontline-system"}, feeds: []string{"intl.*"}}
	if _, err := o.join(t.Context(), c, data, testTime); err == nil || !strings.Contains(err.Error(), "kubectl label namespace region-north") {
		t.Errorf("error is %v", err)
	}
}
