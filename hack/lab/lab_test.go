// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/frontline-screening/frontline/internal/screen"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const records = `{"id":"t-1","type":"Person","names":[{"full":"Anna Maria Eriksson"},{"full":"Zogza","quality":"Low"}],"documents":[{"number":"T1234567"}]}
{"id":"t-2","type":"Entity","names":[{"full":"Sample Exemplar Trading"}]}
`

func TestScreenAnswersInOrder(t *testing.T) {
	list := write(t, "list.jsonl", records)
	queries := write(t, "q.jsonl", `{"subject":{"names":[{"full":"Eriksson, Anna Maria"}]}}
{"subject":{}}
{"subject":{"names":[{"full":"Nobody Atall"}]}}
`)
	cmd := screenCommand()
	var out, progress bytes.Buffer
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetOut(&out)
	cmd.SetErr(&progress)
	cmd.SetArgs([]string{"--list", "frontline-jsonl=" + list, "--queries", queries})
	if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "1 requests were refused") {
		t.Errorf("got %v", err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines", len(lines))
	}
	var first screen.Answer
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil {
		t.Fatal(err)
	}
	if first.Outcome != screen.Candidates || first.Candidates[0].Record != "t-1" || first.Mode != screen.ModeBench || first.Searched[0].Feed != "lab.frontline-jsonl" {
		t.Errorf("%+v", first)
	}
	if !strings.Contains(lines[1], `"error"`) || !strings.Contains(lines[2], `"NoCandidate"`) {
		t.Error("answers are not in the order of the requests")
	}
	if !strings.Contains(progress.String(), "p99") || strings.Contains(progress.String(), "riksson") {
		t.Error("the summary lacks latency or names a subject")
	}
}

func TestSelftestFindsAll(t *testing.T) {
	cmd := selftestCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&bytes.Buffer{})
	cmd.SetArgs([]string{"--list", "frontline-jsonl=" + write(t, "list.jsonl", records)})
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Error(err)
	}
	if strings.Contains(out.String(), "riksson") {
		t.Error("the table names a record")
	}
}

func TestMisuse(t *testing.T) {
	for _, tc := range []struct {
		name, want string
		args       []string
	}{
		{"no list", "name at least one --list", []string{"--queries", "-"}},
		{"no queries", "name the requests", []string{"--list", "un-xml=x"}},
		{"list without format", "want FORMAT=PATH", []string{"--list", "x", "--queries", "-"}},
		{"unknown format", "use one of un-xml", []string{"--list", "excel=x", "--queries", "-"}},
		{"accuracy", "--accuracy must be", []string{"--list", "un-xml=x", "--queries", "-", "--accuracy", "Best"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cmd := screenCommand()
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			cmd.SetArgs(tc.args)
			if err := cmd.ExecuteContext(t.Context()); !errors.Is(err, errUsage) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestLoopbackAlone(t *testing.T) {
	for address, ok := range map[string]bool{
		"127.0.0.1:0": true, "[::1]:80": true, "0.0.0.0:80": false, ":80": false, "192.0.2.1:80": false, "localhost:80": false, "x": false,
	} {
		if err := loopback(address); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestSpoilerIsSeeded(t *testing.T) {
	a, b := newSpoiler(3), newSpoiler(3)
	rng := rand.New(rand.NewPCG(1, 1))
	for range 500 {
		name := strings.Repeat("ab", 3+rng.IntN(3)) + " Testova"
		x, ok := a.edit(name)
		if y, _ := b.edit(name); x != y || !ok {
			t.Fatalf("%q and %q", x, y)
		}
	}
	if _, ok := a.edit("abc"); ok {
		t.Error("a short word is misspelt")
	}
	if s, _ := a.reorder("a b c"); s != "c a b" {
		t.Errorf("reordered to %q", s)
	}
}

func TestAccountChecks(t *testing.T) {
	list := write(t, "list.jsonl", records)
	cmd := accountCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"--list", "frontline-jsonl=" + list, "--check"})
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"2 records (1 persons, 1 entities, 0 objects)", "1 birthDates", "reading of 2 records: 0 missing", "3 names, different in 0"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "riksson") {
		t.Error("the account names a record")
	}
	twice := accountCommand()
	twice.SilenceErrors, twice.SilenceUsage = true, true
	twice.SetOut(&out)
	twice.SetArgs([]string{"--list", "frontline-jsonl=" + write(t, "twice.jsonl", records+records), "--check"})
	if err := twice.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "1 of 1 lists differ") {
		t.Errorf("two records of one id: %v", err)
	}
}

func TestSyntheticIsSeeded(t *testing.T) {
	run := func(args ...string) string {
		cmd := syntheticCommand()
		var out bytes.Buffer
		cmd.SetOut(&out)
		cmd.SetArgs(args)
		if err := cmd.ExecuteContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	a, b := run("--records", "50"), run("--records", "50")
	if a != b || strings.Count(a, "\n") != 50 || a == run("--records", "50", "--edit", "0.5") {
		t.Error("the same flags do not write the same list, or an edit changes nothing")
	}
}
