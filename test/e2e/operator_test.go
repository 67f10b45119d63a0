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
		t.Errorf("pods before: %v\nafter: %v", before, after)
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
	s.quiet(t, 15*time.Second)
	begin := time.Now()
	s.quiet(t, 2*time.Minute)
	for _, site := range s.Sites() {
		written, leases, reads := s.writes(t, site.Name, begin)
		t.Logf("%s: %d reads, %d writes of Leases, %d other writes", site.Name, reads, leases, len(written))
		for what, n := range written {
			t.Errorf("%s: %d x %s", site.Name, n, what)
		}
		if leases == 0 && site.Name == "hub" {
			t.Error("hub: not even a Lease was written; the audit log does not show what it should")
		}
	}
}

// writes counts what Frontline's service accounts wrote since the time given,
// and what anybody wrote to Frontline's kinds.
func (s *suite) writes(t *testing.T, site string, since time.Time) (written map[string]int, leases, reads int) {
	t.Helper()
	file, err := os.Open(s.clusters[site].AuditLog())
	must(t, err)
	defer file.Close()
	written = map[string]int{}
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
		ours := strings.HasPrefix(e.User.Username, "system:serviceaccount:"+stage.Namespace+":")
		if !ours && e.ObjectRef.APIGroup != screeningv1.GroupName {
			continue
		}
		switch e.Verb {
		case "get", "list", "watch":
			reads++
		default:
			if ours && e.ObjectRef.Resource == "leases" {
				leases++
				continue
			}
			r := e.ObjectRef
			written[strings.Join([]string{e.User.Username, e.Verb, r.APIGroup, r.Resource, r.Subresource, r.Namespace, r.Name}, " ")]++
		}
	}
	must(t, lines.Err())
	return written, leases, reads
}

// matchers selects the pods of the pool of the samples.
var matchers = client.MatchingLabels{screeningv1.LabelPool: poolName}
