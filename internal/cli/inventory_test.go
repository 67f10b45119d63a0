// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/bundle"
)

func replicaOf(region string, feed screeningv1.FeedID, spec screeningv1.WatchlistReplicaSpec, status screeningv1.WatchlistReplicaStatus) *screeningv1.WatchlistReplica {
	spec.Feed = feed
	return &screeningv1.WatchlistReplica{
		ObjectMeta: metav1.ObjectMeta{Namespace: screeningv1.RegionNamespace(region), Name: string(feed)}, Spec: spec, Status: status,
	}
}

func releaseOf(feed screeningv1.FeedID, number, persons int64, listDate string) *screeningv1.WatchlistRelease {
	return &screeningv1.WatchlistRelease{
		ObjectMeta: metav1.ObjectMeta{Namespace: "intl", Name: strings.TrimPrefix(string(feed), "intl.") + "-" + string(screeningv1.NewReleaseVersion(number))},
		Spec: screeningv1.WatchlistReleaseSpec{
			Feed: screeningv1.ReleaseFeed{ID: feed}, Number: number, ListDate: listDate,
			Records:  screeningv1.ReleaseRecords{Persons: new(persons), Entities: new(int64(2)), Objects: new(int64(0))},
			Artifact: screeningv1.ReleaseArtifact{Size: 4096},
		},
	}
}

// hubWithCopies has a copy of each kind: in a region that is away, in one that
// owes an erasure, on the hub, held, and in a bundle.
func hubWithCopies(t *testing.T) client.Client {
	t.Helper()
	bundles, err := json.Marshal(map[string]any{"format": "frontline.bundles/v1", "last": 2, "bundles": []bundle.Record{
		{Number: 1, Expires: testTime.Add(-time.Hour)}, {Number: 2, Expires: testTime.Add(6 * 24 * time.Hour)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	bundles = bytes.ReplaceAll(bundles, []byte(`"feeds":null`), []byte(`"feeds":[{"id":"intl.un-sc","release":11}]`))
	return fake.NewClientBuilder().WithScheme(newScheme()).WithObjects(
		&screeningv1.RegionalCluster{ObjectMeta: metav1.ObjectMeta{Name: "south"}, Spec: screeningv1.RegionalClusterSpec{Jurisdiction: "ME"}},
		&screeningv1.RegionalCluster{
			ObjectMeta: metav1.ObjectMeta{Name: "north"}, Spec: screeningv1.RegionalClusterSpec{Jurisdiction: "AL"},
			Status: screeningv1.RegionalClusterStatus{
				Link:     &screeningv1.RegionLink{State: screeningv1.LinkOffline, Since: metav1.NewTime(testTime)},
				Versions: &screeningv1.RegionVersions{Agent: "v0.3.0"},
			},
		},
		replicaOf("north", "intl.un-sc",
			screeningv1.WatchlistReplicaSpec{State: screeningv1.ReplicaServe, Release: "v12", ListDate: "2026-02-27"},
			screeningv1.WatchlistReplicaStatus{
				Held: &screeningv1.HeldCopy{Release: "v11", ListDate: "2026-01-31"}, ServedBy: "2 pods",
				KeyEpoch: 3, KeySince: metav1.NewTime(testTime.Add(-48 * time.Hour)),
				Erasure: &screeningv1.CopyErasure{State: screeningv1.CopyOutstanding, Until: metav1.NewTime(testTime.Add(27 * time.Hour))},
			}),
		replicaOf("north", "intl.eu",
			screeningv1.WatchlistReplicaSpec{State: screeningv1.ReplicaServe, Release: "v4"},
			screeningv1.WatchlistReplicaStatus{
				Held: &screeningv1.HeldCopy{Release: "v4"}, Excluded: new(int64(5)),
				Erasure: &screeningv1.CopyErasure{State: screeningv1.CopyDone},
			}),
		&screeningv1.WatchlistFeed{
			ObjectMeta: metav1.ObjectMeta{Namespace: "intl", Name: "un-sc"},
			Status:     screeningv1.WatchlistFeedStatus{Held: &screeningv1.HeldRelease{Digest: "sha256:held", Records: new(int64(900))}},
		},
		releaseOf("intl.un-sc", 11, 70, "2026-01-31"), releaseOf("intl.eu", 4, 40, ""),
		&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: "frontline-system", Name: bundle.RecordName("north")},
			Data:       map[string][]byte{"bundles.json": bundles},
		},
	).Build()
}

// table prints rows and returns the fields of each line, parted where columns are.
func table(t *testing.T, rows []copyRow, wide bool) [][]string {
	t.Helper()
	var out bytes.Buffer
	if err := printInventory(&out, rows, wide, testTime.Add(3*time.Hour)); err != nil {
		t.Fatal(err)
	}
	var lines [][]string
	for line := range strings.Lines(out.String()) {
		lines = append(lines, strings.FieldsFunc(strings.ReplaceAll(strings.TrimSpace(line), "   ", "\x00"), func(r rune) bool { return r == 0 }))
		for i, cell := range lines[len(lines)-1] {
			lines[len(lines)-1][i] = strings.TrimSpace(cell)
		}
	}
	return lines
}

func TestInventory(t *testing.T) {
	found, err := inventory(t.Context(), hubWithCopies(t), "frontline-system", testTime)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"KIND", "REGION", "JURISDICTION", "FEED", "STATE", "WANTED", "HELD", "LIST DATE", "RECORDS", "SERVED BY", "ERASURE", "ENDS", "LINK", "SINCE", "LAST REPORT", "ORDER"},
		{"Hub", "-", "-", "intl.eu", "-", "-", "v4", "-", "42", "-", "-", "-", "-", "-", "-", "-"},
		{"Hub", "-", "-", "intl.un-sc", "-", "-", "v11", "2026-01-31", "72", "-", "-", "-", "-", "-", "-", "-"},
		{"Held", "-", "-", "intl.un-sc", "-", "-", "-", "-", "900", "-", "-", "-", "-", "-", "-", "-"},
		{"Region", "north", "AL", "intl.eu", "Serve", "v4", "v4", "-", "37", "-", "Done", "-", "Offline", "3h", "-", "0/0"},
		{"Region", "north", "AL", "intl.un-sc", "Serve", "v12", "v11", "2026-01-31", "72", "2 pods", "Outstanding", "in 24h", "Offline", "3h", "-", "0/0"},
		{"Bundle", "north", "AL", "intl.un-sc", "-", "-", "v11", "-", "-", "-", "-", "in 5d21h", "-", "-", "-", "-"},
		{"Region", "south", "ME", "-", "-", "-", "-", "-", "-", "-", "-", "-", "NotJoined", "-", "-", "0/0"},
	}
	if diff := cmp.Diff(want, table(t, found.Copies, false)); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	wide := table(t, found.Copies, true)
	cells := map[string]string{}
	for i, name := range wide[0] {
		cells[name] = wide[5][i]
	}
	for name, want := range map[string]string{"LIST AGE": "29d", "EPOCH": "3", "KEY AGE": "2d3h", "VERSION": "v0.3.0", "BYTES": "-"} {
		if cells[name] != want {
			t.Errorf("%s is %q, want %q", name, cells[name], want)
		}
	}
	if bytes := wide[1][10]; bytes != "4096" {
		t.Errorf("the hub's copy has %s bytes", bytes)
	}
}

