// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/doctor"
)

// examine runs the command and returns its report.
func examine(t *testing.T, args ...string) (doctor.Report, error) {
	t.Helper()
	out, err := runCommand(t, append([]string{"doctor"}, append(args, "-o", "json")...)...)
	var report doctor.Report
	if problem := json.Unmarshal([]byte(out), &report); problem != nil {
		t.Fatalf("doctor %v printed %q: %v, %v", args, out, err, problem)
	}
	return report, err
}

func wantRow(t *testing.T, report doctor.Report, name string, want doctor.Result, saw string) {
	t.Helper()
	i := slices.IndexFunc(report.Checks, func(r doctor.Row) bool { return r.Name == name })
	if i < 0 {
		t.Fatalf("no check %q: %+v", name, report.Checks)
	}
	if r := report.Checks[i]; r.Result != want || !strings.Contains(r.LookedAt, saw) {
		t.Errorf("%s is %s: %q; want %s with %q", name, r.Result, r.LookedAt, want, saw)
	}
}

// create makes objects and their statuses, and takes them away with the test.
func create(t *testing.T, objects ...client.Object) {
	t.Helper()
	for _, object := range objects {
		withStatus := object.DeepCopyObject().(client.Object)
		if err := env.Client.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := client.IgnoreNotFound(env.Client.Delete(context.WithoutCancel(t.Context()), object)); err != nil {
				t.Error(err)
			}
		})
		withStatus.SetResourceVersion(object.GetResourceVersion())
		switch object.(type) {
		case *appsv1.Deployment, *appsv1.StatefulSet, *corev1.Node, *corev1.PersistentVolumeClaim:
			if err := env.Client.Status().Update(t.Context(), withStatus); err != nil {
				t.Fatal(err)
			}
			object.SetResourceVersion(withStatus.GetResourceVersion())
		}
	}
}

// kubeconfigAs writes a kubeconfig, changed, and returns its path.
func kubeconfigAs(t *testing.T, change func(*clientcmdapi.Config)) string {
	t.Helper()
	config, err := clientcmd.LoadFromFile(env.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	change(config)
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	return path
}

func namespaceNamed(name string, labels map[string]string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
}

var restricted = map[string]string{enforceLabel: "restricted"}

// podsOf is a template as the chart makes it.
func podsOf(component string, args ...string) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{
			"app.kubernetes.io/name": "frontline", "app.kubernetes.io/component": component, "app.kubernetes.io/version": "0.1.0",
		}},
		Spec: corev1.PodSpec{
			ServiceAccountName: "frontline-" + component,
			Containers:         []corev1.Container{{Name: component, Image: "frontline:0.1.0", Args: append([]string{component}, args...)}},
		},
	}
}

func deploymentOf(namespace, component string, args ...string) *appsv1.Deployment {
	pods := podsOf(component, args...)
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "frontline-" + component, Labels: pods.Labels},
		Spec:       appsv1.DeploymentSpec{Selector: &metav1.LabelSelector{MatchLabels: pods.Labels}, Template: pods},
		Status:     appsv1.DeploymentStatus{Replicas: 1, ReadyReplicas: 1},
	}
}

func statefulSetOf(namespace, component string, args ...string) *appsv1.StatefulSet {
	pods := podsOf(component, args...)
	return &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "frontline-" + component, Labels: pods.Labels},
		Spec:       appsv1.StatefulSetSpec{Selector: &metav1.LabelSelector{MatchLabels: pods.Labels}, Template: pods},
		Status:     appsv1.StatefulSetStatus{Replicas: 1, ReadyReplicas: 1},
	}
}

func policyOf(namespace, name string) *networkingv1.NetworkPolicy {
	return &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
}

func nodeNamed(name, kernel, memory string) *corev1.Node {
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Status: corev1.NodeStatus{
			Allocatable: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(memory)},
			Conditions:  []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
			NodeInfo:    corev1.NodeSystemInfo{KernelVersion: kernel},
		},
	}
}

func leaseOfNode(name string, renewed time.Time) *coordinationv1.Lease {
	return &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: corev1.NamespaceNodeLease, Name: name},
		Spec:       coordinationv1.LeaseSpec{RenewTime: new(metav1.NewMicroTime(renewed))},
	}
}

