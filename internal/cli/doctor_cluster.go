// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiversion "k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/doctor"
)

// gatherTimeout is how long one question to the API server may take.
const gatherTimeout = 30 * time.Second

// enforceLabel is what Pod Security goes by.
const enforceLabel = "pod-security.kubernetes.io/enforce"

// gather looks at the cluster. What cannot be seen is kept as such, so that one
// missing right hides one check and no more.
func (o *doctorOptions) gather(ctx context.Context) (doctor.State, error) {
	state := doctor.State{Place: o.place, Expected: o.expected, Binary: readVersion().Version}
	config, err := o.kube.config()
	if err != nil {
		return state, err
	}
	config.Timeout = gatherTimeout
	c := &state.Cluster
	if c.Kubernetes, c.Clocks, err = greet(ctx, config); err != nil {
		return state, fmt.Errorf("reach the API server %s: %w; look at --kubeconfig and --context, and at the line to the cluster", config.Host, err)
	}
	api, err := client.New(config, client.Options{Scheme: newScheme()})
	if err != nil {
		return state, fmt.Errorf("connect to the cluster: %w", err)
	}
	g := gatherer{client: api, namespace: o.kube.namespace}
	c.Wanted = wantedKinds()
	c.Served = doctor.See(servedKinds(config))
	c.Workloads = doctor.See(g.workloads(ctx))
	process := g.processOf(state)
	c.OwnRegistry = process.flag("--registry-credential") == ""
	if addresses := process.flag("--gateway-address"); addresses != "" {
		c.Gateways = strings.Split(addresses, ",")
	}
	region := cmp.Or(o.region, process.flag("--region"))
	c.Install = g.namespaceOf(ctx, g.namespace)
	c.Keys = g.namespaceOf(ctx, cmp.Or(o.keyNamespace, process.flag("--key-namespace")))
	if region != "" {
		c.Region = g.namespaceOf(ctx, screeningv1.RegionNamespace(region))
	}
	c.Classes = doctor.See(g.classes(ctx))
	c.Claims = doctor.See(g.claims(ctx))
	c.Nodes = doctor.See(g.nodes(ctx))
	c.Policies = doctor.See(g.policies(ctx, process.component, region, c.OwnRegistry))
	if o.place == doctor.Hub {
		c.Regions = doctor.See(g.links(ctx))
	} else {
		c.Terms = doctor.See(g.terms(ctx, region))
		c.Hub = doctor.See(o.hubVersion(ctx))
	}
	if state.Installed() {
		c.Granted = doctor.See(g.granted(ctx, process, region))
	} else {
		c.Rights = doctor.See(g.rights(ctx))
	}
	return state, nil
}

// greet asks for the version and takes the time from the answer.
func greet(ctx context.Context, config *rest.Config) (kubernetes string, clocks doctor.Seen[doctor.Clocks], err error) {
	caller, err := rest.HTTPClientFor(config)
	if err != nil {
		return "", clocks, err
	}
	base, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return "", clocks, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base.JoinPath("version").String(), http.NoBody)
	if err != nil {
		return "", clocks, err
	}
	begun := time.Now()
	answer, err := caller.Do(request)
	if err != nil {
		return "", clocks, err
	}
	defer answer.Body.Close()
	// The header has whole seconds, and was written some time during the call.
	spread := time.Since(begun) + time.Second
	if answer.StatusCode != http.StatusOK {
		return "", clocks, fmt.Errorf("it answers %s", answer.Status)
	}
	var info apiversion.Info
	if err := json.NewDecoder(answer.Body).Decode(&info); err != nil {
		return "", clocks, fmt.Errorf("its version: %w", err)
	}
	there, err := http.ParseTime(answer.Header.Get("Date"))
	return info.GitVersion, doctor.See(doctor.Clocks{Here: begun, There: there, Spread: spread}, err), nil
}