// TestInventoryOwed: a copy owes what is not as ordered, and an erasure that has not covered it.
func TestInventoryOwed(t *testing.T) {
	serve, erase := string(screeningv1.ReplicaServe), string(screeningv1.ReplicaErase)
	for name, tt := range map[string]struct {
		row  copyRow
		want bool
	}{
		"as ordered":               {copyRow{Kind: kindRegion, Feed: "a.b", State: serve, Wanted: "v2", Held: "v2"}, false},
		"behind":                   {copyRow{Kind: kindRegion, Feed: "a.b", State: serve, Wanted: "v2", Held: "v1"}, true},
		"erased":                   {copyRow{Kind: kindRegion, Feed: "a.b", State: erase}, false},
		"not erased as yet":        {copyRow{Kind: kindRegion, Feed: "a.b", State: erase, Held: "v1"}, true},
		"erasure pending":          {copyRow{Kind: kindRegion, Feed: "a.b", State: serve, Wanted: "v2", Held: "v2", Erasure: string(screeningv1.CopyPending)}, true},
		"erasure done":             {copyRow{Kind: kindRegion, Feed: "a.b", State: serve, Wanted: "v2", Held: "v2", Erasure: string(screeningv1.CopyDone)}, false},
		"a region without a copy":  {copyRow{Kind: kindRegion}, false},
		"the hub's own, not asked": {copyRow{Kind: kindHub, Feed: "a.b", Held: "v1"}, false},
	} {
		if got := tt.row.owed(); got != tt.want {
			t.Errorf("%s: owed is %t", name, got)
		}
	}
}

// TestInventoryWithoutSecrets: who may not read Secrets is told what is left out.
func TestInventoryWithoutSecrets(t *testing.T) {
	c := interceptor.NewClient(hubWithCopies(t).(client.WithWatch), interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, into client.Object, options ...client.GetOption) error {
			if _, secret := into.(*corev1.Secret); secret {
				return apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, key.Name, nil)
			}
			return c.Get(ctx, key, into, options...)
		},
	})
	found, err := inventory(t.Context(), c, "frontline-system", testTime)
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Copies) != 6 || len(found.Unseen) != 2 || !strings.Contains(found.Unseen[0], "bundles for region north") {
		t.Errorf("%d copies, left out %v", len(found.Copies), found.Unseen)
	}
}