func TestDoctorBeforeInstalling(t *testing.T) {
	args := []string{"hub", "--kubeconfig", env.Kubeconfig, "--install-namespace", "doctor-before"}
	report, err := examine(t, args...)
	if code := exitCode(err); code != 2 {
		t.Errorf("a cluster without nodes and volumes gives exit code %d: %v", code, err)
	}
	wantRow(t, report, "kubernetes", doctor.OK, "v1.")
	wantRow(t, report, "installation", doctor.Skipped, "before installing")
	wantRow(t, report, "definitions", doctor.OK, "all 9 kinds")
	wantRow(t, report, "namespace", doctor.Warning, "not there yet")
	wantRow(t, report, "your rights", doctor.OK, "12 things")
	wantRow(t, report, "storage class", doctor.Failed, "no storage class")
	wantRow(t, report, "clock", doctor.OK, "agree")
	wantRow(t, report, "memory", doctor.Failed, "no node")
	wantRow(t, report, "workloads", doctor.Skipped, "nothing is installed")

	report, err = examine(t, append(args, "--installed")...)
	wantRow(t, report, "installation", doctor.Failed, "no hub in namespace doctor-before")
	if code := exitCode(err); code != 2 {
		t.Errorf("exit code is %d: %v", code, err)
	}

	swaps := nodeNamed("doctor-swaps", "6.1.0", "1Gi")
	swaps.Status.NodeInfo.Swap = &corev1.NodeSwapStatus{Capacity: new(int64(1 << 30))}
	create(t,
		namespaceNamed("doctor-before", nil),
		&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "doctor"}, Provisioner: "example.com/none"},
		swaps,
		leaseOfNode("doctor-swaps", time.Now().Add(time.Hour)),
	)
	report, _ = examine(t, args...)
	wantRow(t, report, "namespace", doctor.Warning, "enforces Pod Security nothing")
	wantRow(t, report, "storage class", doctor.Warning, "no default among doctor")
	wantRow(t, report, "memory", doctor.Warning, "1024 MiB")
	wantRow(t, report, "swap", doctor.Warning, "doctor-swaps (Linux 6.1.0)")
	wantRow(t, report, "clocks of nodes", doctor.Failed, "doctor-swaps is")
}

func TestDoctorOfSomebodyWithoutRights(t *testing.T) {
	nobody := kubeconfigAs(t, func(c *clientcmdapi.Config) {
		for _, user := range c.AuthInfos {
			user.Impersonate = "nobody"
		}
	})
	report, err := examine(t, "region", "--kubeconfig", nobody, "--region", "doctor-none")
	if n := report.Count(doctor.Failed); n != 1 || exitCode(err) != 2 {
		t.Errorf("what cannot be seen makes %d findings: %+v", n, report.Checks)
	}
	wantRow(t, report, "kubernetes", doctor.OK, "v1.")
	wantRow(t, report, "your rights", doctor.Failed, "create namespaces")
	for _, hidden := range []string{"installation", "namespace", "region namespace", "storage class", "memory", "swap"} {
		wantRow(t, report, hidden, doctor.Skipped, "forbidden")
	}
}

func TestDoctorWithoutAnAPIServer(t *testing.T) {
	nowhere := kubeconfigAs(t, func(c *clientcmdapi.Config) {
		for _, cluster := range c.Clusters {
			cluster.Server = "https://127.0.0.1:1"
		}
	})
	_, err := runCommand(t, "doctor", "hub", "--kubeconfig", nowhere)
	if code := exitCode(err); err == nil || code != 1 || !strings.Contains(err.Error(), "look at --kubeconfig") {
		t.Errorf("exit code is %d: %v", code, err)
	}
	if _, err := runCommand(t, "doctor", "hub", "-o", "xml"); err == nil || !strings.Contains(err.Error(), "use table or json") {
		t.Errorf("another form: %v", err)
	}
}