// wantedKinds are the kinds of Frontline that this command knows.
func wantedKinds() []string {
	var kinds []string
	scheme := newScheme()
	for kind := range scheme.KnownTypes(screeningv1.GroupVersion) {
		object, err := scheme.New(screeningv1.GroupVersion.WithKind(kind))
		if _, ours := object.(client.Object); err == nil && ours {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// servedKinds asks the API server itself, which tells everybody.
func servedKinds(config *rest.Config) ([]string, error) {
	d, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	list, err := d.ServerResourcesForGroupVersion(screeningv1.GroupVersion.String())
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var kinds []string
	for _, resource := range list.APIResources {
		if !strings.Contains(resource.Name, "/") {
			kinds = append(kinds, resource.Kind)
		}
	}
	return kinds, nil
}

// gatherer asks one cluster.
type gatherer struct {
	client    client.Client
	namespace string
	processes []process
}

// process is the container of a workload that does its work.
type process struct {
	component, account string
	args               []string
}

// flag returns the value of a flag; several are joined by commas.
func (p process) flag(name string) string {
	var values []string
	for _, arg := range p.args {
		if value, ok := strings.CutPrefix(arg, name+"="); ok {
			values = append(values, value)
		}
	}
	return strings.Join(values, ",")
}

// processOf is the hub's, or the agent's; empty where none is installed.
func (g *gatherer) processOf(state doctor.State) process {
	components := regionCounter.components
	if state.Place == doctor.Hub {
		components = hubCounter.components
	}
	for _, p := range g.processes {
		if slices.Contains(components, p.component) {
			return p
		}
	}
	return process{}
}

// workloads lists what the chart runs.
func (g *gatherer) workloads(ctx context.Context) ([]doctor.Workload, error) {
	ours := []client.ListOption{client.InNamespace(g.namespace), client.MatchingLabels{"app.kubernetes.io/name": "frontline"}}
	deployments, sets, pods := &appsv1.DeploymentList{}, &appsv1.StatefulSetList{}, &corev1.PodList{}
	if err := errors.Join(g.client.List(ctx, deployments, ours...), g.client.List(ctx, sets, ours...), g.client.List(ctx, pods, ours...)); err != nil {
		return nil, err
	}
	var out []doctor.Workload
	add := func(kind string, object metav1.Object, wanted *int32, ready int32, template corev1.PodTemplateSpec) {
		if len(template.Spec.Containers) == 0 {
			return
		}
		container := template.Spec.Containers[0]
		w := doctor.Workload{
			Name: kind + "/" + object.GetName(), Component: template.Labels["app.kubernetes.io/component"],
			Image: container.Image, Version: template.Labels["app.kubernetes.io/version"], Wanted: 1, Ready: ready,
		}
		if wanted != nil {
			w.Wanted = *wanted
		}
		for i := range pods.Items {
			if pods.Items[i].Labels["app.kubernetes.io/component"] == w.Component {
				w.Trouble = cmp.Or(w.Trouble, trouble(&pods.Items[i]))
			}
		}
		out = append(out, w)
		g.processes = append(g.processes, process{
			component: w.Component, account: template.Spec.ServiceAccountName, args: container.Args,
		})
	}
	for i := range deployments.Items {
		d := &deployments.Items[i]
		add("deployment", d, d.Spec.Replicas, d.Status.ReadyReplicas, d.Spec.Template)
	}
	for i := range sets.Items {
		s := &sets.Items[i]
		add("statefulset", s, s.Spec.Replicas, s.Status.ReadyReplicas, s.Spec.Template)
	}
	return out, nil
}

// trouble is what a pod waits for, in Kubernetes' words.
func trouble(pod *corev1.Pod) string {
	for _, status := range pod.Status.ContainerStatuses {
		if waiting := status.State.Waiting; waiting != nil {
			return waiting.Reason
		}
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return condition.Message
		}
	}
	return ""
}

func (g *gatherer) namespaceOf(ctx context.Context, name string) doctor.Seen[doctor.Namespace] {
	seen := doctor.Seen[doctor.Namespace]{Value: doctor.Namespace{Name: name}}
	if name == "" {
		return seen
	}
	namespace := &corev1.Namespace{}
	err := g.client.Get(ctx, client.ObjectKey{Name: name}, namespace)
	if apierrors.IsNotFound(err) {
		return seen
	}
	seen.Err, seen.Value.Found = err, err == nil
	seen.Value.Enforced, seen.Value.Region = namespace.Labels[enforceLabel], namespace.Labels[screeningv1.LabelRegion]
	return seen
}

func (g *gatherer) classes(ctx context.Context) ([]doctor.Class, error) {
	list := &storagev1.StorageClassList{}
	if err := g.client.List(ctx, list); err != nil {
		return nil, err
	}
	var out []doctor.Class
	for _, class := range list.Items {
		out = append(out, doctor.Class{Name: class.Name, Default: class.Annotations["storageclass.kubernetes.io/is-default-class"] == "true"})
	}
	return out, nil
}

func (g *gatherer) claims(ctx context.Context) ([]doctor.Claim, error) {
	list := &corev1.PersistentVolumeClaimList{}
	if err := g.client.List(ctx, list, client.InNamespace(g.namespace)); err != nil {
		return nil, err
	}
	var out []doctor.Claim
	for _, claim := range list.Items {
		out = append(out, doctor.Claim{Name: claim.Name, Phase: string(claim.Status.Phase)})
	}
	return out, nil
}

// pressures are the conditions of a node that say what it runs out of.
var pressures = []corev1.NodeConditionType{corev1.NodeMemoryPressure, corev1.NodeDiskPressure, corev1.NodePIDPressure}

func (g *gatherer) nodes(ctx context.Context) ([]doctor.ClusterNode, error) {
	list := &corev1.NodeList{}
	if err := g.client.List(ctx, list); err != nil {
		return nil, err
	}
	stamped := map[string]time.Time{}
	leases := &coordinationv1.LeaseList{}
	if err := g.client.List(ctx, leases, client.InNamespace(corev1.NamespaceNodeLease)); err != nil && !apierrors.IsForbidden(err) {
		return nil, err
	}
	for _, lease := range leases.Items {
		if lease.Spec.RenewTime != nil {
			stamped[lease.Name] = lease.Spec.RenewTime.Time
		}
	}
	var out []doctor.ClusterNode
	for i := range list.Items {
		node := &list.Items[i]
		n := doctor.ClusterNode{
			Name: node.Name, Schedulable: !node.Spec.Unschedulable, Kernel: node.Status.NodeInfo.KernelVersion,
			MemoryBytes: node.Status.Allocatable.Memory().Value(), Renewed: stamped[node.Name],
		}
		if s := node.Status.NodeInfo.Swap; s != nil && s.Capacity != nil {
			n.SwapBytes = *s.Capacity
		}
		for _, condition := range node.Status.Conditions {
			isTrue := condition.Status == corev1.ConditionTrue
			if condition.Type == corev1.NodeReady {
				n.Ready = isTrue
			} else if isTrue && slices.Contains(pressures, condition.Type) {
				n.Pressure = append(n.Pressure, string(condition.Type))
			}
		}
		out = append(out, n)
	}
	return out, nil
}

// policies looks for those that the chart makes for the component.
func (g *gatherer) policies(ctx context.Context, component, region string, ownRegistry bool) (doctor.Policies, error) {
	wanted := map[string][]string{
		"hub":   {"frontline-hub"},
		"agent": {"frontline-agent"},
		"all":   {"frontline-agent"},
	}[component]
	if ownRegistry && component != "" {
		wanted = append(wanted, "frontline-registry")
	}
	keys := make([]client.ObjectKey, 0, len(wanted)+1)
	for _, name := range wanted {
		keys = append(keys, client.ObjectKey{Namespace: g.namespace, Name: name})
	}
	if region != "" {
		keys = append(keys, client.ObjectKey{Namespace: screeningv1.RegionNamespace(region), Name: "frontline-default-deny"})
	}
	out := doctor.Policies{}
	for _, key := range keys {
		out.Expected = append(out.Expected, key.String())
		switch err := g.client.Get(ctx, key, &networkingv1.NetworkPolicy{}); {
		case err == nil:
			out.Found = append(out.Found, key.String())
		case !apierrors.IsNotFound(err):
			return out, err
		}
	}
	return out, nil
}

// links lists the regions, with what keeps each from being ready.
func (g *gatherer) links(ctx context.Context) ([]doctor.Link, error) {
	list := &screeningv1.RegionalClusterList{}
	if err := g.client.List(ctx, list); err != nil {
		if meta.IsNoMatchError(err) {
			return nil, nil
		}
		return nil, err
	}
	var out []doctor.Link
	for i := range list.Items {
		region := &list.Items[i]
		l := doctor.Link{Region: region.Name, State: string(screeningv1.LinkNotJoined)}
		if link := region.Status.Link; link != nil {
			l.State = string(link.State)
		}
		if versions := region.Status.Versions; versions != nil {
			l.Version = versions.Agent
		}
		ready := meta.FindStatusCondition(region.Status.Conditions, screeningv1.ConditionReady)
		switch {
		case ready == nil:
			l.Trouble = "the hub has not looked at it"
		case ready.Status != metav1.ConditionTrue:
			l.Trouble = ready.Message
		}
		out = append(out, l)
	}
	return out, nil
}

func (g *gatherer) terms(ctx context.Context, region string) (bool, error) {
	key := client.ObjectKey{Namespace: screeningv1.RegionNamespace(region), Name: screeningv1.RegionTermsName}
	err := g.client.Get(ctx, key, &screeningv1.RegionTerms{})
	if apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
		return false, nil
	}
	return err == nil, err
}

// hubVersion is that of the hub in another context; empty if none is named.
func (o *doctorOptions) hubVersion(ctx context.Context) (string, error) {
	if o.hubContext == "" {
		return "", nil
	}
	hub := o.kube
	hub.context = o.hubContext
	c, err := hub.client()
	if err != nil {
		return "", err
	}
	g := gatherer{client: c, namespace: hub.namespace}
	all, err := g.workloads(ctx)
	if err != nil {
		return "", err
	}
	for _, w := range all {
		if slices.Contains(hubCounter.components, w.Component) {
			return w.Version, nil
		}
	}
	return "", fmt.Errorf("no hub in namespace %s of context %s", hub.namespace, o.hubContext)
}
