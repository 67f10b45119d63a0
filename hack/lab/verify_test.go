// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/frontline-screening/frontline/internal/screen"
)

func TestVerifyAnswersInOrder(t *testing.T) {
	list := write(t, "list.jsonl", records)
	queries := write(t, "q.jsonl", `{"subject":{"names":[{"full":"Eriksson, Anna Maria"}]},"record":{"feed":"lab.frontline-jsonl","record":"t-1"}}

{"subject":{"names":[{"full":"Anna Eriksson"}]}}
{"subject":{"names":[{"full":"Anna Eriksson"}]},"reference":{"mrz":"P<UTO"}}
{"subject":{"names":[{"full":"Anna Eriksson"}]},"record":{"feed":"lab.frontline-jsonl","record":"t-9"}}
{"subject":{"names":[{"full":"Anna Eriksson"}]},"reference":{"names":[{"full":"Anna Erikson"}]}}
`)
	cmd := verifyCommand()
	var out, progress bytes.Buffer
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetOut(&out)
	cmd.SetErr(&progress)
	cmd.SetArgs([]string{"--list", "frontline-jsonl=" + list, "--queries", queries})
	if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "2 requests were refused") {
		t.Errorf("got %v", err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 5 {
		t.Fatalf("%d lines", len(lines))
	}
	var first screen.VerifyAnswer
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil {
		t.Fatal(err)
	}
	if first.Outcome != screen.Compared || first.Score == nil || *first.Score < 0.9 || first.Mode != screen.ModeBench || first.Searched[0].Feed != "lab.frontline-jsonl" {
		t.Errorf("%+v", first)
	}
	for i, want := range map[int]string{1: `"error":"record, reference`, 2: `reference.mrz`, 3: `"NoRecord"`, 4: `"Compared"`} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("line %d is %s, want %s in it", i+1, lines[i], want)
		}
	}
	if !strings.Contains(progress.String(), "p99") || strings.Contains(progress.String(), "rikss") {
		t.Error("the summary lacks latency or names a subject")
	}
}

func TestVerifyMisuse(t *testing.T) {
	for want, args := range map[string][]string{
		"name at least one --list": {"--queries", "-"},
		"name the requests":        {"--list", "un-xml=x"},
	} {
		cmd := verifyCommand()
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs(args)
		if err := cmd.ExecuteContext(t.Context()); !errors.Is(err, errUsage) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
