// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"

	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
)

// runCLI runs a command line and returns what it printed and its exit code.
func runCLI(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	cmd := newRootCommand()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		return out.String() + err.Error(), exitCode(err)
	}
	return out.String(), 0
}

// TestBundleCommands: a bundle and a report make the round between a hub and a
// region that see each other's files alone.
func TestBundleCommands(t *testing.T) {
	clock := regiontest.NewClock()
	hub := regiontest.NewHub(t, clock, "north", "AL")
	r := regiontest.NewRegion(t, hub, t.TempDir())
	r.SetTerms(&region.Terms{Feeds: []string{"*"}, Purposes: []string{"BorderControl"}})
	hub.Publish(t, order.Input{Feeds: []order.Feed{hub.PushFeed(t, "intl.un-sc", 1, "Testina Sample", "AL")}})
	data := hub.Bundle(t, 7, 7*24*time.Hour, nil)
	follower, err := region.NewFollower(r, hub, logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	registry, _ := regiontest.NewRegistry(t)
	agent := httptest.NewServer(region.FileAPI(func() region.Files {
		return region.Files{
			Import: region.NewImporter(follower, registry, logr.Discard()).Import,
			Report: region.NewReporter(r, hub, nothing, "v1", logr.Discard()).Make,
		}
	}))
	defer agent.Close()
	var asked string
	var came []byte
	cut := false
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		asked = req.URL.String()
		switch {
		case strings.HasPrefix(asked, "/v1/bundles/north") && cut:
			_, _ = w.Write(data[:len(data)/2])
			panic(http.ErrAbortHandler)
		case strings.HasPrefix(asked, "/v1/bundles/north"):
			_, _ = w.Write(data)
		case strings.HasPrefix(asked, "/v1/bundles/"):
			w.WriteHeader(http.StatusNotFound)
			_ = json.NewEncoder(w).Encode(map[string]string{"message": "the hub has no region"})
		default:
			came, _ = io.ReadAll(req.Body)
			_, _ = io.WriteString(w, `{"region":"north"}`)
		}
	}))
	defer gateway.Close()
	atHub, atRegion := "--address="+strings.TrimPrefix(gateway.URL, "http://"), "--address="+strings.TrimPrefix(agent.URL, "http://")
	dir := t.TempDir()
	file, reportFile := filepath.Join(dir, "north.bundle"), filepath.Join(dir, "north.report")

	steps := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no such region", []string{"bundle", "export", "nowhere", "-o", file, atHub}, 1, "no region"},
		{"no name of a file", []string{"bundle", "export", "north", atHub}, 1, "--output"},
		{"export", []string{"bundle", "export", "north", "-o", file, "--valid", "48h", "--since-report", atHub}, 0, "frontline bundle import"},
		{"show", []string{"bundle", "show", file}, 0, "intl.un-sc"},
		{"show as JSON", []string{"bundle", "show", file, "-o", "json"}, 0, `"number": 7`},
		{"import", []string{"bundle", "import", file, atRegion}, 0, "Order 1 is in force in region north. Its age counts from 2026-03-01T12:00:00Z"},
		{"import again", []string{"bundle", "import", file, atRegion}, 2, "Replayed"},
		{"no such file", []string{"bundle", "import", file + "x", atRegion}, 1, "no such file"},
		{"report", []string{"bundle", "report", "-o", reportFile, atRegion}, 0, "frontline bundle import-report"},
		{"import the report", []string{"bundle", "import-report", reportFile, atHub}, 0, "report of region north"},
	}
	for _, step := range steps {
		out, code := runCLI(t, step.args...)
		if code != step.code || !strings.Contains(out, step.want) {
			t.Errorf("%s: exit code %d, %s", step.name, code, out)
		}
		if step.name == "export" && asked != "/v1/bundles/north?since-report=true&valid=48h0m0s" {
			t.Errorf("the hub was asked %s", asked)
		}
	}
	if stored, err := os.ReadFile(reportFile); err != nil || !bytes.Equal(stored, came) {
		t.Errorf("the hub got other bytes than the region wrote: %v", err)
	}

	cut = true
	if out, code := runCLI(t, "bundle", "export", "north", "-o", filepath.Join(dir, "cut.bundle"), atHub); code != 1 || !strings.Contains(out, "truncated") {
		t.Errorf("a line that broke: exit code %d, %s", code, out)
	}
	if err := os.WriteFile(file, data[:len(data)-600], 0o600); err != nil {
		t.Fatal(err)
	}
	if out, code := runCLI(t, "bundle", "show", file); code != 1 || !strings.Contains(out, "truncated") {
		t.Errorf("a damaged file: exit code %d, %s", code, out)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	hidden, _ := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(names) != 2 || len(hidden) != 0 {
		t.Errorf("left in the folder: %v, %v", names, hidden)
	}
}

func nothing(context.Context) (region.Objects, error) { return region.Objects{}, nil }