func TestDoctorOfAHub(t *testing.T) {
	const install = "doctor-hub"
	hub := deploymentOf(install, "hub", "--gateway-address=frontline-gateway.doctor-hub.svc:8443", "--key-namespace=doctor-keys")
	registry := statefulSetOf(install, "registry")
	create(t,
		namespaceNamed(install, restricted), namespaceNamed("doctor-keys", restricted),
		hub, registry, policyOf(install, "frontline-hub"),
		&corev1.PersistentVolumeClaim{
			ObjectMeta: metav1.ObjectMeta{Namespace: install, Name: "root-frontline-registry-0"},
			Spec: corev1.PersistentVolumeClaimSpec{
				AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
				Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
			},
		},
		&screeningv1.RegionalCluster{ObjectMeta: metav1.ObjectMeta{Name: "doctor"}, Spec: screeningv1.RegionalClusterSpec{Jurisdiction: "AL"}},
		nodeNamed("doctor-hub", "6.8.0", "8Gi"),
	)
	args := []string{"hub", "--kubeconfig", env.Kubeconfig, "--install-namespace", install}
	report, err := examine(t, args...)
	if code := exitCode(err); !report.Installed || code != 2 {
		t.Errorf("installed is %t and the exit code %d: %v", report.Installed, code, err)
	}
	wantRow(t, report, "installation", doctor.OK, "deployment/frontline-hub, image frontline:0.1.0")
	wantRow(t, report, "namespace", doctor.OK, install)
	wantRow(t, report, "key namespace", doctor.OK, "doctor-keys")
	wantRow(t, report, "workloads", doctor.OK, "2 workloads")
	wantRow(t, report, "registry", doctor.OK, "writes to its volume")
	wantRow(t, report, "volumes", doctor.Failed, "Pending")
	wantRow(t, report, "policies", doctor.Warning, install+"/frontline-registry")
	wantRow(t, report, "gateway address", doctor.Warning, "this cluster alone")
	wantRow(t, report, "its rights", doctor.Failed, "not list regionalclusters")
	wantRow(t, report, "regions", doctor.Warning, "doctor is NotJoined")
	wantRow(t, report, "memory", doctor.OK, "8192 MiB")

	create(t, policyOf(install, "frontline-registry"),
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: "doctor-hub"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: install, Name: "frontline-hub"}},
		})
	registry.Status.ReadyReplicas = 0
	if err := env.Client.Status().Update(t.Context(), registry); err != nil {
		t.Fatal(err)
	}
	report, _ = examine(t, args...)
	wantRow(t, report, "policies", doctor.OK, "2 are there")
	wantRow(t, report, "its rights", doctor.OK, "4 things")
	wantRow(t, report, "registry", doctor.Failed, "not reachable")
	wantRow(t, report, "workloads", doctor.Failed, "frontline-registry: 0 of 1")

	out, err := runCommand(t, append([]string{"doctor"}, args...)...)
	if code := exitCode(err); code != 2 || !strings.Contains(err.Error(), fmt.Sprintf("of %d checks failed", len(report.Checks))) {
		t.Errorf("exit code is %d: %v", code, err)
	}
	if lines := strings.Split(strings.TrimSpace(out), "\n"); len(lines) != len(report.Checks)+1 || !strings.HasPrefix(lines[0], "CHECK") {
		t.Errorf("the table is\n%s", out)
	}
}

func TestDoctorOfARegion(t *testing.T) {
	const install = "doctor-agent"
	agent := statefulSetOf(install, "agent", "--region=doctor")
	create(t,
		namespaceNamed(install, restricted),
		namespaceNamed("region-doctor", map[string]string{screeningv1.LabelRegion: "doctor", enforceLabel: "restricted"}),
		agent, statefulSetOf(install, "registry"),
		policyOf(install, "frontline-agent"), policyOf(install, "frontline-registry"),
	)
	args := []string{"region", "--kubeconfig", env.Kubeconfig, "--install-namespace", install}
	report, _ := examine(t, args...)
	wantRow(t, report, "region namespace", doctor.OK, "region-doctor")
	wantRow(t, report, "policies", doctor.Warning, "region-doctor/frontline-default-deny")
	wantRow(t, report, "terms", doctor.Failed, "accepts nothing")
	wantRow(t, report, "its rights", doctor.Failed, "patch deployments.apps in region-doctor")

	hub := deploymentOf(install, "hub")
	hub.Spec.Template.Labels["app.kubernetes.io/version"] = "0.9.0"
	create(t, hub, &screeningv1.RegionTerms{
		ObjectMeta: metav1.ObjectMeta{Namespace: "region-doctor", Name: screeningv1.RegionTermsName},
		Spec:       screeningv1.RegionTermsSpec{Feeds: []screeningv1.FeedPattern{"intl.*"}, Purposes: []screeningv1.Purpose{screeningv1.PurposeBorderControl}},
	})
	config, err := clientcmd.LoadFromFile(env.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	report, _ = examine(t, append(args, "--hub-context", config.CurrentContext)...)
	wantRow(t, report, "terms", doctor.OK, "accepts")
	wantRow(t, report, "versions", doctor.Failed, "the region runs 0.1.0, its hub 0.9.0")
}

func TestDoctorOfThisMachine(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	report, _ := examine(t, "node", "--folder", t.TempDir(), "--gateway", listener.Addr().String())
	for _, r := range report.Checks {
		if r.Result == doctor.Skipped {
			t.Errorf("%s was not seen: %s", r.Name, r.LookedAt)
		}
	}
	wantRow(t, report, "gateway", doctor.OK, "answers")
	report, err = examine(t, "node", "--folder", t.TempDir(), "--gateway", "127.0.0.1:1")
	wantRow(t, report, "gateway", doctor.Failed, "127.0.0.1:1")
	if code := exitCode(err); code != 2 {
		t.Errorf("exit code is %d: %v", code, err)
	}
}
