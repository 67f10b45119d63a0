// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"
	"fmt"

	"sigs.k8s.io/yaml"
)

// AuditPolicy logs who did what to which object, never a body (audit.k8s.io/v1
// Policy, level Metadata).
const AuditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
`

// KubeletConfig is the kubelet's configuration file
// (kubelet.config.k8s.io/v1beta1 KubeletConfiguration).
func (l Layout) KubeletConfig() ([]byte, error) {
	config := map[string]any{
		"apiVersion": "kubelet.config.k8s.io/v1beta1",
		"kind":       "KubeletConfiguration",
		"authentication": map[string]any{
			"anonymous": map[string]any{"enabled": false},
			"webhook":   map[string]any{"enabled": true},
			"x509":      map[string]any{"clientCAFile": l.PKI("ca.crt")},
		},
		"authorization":            map[string]any{"mode": "Webhook"},
		"tlsCertFile":              l.PKI("kubelet-server.crt"),
		"tlsPrivateKeyFile":        l.PKI("kubelet-server.key"),
		"clusterDomain":            ClusterDomain,
		"clusterDNS":               []string{l.Plan.DNS.String()},
		"resolvConf":               l.ResolvConf,
		"containerRuntimeEndpoint": "unix://" + l.Socket(),
		"podLogsDir":               l.Dir + "/logs/pods",
		"volumePluginDir":          l.Data("kubelet") + "/volume-plugins",
		// Several kubelets share this machine's control groups; each keeps below
		// its own, whichever version they are.
		"cgroupDriver": "cgroupfs", "cgroupRoot": l.CgroupRoot, "failCgroupV1": false,
		"enforceNodeAllocatable": []string{},
		"failSwapOn":             false,
		// Lowering it takes CAP_SYS_RESOURCE, which containers of developers lack.
		"oomScoreAdj": 0,
		// kube-proxy in nftables mode needs none of the kubelet's iptables chains.
		"makeIPTablesUtilChains": false,
		// The disk is the developer's: its filling evicts and collects nothing.
		"evictionHard":                map[string]string{"memory.available": "0%", "nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%", "imagefs.inodesFree": "0%"},
		"imageGCHighThresholdPercent": 100,
		"serializeImagePulls":         false,
		// Node status is written when it changes; a settled cluster stays quiet.
		"nodeStatusReportFrequency": "1h",
	}
	return yaml.Marshal(config)
}

// ContainerdConfig is containerd's configuration, in version 2 of its format,
// which containerd 1.6 to 2.x read.
func (l Layout) ContainerdConfig() string {
	return fmt.Sprintf(`version = 2
root = %q
state = %q
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.opt", "io.containerd.internal.v1.tracing",
  "io.containerd.tracing.processor.v1.otlp", "io.containerd.nri.v1.nri",
]

[grpc]
  address = %q

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  # The machine may lack CAP_SYS_RESOURCE; without this every sandbox dies.
  restrict_oom_score_adj = true
  # Under the state folder, so that bringing the cluster down finds them.
  netns_mounts_under_state_dir = true
  disable_apparmor = true

  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = %q

  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"

  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
    SystemdCgroup = false
    Root = %q

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %q
    conf_dir = %q
`, l.Data("containerd"), l.Run+"/containerd", l.Socket(), l.PauseImage, l.Snapshotter, l.Run+"/runc", l.CNIPlugins, l.Config("cni"))
}

// CNIResults is where the CNI library keeps what it did for each pod, in files
// NETWORK-CONTAINER-INTERFACE, for every container engine of the machine.
const CNIResults = "/var/lib/cni/results"

// NetworkName names the cluster's pod network on the machine.
func (l Layout) NetworkName() string { return l.Plan.ID(l.Name) }

// CNIConfig is the network configuration list of the pods (CNI specification
// 1.0.0, "Network configuration format"). Plugin ptp routes between pods
// rather than bridging, so that answers of a Service on the same node come
// back by the node's connection tracking whether or not the kernel has
// br_netfilter.
func (l Layout) CNIConfig() ([]byte, error) {
	return json.MarshalIndent(map[string]any{
		"cniVersion": "1.0.0",
		// Names the files CNI keeps in CNIResults.
		"name": l.NetworkName(),
		"plugins": []any{
			map[string]any{
				"type": "ptp",
				// The node masquerades by one rule for all pods.
				"ipMasq": false,
				"ipam": map[string]any{
					"type":    "host-local",
					"dataDir": l.Run + "/addresses",
					"ranges":  []any{[]any{map[string]any{"subnet": l.Plan.Pods.String()}}},
					"routes":  []any{map[string]any{"dst": "0.0.0.0/0"}},
				},
			},
			map[string]any{"type": "portmap", "capabilities": map[string]any{"portMappings": true}},
		},
	}, "", "  ")
}
