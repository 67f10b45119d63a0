// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bufio"
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/hack/stage"
)

// restartsNothing restarts every part of the operator and compares the pods
// that answer, by UID and count of restarts.
func restartsNothing(t *testing.T, s *suite) {
	running := func() map[string]string {
		all := map[string]string{}
		for _, r := range s.Regions {
			maps.Copy(all, s.pods(t, r.Name, screeningv1.RegionNamespace(r.Name), nil))
		}
		return all
	}
	before := running()
	restart := func(site stage.Site, workload string) {
		_, err := s.Kubectl(t.Context(), site, "-n", stage.Namespace, "rollout", "restart", workload)
		must(t, err)
		_, err = s.Kubectl(t.Context(), site, "-n", stage.Namespace, "rollout", "status", workload, "--timeout=180s")
		must(t, err)
	}
	restart(s.Hub, "deployment/frontline-hub")
	for _, r := range s.Regions {
		restart(r, "statefulset/frontline-agent")
	}
	s.quiet(t, 10*time.Second)
	after := running()
	if !maps.Equal(before, after) {
		s.fault(t, "pods before: %v, after: %v", before, after)
	}
	if len(before) < 4 {
		t.Errorf("only %d pods answer in both regions", len(before))
	}
}

// quiet lets time pass while the streams go on.
func (s *suite) quiet(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	}
}

// settles counts writes in the audit logs of all three API servers over two
// minutes without any change.
func settles(t *testing.T, s *suite) {
	s.stays(t, 2*time.Minute, "hub", "north", "south")
}

// stays lets what is under way come to rest, and then expects no writes but
// Leases for the time given.
func (s *suite) stays(t *testing.T, d time.Duration, sites ...string) {
	t.Helper()
	s.quiet(t, 15*time.Second)
	begin := time.Now()
	s.quiet(t, d)
	for _, site := range sites {
		seen := s.writes(t, site, begin)
		t.Logf("%s: %d events, %d reads, %d writes of Leases, %d other writes", site, seen.events, seen.reads, seen.leases, len(seen.written))
		for what, n := range seen.written {
			s.fault(t, "%s: %d x %s", site, n, what)
		}
		if seen.events == 0 {
			t.Errorf("%s: the audit log is empty although nodes renew Leases; it does not show what it should", site)
		}
	}
}

// requests is what an audit log tells.
type requests struct {
	// events counts all requests of anybody; the rest is Frontline's own, and
	// what anybody did to Frontline's kinds.
	events, reads, leases int
	written               map[string]int
}

// writes reads the audit log of a site since the time given.
func (s *suite) writes(t *testing.T, site string, since time.Time) requests {
	t.Helper()
	file, err := os.Open(s.clusters[site].AuditLog())
	must(t, err)
	defer file.Close()
	seen := requests{written: map[string]int{}}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var e struct {
			Verb string `json:"verb"`
			User struct {
				Username string `json:"username"`
			} `json:"user"`
			ObjectRef struct {
				Resource    string `json:"resource"`
				Subresource string `json:"subresource"`
				APIGroup    string `json:"apiGroup"`
				Name        string `json:"name"`
				Namespace   string `json:"namespace"`
			} `json:"objectRef"`
			Stage string    `json:"stage"`
			Time  time.Time `json:"requestReceivedTimestamp"`
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%s: audit log: %v", site, err)
		}
		if e.Stage != "ResponseComplete" || e.Time.Before(since) {
			continue
		}
		seen.events++
		ours := strings.HasPrefix(e.User.Username, "system:serviceaccount:"+stage.Namespace+":")
		if !ours && e.ObjectRef.APIGroup != screeningv1.GroupName {
			continue
		}
		switch e.Verb {
		case "get", "list", "watch":
			seen.reads++
		default:
			if ours && e.ObjectRef.Resource == "leases" {
				seen.leases++
				continue
			}
			r := e.ObjectRef
			seen.written[strings.Join([]string{e.User.Username, e.Verb, r.APIGroup, r.Resource, r.Subresource, r.Namespace, r.Name}, " ")]++
		}
	}
	must(t, lines.Err())
	return seen
}

// matchers selects the pods of the pool of the samples.
var matchers = client.MatchingLabels{screeningv1.LabelPool: poolName}
