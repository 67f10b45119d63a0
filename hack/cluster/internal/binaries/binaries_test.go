// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKubernetesFlags(t *testing.T) {
	const pkg = "k8s.io/component-base/version"
	want := "-s -w -X " + pkg + ".gitVersion=v1.37.1 -X " + pkg + ".gitMajor=1 -X " + pkg + ".gitMinor=37"
	if diff := cmp.Diff(want, kubernetesFlags("v1.37.1")); diff != "" {
		t.Error(diff)
	}
}

// fakeStore returns a store over a repository with one pinned suite of each
// kind, in which the named programs are already built.
func fakeStore(t *testing.T, built ...string) *Store {
	t.Helper()
	store := &Store{Dir: t.TempDir(), Log: io.Discard, root: t.TempDir()}
	for _, su := range suites {
		write(t, filepath.Join(su.dir(store.root), "go.mod"), 0o644, "module x\n\nrequire "+su.module+" v1.2.3\n")
		for _, p := range su.programs {
			for _, name := range built {
				if p.name == name {
					write(t, filepath.Join(store.Dir, su.name+"-v1.2.3", name), 0o755, "program")
				}
			}
		}
	}
	return store
}

func write(t *testing.T, path string, mode os.FileMode, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

func TestEnsureUsesWhatIsThere(t *testing.T) {
	store := fakeStore(t, "etcd", "kubectl")
	// A build would fail: there is no such module to build from.
	got, err := store.Ensure(t.Context(), "kubectl", "etcd")
	if err != nil {
		t.Fatal(err)
	}
	want := Set{
		"etcd":    filepath.Join(store.Dir, "etcd-v1.2.3", "etcd"),
		"kubectl": filepath.Join(store.Dir, "kubernetes-v1.2.3", "kubectl"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMissingIgnoresUnfinishedPrograms(t *testing.T) {
	store := fakeStore(t, "etcd")
	write(t, filepath.Join(store.Dir, "kubernetes-v1.2.3", "kubectl"), 0o644, "not executable")
	tasks, err := store.tasks([]string{"kubectl", "etcd"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, t := range missing(tasks) {
		names = append(names, t.program.name)
	}
	if diff := cmp.Diff([]string{"kubectl"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestEnsureRefusesUnknownPrograms(t *testing.T) {
	_, err := fakeStore(t).Ensure(t.Context(), "kubeadm")
	if err == nil || !strings.Contains(err.Error(), "kubeadm") {
		t.Fatalf("error %v", err)
	}
}

func TestEnvtestAssets(t *testing.T) {
	t.Run("of the developer", func(t *testing.T) {
		dir := t.TempDir()
		for _, name := range Envtest {
			write(t, filepath.Join(dir, name), 0o755, "program")
		}
		t.Setenv(AssetsVariable, dir)
		got, err := fakeStore(t).EnvtestAssets(t.Context())
		if err != nil || got != dir {
			t.Fatalf("got %q, %v; want %q", got, err, dir)
		}
	})
	t.Run("of the developer, incomplete", func(t *testing.T) {
		t.Setenv(AssetsVariable, t.TempDir())
		_, err := fakeStore(t).EnvtestAssets(t.Context())
		if err == nil || !strings.Contains(err.Error(), "lacks kube-apiserver") {
			t.Fatalf("error %v", err)
		}
	})
	t.Run("of the store, twice", func(t *testing.T) {
		t.Setenv(AssetsVariable, "")
		store := fakeStore(t, Envtest...)
		for range 2 {
			dir, err := store.EnvtestAssets(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range Envtest {
				if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
					t.Error(err)
				}
			}
		}
	})
}
