// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/frontline-screening/frontline/hack/cluster/internal/addrplan"
	"github.com/frontline-screening/frontline/hack/cluster/internal/render"
)

func layout(t *testing.T) render.Layout {
	t.Helper()
	plan, err := addrplan.For(4)
	if err != nil {
		t.Fatal(err)
	}
	return render.Layout{
		Name: "north", Plan: plan, Dir: "/state/north", Run: "/run/frontline/fl4-north", CgroupRoot: "/frontline/fl4-north",
		CNIPlugins: "/usr/lib/cni", Snapshotter: "overlayfs", ResolvConf: "/etc/resolv.conf", Nameservers: []string{"192.0.2.53"},
		PauseImage: "rig.localhost/pause:1", DNSImage: "rig.localhost/coredns:1",
	}
}

func TestArgs(t *testing.T) {
	tests := []struct{ component, want string }{
		{render.Etcd, "--listen-client-urls=http://127.0.0.1:2379"},
		{render.APIServer, "--advertise-address=10.240.4.2"},
		{render.APIServer, "--authorization-mode=Node,RBAC"},
		{render.APIServer, "--audit-log-path=/state/north/logs/audit.jsonl"},
		{render.ControllerManager, "--cluster-cidr=10.241.4.0/24"},
		{render.ControllerManager, "--node-cidr-mask-size=24"},
		{render.ControllerManager, "--leader-elect=false"},
		{render.Scheduler, "--leader-elect=false"},
		{render.Kubelet, "--node-ip=10.240.4.2"},
		{render.Kubelet, "--hostname-override=north-node"},
		{render.Proxy, "--proxy-mode=nftables"},
		{render.Containerd, "/state/north/config/containerd.toml"},
	}
	for _, test := range tests {
		t.Run(test.component+" "+test.want, func(t *testing.T) {
			if args := layout(t).Args(test.component); !slices.Contains(args, test.want) {
				t.Errorf("arguments %q", args)
			}
		})
	}
}

func TestKubeletConfig(t *testing.T) {
	content, err := layout(t).KubeletConfig()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		CgroupRoot, CgroupDriver, ContainerRuntimeEndpoint string
		ClusterDNS, EnforceNodeAllocatable                 []string
		FailCgroupV1                                       *bool
	}
	if err := yaml.Unmarshal(content, &got); err != nil {
		t.Fatal(err)
	}
	if got.FailCgroupV1 == nil || *got.FailCgroupV1 {
		t.Error("the kubelet refuses version 1 control groups")
	}
	if got.EnforceNodeAllocatable == nil {
		t.Error("enforceNodeAllocatable is left to its default, which needs more control groups")
	}
	if diff := cmp.Diff([]string{"10.242.4.10"}, got.ClusterDNS); diff != "" {
		t.Error(diff)
	}
	if got.CgroupRoot != "/frontline/fl4-north" || got.CgroupDriver != "cgroupfs" || got.ContainerRuntimeEndpoint != "unix:///run/frontline/fl4-north/containerd.sock" {
		t.Errorf("configuration %+v", got)
	}
}

func TestCNIConfig(t *testing.T) {
	content, err := layout(t).CNIConfig()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Name    string
		Plugins []struct {
			Type string
			IPAM struct{ Ranges [][]struct{ Subnet string } }
		}
	}
	if err := json.Unmarshal(content, &got); err != nil {
		t.Fatal(err)
	}
	if got.Name != "fl4-north" || got.Plugins[0].Type != "ptp" || got.Plugins[0].IPAM.Ranges[0][0].Subnet != "10.241.4.0/24" {
		t.Errorf("configuration %s", content)
	}
}

func TestContainerdConfigKeepsToTheCluster(t *testing.T) {
	config := layout(t).ContainerdConfig()
	for _, want := range []string{
		`root = "/state/north/data/containerd"`,
		`state = "/run/frontline/fl4-north/containerd"`,
		`address = "/run/frontline/fl4-north/containerd.sock"`,
		`Root = "/run/frontline/fl4-north/runc"`,
		`sandbox_image = "rig.localhost/pause:1"`,
		`restrict_oom_score_adj = true`,
		`netns_mounts_under_state_dir = true`,
		`conf_dir = "/state/north/config/cni"`,
	} {
		if !strings.Contains(config, want) {
			t.Errorf("configuration lacks %s", want)
		}
	}
	if strings.Contains(config, "%!") {
		t.Errorf("configuration is badly formatted:\n%s", config)
	}
}

