// SPDX-License-Identifier: Apache-2.0

// Package rig runs complete Kubernetes clusters on one Linux machine, each in
// a network namespace of its own: real etcd, API server, controller manager,
// scheduler, containerd, kubelet, kube-proxy and CoreDNS.
//
// The clusters outlive the process that brought them up; their state lies in a
// folder (Options.State) from which Load finds them again. Everything but
// EnvtestAssets needs Linux and root.
package rig
