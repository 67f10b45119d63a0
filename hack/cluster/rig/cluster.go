// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/frontline-screening/frontline/hack/cluster/internal/addrplan"
	"github.com/frontline-screening/frontline/hack/cluster/internal/hostnet"
)

// Cluster is one cluster that was brought up. Its methods may be called from
// any process on the machine.
type Cluster struct {
	// Name is also the context in its kubeconfig.
	Name string
	// NodeName is the name of its one Node.
	NodeName string
	// NodeIP is the IPv4 address of that node: the API server (port 6443) and
	// every NodePort answer on it, to the host, to pods of the cluster and to
	// those of other clusters.
	NodeIP string
	// HostIP is the address of the host as the cluster sees it; it is reachable
	// also while the cluster's link is cut.
	HostIP string
	// Server is the URL of the API server.
	Server string
	// Kubeconfig is the path of the administrator's kubeconfig.
	Kubeconfig string

	dir, id string
	plan    addrplan.Plan
}

func (r *record) cluster() *Cluster {
	l := r.Layout
	return &Cluster{
		Name: l.Name, NodeName: l.NodeName(), NodeIP: l.Plan.Node.String(), HostIP: l.Plan.Host.String(),
		Server: l.Server(), Kubeconfig: filepath.Join(l.Dir, "kubeconfig"),
		dir: l.Dir, id: r.ID, plan: l.Plan,
	}
}

// Load returns the clusters of a state folder (empty: DefaultState), by name.
// A folder without clusters gives none and no error.
func Load(state string) ([]*Cluster, error) {
	state, err := statePath(state)
	if err != nil {
		return nil, err
	}
	records, err := readRecords(state)
	if err != nil {
		return nil, err
	}
	var clusters []*Cluster
	for _, r := range records {
		clusters = append(clusters, r.cluster())
	}
	return clusters, nil
}

// Find returns the cluster with a name.
func Find(clusters []*Cluster, name string) (*Cluster, error) {
	var names []string
	for _, c := range clusters {
		if c.Name == name {
			return c, nil
		}
		names = append(names, c.Name)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no cluster %s: none is up; run: go run ./hack/cluster up", name)
	}
	return nil, fmt.Errorf("no cluster %s; there are %s", name, strings.Join(names, ", "))
}

// MergedKubeconfig is the path of the kubeconfig with a context for each
// cluster of a state folder (empty: DefaultState).
func MergedKubeconfig(state string) (string, error) {
	state, err := statePath(state)
	if err != nil {
		return "", err
	}
	return filepath.Join(state, "kubeconfig"), nil
}

// AuditLog is the path of the API server's audit log: a line of JSON
// (audit.k8s.io/v1 Event, level Metadata) for each request.
func (c *Cluster) AuditLog() string { return filepath.Join(c.dir, "logs", "audit.jsonl") }

// LogDir is the folder with a log for each component (NAME.log).
func (c *Cluster) LogDir() string { return filepath.Join(c.dir, "logs") }

// Cut takes away the traffic between this cluster and all others, in both
// directions, packets vanishing; the host still reaches it. Cutting twice is
// cutting once.
func (c *Cluster) Cut(ctx context.Context) error { return hostnet.Cut(ctx, c.plan) }

// Mend undoes Cut; mending a whole link does nothing.
func (c *Cluster) Mend(ctx context.Context) error { return hostnet.Mend(ctx, c.plan) }

// ExecInNode runs a program of the host in the network of the cluster's node
// and returns its output; an error holds what it said on standard error.
func (c *Cluster) ExecInNode(ctx context.Context, name string, args ...string) ([]byte, error) {
	all := append([]string{"--net=" + hostnet.Path(c.id), name}, args...)
	return output(exec.CommandContext(ctx, "nsenter", all...))
}

// Kubectl runs the rig's kubectl as administrator with stdin and returns its
// output; an error holds what it said on standard error.
func (c *Cluster) Kubectl(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	r, err := readRecord(c.dir)
	if err != nil {
		return nil, err
	}
	return kubectl(ctx, r, stdin, args...)
}

func kubectl(ctx context.Context, r *record, stdin []byte, args ...string) ([]byte, error) {
	dir := r.Layout.Dir
	all := append([]string{"--kubeconfig", filepath.Join(dir, "kubeconfig"), "--cache-dir", filepath.Join(dir, "data", "kubectl")}, args...)
	cmd := exec.CommandContext(ctx, r.Programs["kubectl"], all...)
	cmd.Stdin = bytes.NewReader(stdin)
	return output(cmd)
}

// output runs a command; its error names the program and what it said.
func output(cmd *exec.Cmd) ([]byte, error) {
	out, err := cmd.Output()
	if err == nil {
		return out, nil
	}
	said := ""
	if exit, failed := errors.AsType[*exec.ExitError](err); failed {
		said = ": " + strings.TrimSpace(string(exit.Stderr))
	}
	return out, fmt.Errorf("%s: %w%s", strings.Join(cmd.Args, " "), err, said)
}
