// SPDX-License-Identifier: Apache-2.0

package api

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
)

// What `kubectl get` prints for a status that says everything it can.
func TestColumns(t *testing.T) {
	ready := metav1.Condition{
		Type: screeningv1.ConditionReady, Status: metav1.ConditionTrue, Reason: screeningv1.ReasonServing,
		Message: "v12 serves in 2 regions", LastTransitionTime: metav1.Now(),
	}
	valid := metav1.Condition{
		Type: screeningv1.ConditionValid, Status: metav1.ConditionTrue, Reason: screeningv1.ReasonServing,
		Message: "1 of 2 approvals", LastTransitionTime: metav1.Now(),
	}
	number := func(n int64) *int64 { return &n }
	count := func(n int32) *int32 { return &n }
	digest := screeningv1.Digest("sha256:" + strings.Repeat("0123456789abcdef", 4))
	for _, tc := range []struct {
		kind, resource string
		status         any
		wantHead, want string
	}{
		{
			kind: "RegionalCluster", resource: "rgn",
			status: screeningv1.RegionalClusterStatus{
				Link:       &screeningv1.RegionLink{State: screeningv1.LinkConnected, Since: metav1.NewTime(time.Now().Add(-49 * time.Hour))},
				Copies:     &screeningv1.RegionCopies{Held: count(3), Wanted: count(3), Summary: "3/3"},
				Owed:       "-",
				Conditions: []metav1.Condition{ready},
			},
			wantHead: "NAME JURISDICTION PROFILE LINK SINCE COPIES OWED READY AGE",
			want:     "north AL Standard Connected 2d1h 3/3 - True",
		},
		{
			kind: "WatchlistFeed", resource: "feed",
			status: screeningv1.WatchlistFeedStatus{
				Release:    &screeningv1.FeedRelease{Version: "v12", Number: 12, Name: "un-sc-12", Digest: digest, Records: number(1003), ListDate: "2026-02-27"},
				BasisUntil: "2030-12-31", Regions: "2/2", RegionsServed: count(2), RegionsWanted: count(2),
				Conditions: []metav1.Condition{ready},
			},
			wantHead: "NAME GRADE RELEASE RECORDS LIST DATE BASIS UNTIL REGIONS READY STATUS",
			want:     "un-sc Authoritative v12 1003 2026-02-27 2030-12-31 2/2 True v12 serves in 2 regions",
		},
		{
			kind: "WatchlistRelease", resource: "rel",
			status:   screeningv1.WatchlistReleaseStatus{Verdict: screeningv1.VerdictPass, Served: "2/2", Owed: "-", WaitingFor: "-"},
			wantHead: "NAME VERDICT SERVED OWED WAITING FOR",
			want:     "un-sc-12 Pass 2/2 - -",
		},
		{
			kind: "MatcherPool", resource: "pool",
			status: screeningv1.MatcherPoolStatus{
				Pods: "3/4", Wanted: count(4), By: screeningv1.ScaledByLocal, Range: "1-8", Fits: count(3), FeedsServed: "1/2",
				Summary:    "1 pod Pending: memory; rs.national may be held in RS only",
				Conditions: []metav1.Condition{ready},
			},
			wantHead: "NAME PODS WANT BY MIN-MAX FITS FEEDS READY STATUS",
			want:     "general 3/4 4 local 1-8 3 1/2 True 1 pod Pending: memory; rs.national may be held in RS only",
		},
		{
			kind: "BorderPost", resource: "post",
			status: screeningv1.BorderPostStatus{
				Endpoint: "hani.north.example:8443", Answers: screeningv1.AnswersOnline, StopsAt: "-", FeedsServed: "1/1",
				Summary: "serving 1 of 1 feeds", Conditions: []metav1.Condition{ready},
			},
			wantHead: "NAME TYPE ENDPOINT ANSWERS STOPS AT READY STATUS",
			want:     "hani-i-hotit Land hani.north.example:8443 Online - True serving 1 of 1 feeds",
		},
		{
			kind: "WatchlistReplica", resource: "repl",
			status:   screeningv1.WatchlistReplicaStatus{Held: &screeningv1.HeldCopy{Release: "v11", Digest: digest, ListDate: "2026-01-31"}, ServedBy: "2 pods"},
			wantHead: "NAME WANTED HELD FLOOR LIST DATE SERVED BY STATE",
			want:     "intl.un-sc v12 v11 v9 2026-01-31 2 pods Serve",
		},
		{
			kind: "RegionTerms", resource: "terms",
			status:   screeningv1.RegionTermsStatus{Conditions: []metav1.Condition{ready}},
			wantHead: "NAME FEEDS PURPOSES READY AGE",
			want:     `terms ["intl.*","al.national"] ["BorderControl"] True`,
		},
		{
			kind: "Approval", resource: "appr",
			status: screeningv1.ApprovalStatus{
				Action: screeningv1.ApproveReleaseStorm, Signers: []screeningv1.ApproverName{"duty-officer"},
				Subject:    &screeningv1.ApprovalSubject{Kind: "WatchlistFeed", Namespace: "intl", Name: "un-sc", UID: "u"},
				Conditions: []metav1.Condition{valid},
			},
			wantHead: "NAME ACTION SUBJECT SIGNERS VALID STATUS",
			want:     `un-sc-duty-officer-1 ReleaseStorm un-sc ["duty-officer"] True 1 of 2 approvals`,
		},
		{
			kind: "RecordRequest", resource: "recreq",
			status: screeningv1.RecordRequestStatus{
				State: screeningv1.RequestPending, Progress: "2/3", Floor: "v13", Conditions: []metav1.Condition{ready},
			},
			wantHead: "NAME FEED ACTION REFERENCE STATE COPIES STATUS",
			want:     "dpa-2026-0117 un-sc Block DPA-2026-0117 Pending 2/3 v12 serves in 2 regions",
		},
	} {
		t.Run(tc.kind, func(t *testing.T) {
			object := create(t, tc.kind)
			if got, _, _ := unstructured.NestedInt64(object.Object, "status", "observedGeneration"); got != -1 {
				t.Errorf("a new object's status.observedGeneration = %d, want -1, or kstatus takes it for reconciled", got)
			}
			status, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&tc.status)
			if err != nil {
				t.Fatal(err)
			}
			object.Object["status"] = status
			if err := api.Status().Update(t.Context(), object); err != nil {
				t.Fatalf("write the status: %v", err)
			}
			arguments := []string{"get", tc.resource, object.GetName()}
			if object.GetNamespace() != "" {
				arguments = append(arguments, "-n", object.GetNamespace())
			}
			head, row, _ := strings.Cut(runKubectl(t, arguments...), "\n")
			if diff := cmp.Diff(tc.wantHead, squeeze(head)); diff != "" {
				t.Errorf("columns (-want +got):\n%s", diff)
			}
			if got := squeeze(row); !strings.HasPrefix(got, tc.want) {
				t.Errorf("row = %q, want it to begin with %q", got, tc.want)
			}
		})
	}
}

