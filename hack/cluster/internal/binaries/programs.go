// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/frontline-screening/frontline/hack/cluster/internal/source"
)

// suite is a tool module below hack/tools and the programs built from it.
type suite struct {
	// name is the folder below hack/tools and the first half of the cache folder.
	name string
	// module is the one whose required version is the suite's version.
	module string
	// ldflags returns the linker flags that tell a program its version.
	ldflags  func(version string) string
	programs []program
}

type program struct {
	name, pkg string
	// estimate is how long a first build takes on two cores, nothing cached.
	estimate time.Duration
}

var suites = []suite{
	{
		name: "kubernetes", module: "k8s.io/kubernetes", ldflags: kubernetesFlags,
		programs: []program{
			{"kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver", 310 * time.Second},
			{"kubectl", "k8s.io/kubernetes/cmd/kubectl", 30 * time.Second},
			{"kubelet", "k8s.io/kubernetes/cmd/kubelet", 120 * time.Second},
			{"kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager", 60 * time.Second},
			{"kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler", 10 * time.Second},
			{"kube-proxy", "k8s.io/kubernetes/cmd/kube-proxy", 15 * time.Second},
		},
	},
	{
		name: "etcd", module: "go.etcd.io/etcd/server/v3", ldflags: plainFlags,
		programs: []program{{"etcd", "go.etcd.io/etcd/server/v3", 25 * time.Second}},
	},
	{
		name: "coredns", module: "github.com/coredns/coredns", ldflags: plainFlags,
		programs: []program{{"coredns", "github.com/coredns/coredns", 120 * time.Second}},
	},
}

func plainFlags(string) string { return "-s -w" }

// kubernetesFlags stamps the version as Kubernetes' own build does
// (hack/lib/version.sh); without it kubectl and the API server call themselves
// v0.0.0-master.
func kubernetesFlags(version string) string {
	const pkg = "k8s.io/component-base/version"
	flags := "-s -w -X " + pkg + ".gitVersion=" + version
	if parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3); len(parts) == 3 {
		flags += fmt.Sprintf(" -X %s.gitMajor=%s -X %s.gitMinor=%s", pkg, parts[0], pkg, parts[1])
	}
	return flags
}

// version reads the suite's version from its go.mod below the repository.
func (s suite) version(root string) (string, error) {
	path := filepath.Join(s.dir(root), "go.mod")
	content, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the version of %s: %w", s.name, err)
	}
	version, err := source.Version(string(content), s.module)
	if err != nil {
		return "", fmt.Errorf("read the version of %s from %s: %w", s.name, path, err)
	}
	return version, nil
}

func (s suite) dir(root string) string { return filepath.Join(root, "hack", "tools", s.name) }
