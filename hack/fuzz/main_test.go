// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFind(t *testing.T) {
	root := t.TempDir()
	for path, content := range map[string]string{
		"b/b_test.go":               "func FuzzTwo(f *testing.F) {}\nfunc FuzzOne(f *testing.F) {}\n",
		"a/deep/a_test.go":          "package a\n\nfunc FuzzA(f *testing.F) { fuzz(f) }\nfunc fuzz(f *testing.F) {}\n",
		"a/code.go":                 "func FuzzNot(f *testing.F) {}\n",
		"a/testdata/fuzz/x_test.go": "func FuzzNot(f *testing.F) {}\n",
		".cache/x_test.go":          "func FuzzNot(f *testing.F) {}\n",
		"tools/go.mod":              "module tools\n",
		"tools/x_test.go":           "func FuzzNot(f *testing.F) {}\n",
	} {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := find(root)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, one := range got {
		names = append(names, one.String())
	}
	if d := cmp.Diff([]string{"a/deep.FuzzA", "b.FuzzOne", "b.FuzzTwo"}, names); d != "" {
		t.Errorf("targets (-want +got):\n%s", d)
	}
}

const (
	passed = `fuzz: elapsed: 0s, gathering baseline coverage: 0/12 completed
fuzz: elapsed: 0s, gathering baseline coverage: 12/12 completed, now fuzzing with 1 workers
fuzz: elapsed: 3s, execs: 9800 (3266/sec), new interesting: 70 (total: 82)
fuzz: elapsed: 5s, execs: 11872 (1036/sec), new interesting: 94 (total: 106)
PASS
`
	crashed = `fuzz: elapsed: 3s, execs: 40 (13/sec), new interesting: 1 (total: 2)
--- FAIL: FuzzOne (3.02s)
    --- FAIL: FuzzOne (0.00s)
        one_test.go:9: wrong

    Failing input written to testdata/fuzz/FuzzOne/771e938e4458e983
    To re-run:
    go test -run=FuzzOne/771e938e4458e983
FAIL
`
)

func TestReport(t *testing.T) {
	t.Chdir(t.TempDir())
	crasher := filepath.FromSlash("internal/one/testdata/fuzz/FuzzOne/771e938e4458e983")
	if err := os.MkdirAll(filepath.Dir(crasher), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(crasher, []byte("go test fuzz v1\n[]byte(\"0\")\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	one, two := target{"internal/one", "FuzzOne"}, target{"internal/two", "FuzzTwo"}
	failure := errors.New("exit status 1")
	for _, tc := range []struct {
		name    string
		results []result
		want    []string
		fails   bool
	}{
		{
			name: "all pass", results: []result{parse(two, passed, nil)},
			want: []string{"internal/two.FuzzTwo  11872 executions  94 new  0 s  passed"},
		},
		{
			name: "one fails", results: []result{parse(one, crashed, failure), parse(two, passed, nil)}, fails: true,
			want: []string{
				"one_test.go:9: wrong",
				"Keep internal/one/testdata/fuzz/FuzzOne/771e938e4458e983: commit it with the repair.",
				`[]byte("0")`,
				"internal/one.FuzzOne  40 executions     1 new   0 s  FAILED: exit status 1",
				"internal/two.FuzzTwo  11872 executions  94 new  0 s  passed",
			},
		},
		{
			name: "one runs nothing", results: []result{parse(two, "PASS\n", nil)}, fails: true,
			want: []string{"FAILED: ran nothing"},
		},
		{
			name: "one does not build", results: []result{{target: one, err: errors.New("build: exit status 1\none.go:3: undefined: x")}}, fails: true,
			want: []string{"one.go:3: undefined: x", "FAILED: build: exit status 1"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out strings.Builder
			if err := report(&out, tc.results); (err != nil) != tc.fails {
				t.Errorf("error is %v, want one: %t", err, tc.fails)
			}
			for _, want := range tc.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("the report lacks %q:\n%s", want, out.String())
				}
			}
		})
	}
}

// The exit code of a target counts, whatever it printed.
func TestExitCode(t *testing.T) {
	folder := t.TempDir()
	binary := filepath.Join(folder, "one.test")
	if err := os.WriteFile(binary, []byte("#!/bin/sh\necho 'fuzz: elapsed: 1s, execs: 3 (3/sec), new interesting: 0 (total: 1)'\nexit 2\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	r := fuzz(t.Context(), binary, target{".", "FuzzOne"}, time.Second)
	if r.err == nil || r.executions != 3 {
		t.Errorf("got %+v, want an error after 3 executions", r)
	}
}