// What people read at the terminal says what a field is for and what it costs.
func TestExplain(t *testing.T) {
	for _, tc := range []struct {
		field string
		want  []string
	}{
		{"post.spec.freshness", []string{"FIELD: freshness", "mark <string> -required-", "It can never loosen a limit of a feed's owner or of the region."}},
		{"feed.spec.verification", []string{"mode <string> -required-", "Unsigned where the publisher signs nothing and the transport alone vouches for the file."}},
		{"feed.spec.source.oci", []string{"reference <string> -required-", "such as registry.example.org/lists/un-sc:daily"}},
		{"feed.spec.gates", []string{"maxRemovedPercent <integer>", "One that removes more is held until people approve it."}},
		{"feed.spec.approvers", []string{"publicKey <string> -required-", "Each has a key of their own."}},
		{"feed.spec.pin", []string{"goes back to it"}},
		{"approval", []string{"the signature, and not who created the object, is what counts", "`frontline approve` makes one"}},
		{"recordrequest", []string{"an erasure stands for ever, and a block until an Unblock"}},
		{"recordrequest.spec.record", []string{"Never write the publisher's own reference, or a name, into any field of a request."}},
		{"recordrequest.status.copies", []string{"the hub's own, that of each region, and bundles that are still valid"}},
	} {
		t.Run(tc.field, func(t *testing.T) {
			got := squeeze(runKubectl(t, "explain", tc.field))
			for _, want := range tc.want {
				if !strings.Contains(got, want) {
					t.Errorf("kubectl explain %s lacks %q:\n%s", tc.field, want, got)
				}
			}
		})
	}
}

func TestScale(t *testing.T) {
	pool := create(t, "MatcherPool")
	runKubectl(t, "scale", "-n", pool.GetNamespace(), "pool/"+pool.GetName(), "--replicas=4")
	if got := runKubectl(t, "get", "-n", pool.GetNamespace(), "pool", pool.GetName(), "-o", "jsonpath={.spec.replicas}"); got != "4" {
		t.Errorf("spec.replicas = %q after kubectl scale --replicas=4, want 4", got)
	}
}

func TestCategory(t *testing.T) {
	create(t, "WatchlistFeed")
	if got := runKubectl(t, "get", "frontline", "-A", "-o", "name"); !strings.Contains(got, "watchlistfeed.screening.frontline.dev/un-sc") {
		t.Errorf("kubectl get frontline -A = %q, want the feed among it", got)
	}
}

// create makes the sample of a kind until the test ends.
func create(t *testing.T, kind string) *unstructured.Unstructured {
	t.Helper()
	object := sample(t, kind)
	if err := api.Create(t.Context(), object); err != nil {
		t.Fatalf("create the sample of %s: %v", kind, err)
	}
	t.Cleanup(func() {
		// The test's own context has ended by now.
		if err := api.Delete(background, object); err != nil {
			t.Errorf("delete the sample of %s: %v", kind, err)
		}
	})
	return object
}

// squeeze makes runs of white space one space each.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
