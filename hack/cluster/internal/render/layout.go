// SPDX-License-Identifier: Apache-2.0

// Package render writes down the configuration of every program of a test
// cluster: command lines, files and manifests. It is pure: it starts nothing.
package render

import (
	"path/filepath"

	"github.com/frontline-screening/frontline/hack/cluster/internal/addrplan"
)

// ClusterDomain is the DNS domain of every cluster.
const ClusterDomain = "cluster.local"

// APIPort is the port of the API server on the node's address.
const APIPort = "6443"

// NonRoot is the user and group the cluster's own pods run as, and the group
// that may write to the cluster's volumes.
const NonRoot = 65532

// Layout is one cluster as its programs see it.
type Layout struct {
	// Name is the cluster's name.
	Name string
	Plan addrplan.Plan
	// Dir is the cluster's folder on disk, Run the one for sockets and mounts,
	// which has a short path (a socket's has at most 108 bytes, unix(7)).
	Dir, Run string
	// CgroupRoot is the control group of the node's pods.
	CgroupRoot string
	// CNIPlugins is the folder of the CNI plugins.
	CNIPlugins string
	// Snapshotter is containerd's: "overlayfs", or "native" where a file system
	// cannot carry an overlay.
	Snapshotter string
	// ResolvConf is the resolver configuration pods without cluster DNS get.
	ResolvConf string
	// Nameservers answer for names outside the cluster; may be empty.
	Nameservers []string
	// PauseImage and DNSImage are the references of the imported images.
	PauseImage, DNSImage string
}

// NodeName is the name of the cluster's one node.
func (l Layout) NodeName() string { return l.Name + "-node" }

// Server is the URL of the API server.
func (l Layout) Server() string { return "https://" + l.Plan.Node.String() + ":" + APIPort }

// PKI returns the path of a certificate or key.
func (l Layout) PKI(file string) string { return filepath.Join(l.Dir, "pki", file) }

// Config returns the path of a configuration file.
func (l Layout) Config(file string) string { return filepath.Join(l.Dir, "config", file) }

// Data returns the path of a program's data folder.
func (l Layout) Data(program string) string { return filepath.Join(l.Dir, "data", program) }

// Log returns the path of a component's log.
func (l Layout) Log(component string) string {
	return filepath.Join(l.Dir, "logs", component+".log")
}

// AuditLog is the API server's audit log: one JSON object of
// audit.k8s.io/v1 Event a line, without bodies.
func (l Layout) AuditLog() string { return filepath.Join(l.Dir, "logs", "audit.jsonl") }

// Socket is the address of containerd.
func (l Layout) Socket() string { return filepath.Join(l.Run, "containerd.sock") }

// Volumes is the folder of the cluster's persistent volumes.
func (l Layout) Volumes() string { return filepath.Join(l.Dir, "volumes") }

// Folders lists every folder that must exist before the first program starts.
func (l Layout) Folders() []string {
	return []string{
		filepath.Join(l.Dir, "pki"), filepath.Join(l.Dir, "config"), filepath.Join(l.Dir, "logs"),
		filepath.Join(l.Dir, "logs", "pods"), l.Config("cni"), l.Data("etcd"), l.Data("containerd"), l.Data("kubelet"), l.Volumes(), l.Run,
	}
}
