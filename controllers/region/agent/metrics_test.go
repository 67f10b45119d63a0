// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"errors"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/frontline-screening/frontline/internal/inventory"
	"github.com/frontline-screening/frontline/internal/region"
)

// measured is the value of a metric by its name and only label.
func measured(t *testing.T, name, label string) float64 {
	t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() != name || (label != "" && m.GetLabel()[0].GetValue() != label) {
				continue
			}
			if family.GetType() == dto.MetricType_COUNTER {
				return m.GetCounter().GetValue()
			}
			return m.GetGauge().GetValue()
		}
	}
	return 0
}

func TestMeasured(t *testing.T) {
	registerMetrics()
	before := measured(t, "frontline_region_keys_held", "")
	store, err := region.OpenStore(t.TempDir())
	if err == nil {
		_, err = store.FeedKeys("intl.un-sc", 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	keys.add("measured", store)
	held, err := store.KeysHeld()
	if err != nil || held == 0 {
		t.Fatalf("%d keys: %v", held, err)
	}
	if got := measured(t, "frontline_region_keys_held", ""); got != before+float64(held) {
		t.Errorf("%v keys are held, want %v", got, before+float64(held))
	}
	var p region.Replicator
	measure(&p)
	groups, erased := measured(t, "frontline_region_pulled_bytes_total", region.LayerGroup), measured(t, "frontline_region_erasures_total", "")
	p.Pulled(region.LayerDelta, 4)
	p.Pulled(region.LayerGroup, 30)
	p.Erased()
	if got := measured(t, "frontline_region_pulled_bytes_total", region.LayerGroup); got != groups+30 {
		t.Errorf("%v bytes of groups, want %v", got, groups+30)
	}
	if got := measured(t, "frontline_region_erasures_total", ""); got != erased+1 {
		t.Errorf("%v erasures, want %v", got, erased+1)
	}
}

func TestAudited(t *testing.T) {
	registerMetrics()
	registerMetrics() // a second agent of the process
	audited(inventory.Outcome{Missing: 3, Damaged: 1, Mended: 2, Removed: 4, Left: []string{"feed a"}}, errors.New("half of it"))
	if got := measured(t, "frontline_registry_audit_timestamp_seconds", ""); got != 0 {
		t.Errorf("an audit that failed is dated %v", got)
	}
	if got := measured(t, "frontline_registry_audit_unmended", ""); got != 1 {
		t.Errorf("unmended are %v, want 1", got)
	}
	audited(inventory.Outcome{Missing: 1}, nil)
	for _, tt := range []struct {
		name, label string
		want        float64
	}{
		{"frontline_registry_audit_parts_total", "Missing", 4},
		{"frontline_registry_audit_parts_total", "Damaged", 1},
		{"frontline_registry_audit_manifests_total", "Mended", 2},
		{"frontline_registry_audit_manifests_total", "Removed", 4},
		{"frontline_registry_audit_unmended", "", 0},
	} {
		if got := measured(t, tt.name, tt.label); got != tt.want {
			t.Errorf("%s %s is %v, want %v", tt.name, tt.label, got, tt.want)
		}
	}
	if measured(t, "frontline_registry_audit_timestamp_seconds", "") == 0 {
		t.Error("an audit that looked at everything has no date")
	}
}
