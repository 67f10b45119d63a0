// SPDX-License-Identifier: Apache-2.0

package command

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/frontline-screening/frontline/hack/cluster/rig"
)

func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	root := newRoot()
	root.SetArgs(append(args, "--state", t.TempDir()))
	root.SetOut(&out)
	root.SetErr(&out)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

func TestUsageErrors(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want string
	}{
		{name: "unknown flag", args: []string{"up", "--nodes"}, want: "unknown flag: --nodes"},
		{name: "surplus argument", args: []string{"down", "hub"}, want: "Usage: cluster down"},
		{name: "no file", args: []string{"load-image"}, want: "accepts 1 arg"},
		{name: "format", args: []string{"status", "-o", "yaml"}, want: `output format "yaml"`},
		{name: "neither name nor merged", args: []string{"kubeconfig"}, want: "either the name of a cluster or --merged"},
		{name: "both name and merged", args: []string{"kubeconfig", "hub", "--merged"}, want: "either the name of a cluster or --merged"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := run(t, test.args...)
			if err == nil || !strings.Contains(err.Error(), test.want) || exitCode(err) != exitUsage {
				t.Fatalf("error %v with exit code %d, want %q with %d", err, exitCode(err), test.want, exitUsage)
			}
		})
	}
}

func TestWithoutClusters(t *testing.T) {
	for _, args := range [][]string{{"cut", "north"}, {"mend", "north"}, {"kubeconfig", "hub"}, {"kubeconfig", "--merged"}, {"load-image", "x.tar"}} {
		_, err := run(t, args...)
		if err == nil || !strings.Contains(err.Error(), "go run ./hack/cluster up") || exitCode(err) != exitFailed {
			t.Errorf("%q: error %v", args, err)
		}
	}
	for args, want := range map[string]string{"status": "No clusters are up.", "status -o json": "[]", "down": ""} {
		if out, err := run(t, strings.Fields(args)...); err != nil || !strings.Contains(out, want) {
			t.Errorf("%s: %q, %v", args, out, err)
		}
	}
}

func TestExitCodes(t *testing.T) {
	for _, test := range []struct {
		err  error
		want int
	}{
		{nil, exitDone},
		{errors.New("anything"), exitFailed},
		{usageError{errors.New("usage")}, exitUsage},
		{errors.Join(&rig.MachineError{Lacks: []string{"root"}}), exitMachine},
	} {
		if got := exitCode(test.err); got != test.want {
			t.Errorf("%v: exit code %d, want %d", test.err, got, test.want)
		}
	}
}

func TestEveryCommandHasHelp(t *testing.T) {
	for _, c := range newRoot().Commands() {
		if c.Short == "" || c.Long == "" || c.Example == "" {
			t.Errorf("%s lacks a short text, a long one or an example", c.Name())
		}
	}
}
