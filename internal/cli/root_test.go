// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func runCommand(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	var out, errOut bytes.Buffer
	cmd := newRootCommand()
	cmd.SetOut(&out)
	cmd.SetErr(&errOut)
	cmd.SetArgs(args)
	err = cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestVersionCommand(t *testing.T) {
	text, err := runCommand(t, "version")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(text, "frontline ") {
		t.Errorf("version printed %q, want it to start with the name of the binary", text)
	}

	out, err := runCommand(t, "version", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var info versionInfo
	if err := json.Unmarshal([]byte(out), &info); err != nil {
		t.Fatalf("version -o json printed %q: %v", out, err)
	}
	if info.Version == "" || info.Go == "" || info.Platform == "" {
		t.Errorf("version -o json left a field empty: %+v", info)
	}
}

func TestRootCommandRefuses(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"unknown subcommand", []string{"halt"}, `unknown command "halt"`},
		{"unknown log level", []string{"version", "--log-level", "loud"}, "use debug, info, warn or error"},
		{"unknown log format", []string{"version", "--log-format", "xml"}, "use json or text"},
		{"unknown output", []string{"version", "-o", "xml"}, "use text or json"},
		{"argument where none is taken", []string{"version", "now"}, `unknown command "now"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := runCommand(t, tt.args...)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want one that contains %q", err, tt.want)
			}
		})
	}
}

func TestSubcommandsAreDocumented(t *testing.T) {
	for _, cmd := range newRootCommand().Commands() {
		if cmd.Short == "" {
			t.Errorf("subcommand %q has no one-line description", cmd.Name())
		}
	}
}

// TestExamplesAreRight: whatever can be run has an example, and its flags exist.
func TestExamplesAreRight(t *testing.T) {
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
		if !cmd.Runnable() || cmd.Hidden || cmd.Name() == "help" || cmd.HasParent() && cmd.Parent().Name() == "completion" {
			return
		}
		if cmd.Example == "" {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		for line := range strings.SplitSeq(strings.ReplaceAll(cmd.Example, "\\\n", ""), "\n") {
			line, _, _ = strings.Cut(line, "|")
			words := strings.Fields(line)
			if !strings.HasPrefix(strings.TrimSpace(line), cmd.CommandPath()+" ") {
				continue
			}
			for _, word := range words {
				name, ok := strings.CutPrefix(word, "--")
				name, _, _ = strings.Cut(name, "=")
				if ok && cmd.Flags().Lookup(name) == nil && cmd.InheritedFlags().Lookup(name) == nil {
					t.Errorf("%s: its example has the flag --%s, which does not exist", cmd.CommandPath(), name)
				}
			}
		}
	}
	visit(newRootCommand())
}
