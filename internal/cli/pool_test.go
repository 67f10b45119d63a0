// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
)

// TestPoolRelease: in a region nothing is written when there is nothing to end,
// on the hub the order is to end it. What it ends is tested where it is done.
func TestPoolRelease(t *testing.T) {
	pool := func(namespace string, annotations map[string]string) *screeningv1.MatcherPool {
		return &screeningv1.MatcherPool{ObjectMeta: metav1.ObjectMeta{Name: "general", Namespace: namespace, Annotations: annotations}}
	}
	c := fake.NewClientBuilder().WithScheme(newScheme()).WithObjects(
		pool("region-north", map[string]string{screeningv1.AnnotationHubUID: "uid"}), pool("region-south", nil)).Build()
	for _, tt := range []struct{ region, says, mark string }{
		{"north", "Nobody in region north has scaled pool general", ""},
		{"south", "The next order ends any local wish", "2026-03-01T12:00:00Z"},
	} {
		var out bytes.Buffer
		if err := releasePool(t.Context(), c, &out, tt.region, "general", testTime); err != nil {
			t.Fatal(err)
		}
		var got screeningv1.MatcherPool
		if err := c.Get(t.Context(), types.NamespacedName{Namespace: "region-" + tt.region, Name: "general"}, &got); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), tt.says) || got.Spec.ReplicasReset != tt.mark {
			t.Errorf("%s: %q, mark %q; want %q, %q", tt.region, out.String(), got.Spec.ReplicasReset, tt.says, tt.mark)
		}
	}
	if err := releasePool(t.Context(), c, &bytes.Buffer{}, "west", "general", testTime); err == nil || !strings.Contains(err.Error(), "kubectl get pool -n region-west") {
		t.Errorf("a pool that is not there: %v", err)
	}
}