type object struct {
	Kind     string
	Metadata struct {
		Name        string
		Annotations map[string]string
	}
	Spec json.RawMessage
	Data map[string]string
}

func manifests(t *testing.T, l render.Layout) map[string]object {
	t.Helper()
	content, err := l.Manifests()
	if err != nil {
		t.Fatal(err)
	}
	objects := map[string]object{}
	for document := range strings.SplitSeq(string(content), "\n---\n") {
		var o object
		if err := yaml.Unmarshal([]byte(document), &o); err != nil {
			t.Fatalf("%v in\n%s", err, document)
		}
		objects[o.Kind+"/"+o.Metadata.Name] = o
	}
	return objects
}

func TestManifests(t *testing.T) {
	objects := manifests(t, layout(t))
	for _, name := range []string{"Deployment/coredns", "Service/kube-dns", "PersistentVolume/pv-1", "PersistentVolume/pv-6"} {
		if _, found := objects[name]; !found {
			t.Errorf("no %s", name)
		}
	}
	if objects["StorageClass/local"].Metadata.Annotations["storageclass.kubernetes.io/is-default-class"] != "true" {
		t.Error("StorageClass local is not the default")
	}
	for name, want := range map[string]string{
		"PersistentVolume/pv-3": `"path":"/state/north/volumes/pv-3"`,
		"PersistentVolume/pv-4": `"north-node"`,
		"Service/kube-dns":      `"clusterIP":"10.242.4.10"`,
		"Deployment/coredns":    `"image":"rig.localhost/coredns:1"`,
	} {
		if !strings.Contains(string(objects[name].Spec), want) {
			t.Errorf("%s lacks %s: %s", name, want, objects[name].Spec)
		}
	}
}

func TestCorefileForwardsOnlyToReachableServers(t *testing.T) {
	l := layout(t)
	if corefile := manifests(t, l)["ConfigMap/coredns"].Data["Corefile"]; !strings.Contains(corefile, "    forward . 192.0.2.53\n") {
		t.Errorf("Corefile\n%s", corefile)
	}
	l.Nameservers = nil
	if corefile := manifests(t, l)["ConfigMap/coredns"].Data["Corefile"]; strings.Contains(corefile, "forward") || !strings.Contains(corefile, "    cache 5\n") {
		t.Errorf("Corefile\n%s", corefile)
	}
}

func TestMergeKubeconfigs(t *testing.T) {
	var files [][]byte
	for _, name := range []string{"hub", "north"} {
		file, err := render.Kubeconfig(render.Access{Name: name, Server: "https://" + name, CA: []byte("ca"), Cert: []byte("cert"), Key: []byte("key")})
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	merged, err := render.MergeKubeconfigs(files...)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		CurrentContext string `json:"current-context"`
		Contexts       []struct {
			Name    string
			Context struct{ Cluster, User string }
		}
		Clusters []struct {
			Name    string
			Cluster struct{ Server string }
		}
		Users []struct {
			User struct {
				Key []byte `json:"client-key-data"`
			}
		}
	}
	if err := yaml.Unmarshal(merged, &got); err != nil {
		t.Fatal(err)
	}
	if got.CurrentContext != "hub" || len(got.Contexts) != 2 || got.Contexts[1].Name != "north" || got.Contexts[1].Context.Cluster != "north" {
		t.Errorf("contexts of\n%s", merged)
	}
	if got.Clusters[1].Cluster.Server != "https://north" || string(got.Users[1].User.Key) != "key" {
		t.Errorf("clusters and users of\n%s", merged)
	}
	if _, err := render.MergeKubeconfigs([]byte("unknown: field")); err == nil {
		t.Error("a file the rig did not write is merged")
	}
}
