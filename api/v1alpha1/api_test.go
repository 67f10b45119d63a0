// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
)

// Helpers for conditions take every kind.
var _ = []Object{
	&RegionalCluster{}, &WatchlistFeed{}, &WatchlistRelease{}, &MatcherPool{}, &BorderPost{}, &WatchlistReplica{}, &RegionTerms{},
	&Approval{}, &RecordRequest{},
}

func TestAddToScheme(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{
		"RegionalCluster", "WatchlistFeed", "WatchlistRelease", "MatcherPool", "BorderPost", "WatchlistReplica", "RegionTerms",
		"Approval", "RecordRequest",
	} {
		for _, name := range []string{kind, kind + "List"} {
			if !scheme.Recognizes(GroupVersion.WithKind(name)) {
				t.Errorf("the scheme does not know %s", name)
			}
		}
	}
}

func TestDuration(t *testing.T) {
	for _, tc := range []struct {
		name string
		in   Duration
		want time.Duration
	}{
		{"seconds", "30s", 30 * time.Second},
		{"several units", "1h30m", 90 * time.Minute},
		{"empty", "", 0},
		{"malformed", "a while", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.in.Duration(); got != tc.want {
				t.Errorf("Duration(%q) = %v, want %v", tc.in, got, tc.want)
			}
		})
	}
}

func TestReleaseVersion(t *testing.T) {
	for _, tc := range []struct {
		name   string
		in     ReleaseVersion
		number int64
		back   ReleaseVersion
	}{
		{"first", "v1", 1, "v1"},
		{"two digits", "v12", 12, "v12"},
		{"empty", "", 0, ""},
		{"without v", "12", 0, ""},
		{"zero", "v0", 0, ""},
		{"negative", "v-1", 0, ""},
		{"larger than any number", "v99999999999999999999", 0, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.in.Number(); got != tc.number {
				t.Errorf("Number() = %d, want %d", got, tc.number)
			}
			if got := NewReleaseVersion(tc.number); got != tc.back {
				t.Errorf("NewReleaseVersion(%d) = %q, want %q", tc.number, got, tc.back)
			}
		})
	}
}

func TestFeedID(t *testing.T) {
	id := NewFeedID("intl", "un-sc")
	if id != "intl.un-sc" || id.Namespace() != "intl" || id.Name() != "un-sc" {
		t.Errorf("NewFeedID(intl, un-sc) = %q with namespace %q and name %q", id, id.Namespace(), id.Name())
	}
}

func TestRegionTermsAccept(t *testing.T) {
	terms := RegionTermsSpec{Feeds: []FeedPattern{"intl.*", "al.national"}, Purposes: []Purpose{PurposeBorderControl}}
	for _, tc := range []struct {
		name  string
		terms RegionTermsSpec
		feed  FeedID
		want  bool
	}{
		{"every feed of a namespace", terms, "intl.un-sc", true},
		{"one feed", terms, "al.national", true},
		{"another feed of that namespace", terms, "al.police", false},
		{"a namespace that begins alike", terms, "intl-two.un-sc", false},
		{"every feed", RegionTermsSpec{Feeds: []FeedPattern{"*"}}, "rs.national", true},
		{"no terms", RegionTermsSpec{}, "intl.un-sc", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.terms.AcceptsFeed(tc.feed); got != tc.want {
				t.Errorf("AcceptsFeed(%s) = %t, want %t", tc.feed, got, tc.want)
			}
		})
	}
	if !terms.AcceptsPurpose(PurposeBorderControl) || terms.AcceptsPurpose(PurposeLawEnforcement) {
		t.Error("AcceptsPurpose() takes a purpose the terms do not name, or refuses one they do")
	}
}
