// SPDX-License-Identifier: Apache-2.0

package matcherpool

import (
	"cmp"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/region/internal/workload"
)

// Mounts of a matcher pod; the directory contract is package dataset's.
const (
	mountData = "/data"
	mountAck  = "/ack"
)

// inputs are what a pool's pod template is made of, and all that its hash
// covers. A field is added only with omitempty, so that pools which do not use
// it keep their hash.
type inputs struct {
	Region string `json:"region"`
	Pool   string `json:"pool"`
	// Image is the engine's. Loader is the loader's, empty while it is the same.
	Image      string                 `json:"image"`
	Loader     string                 `json:"loader,omitempty"`
	Modalities []screeningv1.Modality `json:"modalities,omitempty"`
	Agent      string                 `json:"agent"`
	Registry   string                 `json:"registry"`
	// DataBytes is how much list data the pod has room for, all snapshots together.
	DataBytes int64 `json:"dataBytes"`
	// Spread is spec.spread, empty for Soft; Priority names the PriorityClass.
	Spread   screeningv1.Spread `json:"spread,omitempty"`
	Priority string             `json:"priority,omitempty"`
	// Memory and CPU are spec.resources; empty when derived.
	Memory string `json:"memory,omitempty"`
	CPU    string `json:"cpu,omitempty"`
}

// podTemplate renders a matcher pod: the loader, which fetches and checks, as
// a native sidecar, and the matcher, which maps what the loader left. Each has
// a certificate of its own; neither has a token.
func podTemplate(owner workload.Owner, in inputs) *corev1ac.PodTemplateSpecApplyConfiguration {
	loader := workload.Container("loader", cmp.Or(in.Loader, in.Image)).
		WithRestartPolicy(corev1.ContainerRestartPolicyAlways).
		WithArgs("loader",
			"--agent="+in.Agent, "--registry="+in.Registry,
			"--pool="+in.Pool, "--region="+in.Region,
			"--data="+mountData, "--ack="+mountAck, "--tls="+workload.MountTLS,
			"--health-bind=:"+strconv.Itoa(int(workload.PortLoaderHealth))).
		WithPorts(workload.Port("loader-health", workload.PortLoaderHealth)).
		WithLivenessProbe(workload.Probe("/livez", workload.PortLoaderHealth, 10, 6)).
		WithResources(workload.Resources(resource.MustParse("10m"), loaderRequest(in.DataBytes), loaderLimit(in.DataBytes))).
		WithVolumeMounts(
			corev1ac.VolumeMount().WithName("data").WithMountPath(mountData),
			corev1ac.VolumeMount().WithName("ack").WithMountPath(mountAck).WithReadOnly(true),
			corev1ac.VolumeMount().WithName("loader-tls").WithMountPath(workload.MountTLS).WithReadOnly(true))

	request, limit := in.matcherMemory()
	cpu := resource.MustParse("50m")
	if q, err := resource.ParseQuantity(in.CPU); in.CPU != "" && err == nil {
		cpu = q
	}
	args := []string{"matcher",
		"--data=" + mountData, "--ack=" + mountAck, "--tls=" + workload.MountTLS,
		"--bind=:" + strconv.Itoa(int(workload.PortTLS)), "--health-bind=:" + strconv.Itoa(int(workload.PortHealth)),
		"--pool=" + in.Pool, "--region=" + in.Region}
	if len(in.Modalities) > 0 {
		names := make([]string, 0, len(in.Modalities))
		for _, m := range in.Modalities {
			names = append(names, string(m))
		}
		args = append(args, "--modalities="+strings.Join(names, ","))
	}
	matcher := workload.Container("matcher", in.Image).
		WithArgs(args...).
		// The garbage collector works harder before the kernel has to step in.
		WithEnv(corev1ac.EnvVar().WithName("GOMEMLIMIT").WithValue(strconv.FormatInt(limit/10*9, 10))).
		WithPorts(workload.Port("https", workload.PortTLS), workload.Port("health", workload.PortHealth)).
		WithStartupProbe(workload.Probe("/livez", workload.PortHealth, 1, 60)).
		WithLivenessProbe(workload.Probe("/livez", workload.PortHealth, 10, 6)).
		WithReadinessProbe(workload.Probe("/readyz", workload.PortHealth, 1, 3)).
		WithResources(workload.Resources(cpu, request, limit)).
		WithVolumeMounts(
			corev1ac.VolumeMount().WithName("data").WithMountPath(mountData).WithReadOnly(true),
			corev1ac.VolumeMount().WithName("ack").WithMountPath(mountAck),
			corev1ac.VolumeMount().WithName("matcher-tls").WithMountPath(workload.MountTLS).WithReadOnly(true))

	memory := func(name string, size int64) *corev1ac.VolumeApplyConfiguration {
		return corev1ac.Volume().WithName(name).WithEmptyDir(corev1ac.EmptyDirVolumeSource().
			WithMedium(corev1.StorageMediumMemory).
			WithSizeLimit(*resource.NewQuantity(size, resource.BinarySI)))
	}
	pod := workload.PodSpec(owner)
	if in.Spread == screeningv1.SpreadHard {
		workload.SpreadHard(pod)
	}
	if in.Priority != "" {
		pod.WithPriorityClassName(in.Priority)
	}
	return corev1ac.PodTemplateSpec().
		WithLabels(owner.Labels()).
		WithSpec(pod.
			WithInitContainers(loader).
			WithContainers(matcher).
			WithVolumes(
				memory("data", volumeFor(in.DataBytes)),
				memory("ack", mebibyte),
				workload.TLSVolume("loader-tls", workload.TLSSecret(owner.Name, "loader")),
				workload.TLSVolume("matcher-tls", workload.TLSSecret(owner.Name, workload.ComponentMatcher))))
}

// matcherMemory is what the matcher requests and its limit: spec.resources has
// the word for both.
func (in *inputs) matcherMemory() (request, limit int64) {
	if q, err := resource.ParseQuantity(in.Memory); in.Memory != "" && err == nil {
		return q.Value(), q.Value()
	}
	return matcherRequest(in.DataBytes), matcherLimit(in.DataBytes)
}

// deployment rolls by adding before it takes away, so that no query is lost. A
// region of one machine has no room for one more: there a pod goes before the
// next one comes.
func deployment(owner workload.Owner, replicas int32, oneMachine bool, hash string, template *corev1ac.PodTemplateSpecApplyConfiguration) *appsv1ac.DeploymentApplyConfiguration {
	var missing, more int32 = 0, 1
	if oneMachine {
		missing, more = 1, 0
	}
	return appsv1ac.Deployment(owner.Child(), owner.Namespace()).
		WithLabels(owner.Labels()).
		WithAnnotations(map[string]string{workload.AnnotationTemplateHash: hash}).
		WithSpec(appsv1ac.DeploymentSpec().
			WithReplicas(replicas).
			WithRevisionHistoryLimit(2).
			WithProgressDeadlineSeconds(600).
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(owner.Selector())).
			WithStrategy(appsv1ac.DeploymentStrategy().
				WithType(appsv1.RollingUpdateDeploymentStrategyType).
				WithRollingUpdate(appsv1ac.RollingUpdateDeployment().
					WithMaxUnavailable(intstr.FromInt32(missing)).
					WithMaxSurge(intstr.FromInt32(more)))).
			WithTemplate(template))
}

// service is what fronts of the region ask.
func service(owner workload.Owner) *corev1ac.ServiceApplyConfiguration {
	return corev1ac.Service(owner.Child(), owner.Namespace()).
		WithLabels(owner.Labels()).
		WithSpec(corev1ac.ServiceSpec().
			WithType(corev1.ServiceTypeClusterIP).
			WithSelector(owner.Selector()).
			WithPorts(corev1ac.ServicePort().
				WithName("https").
				WithProtocol(corev1.ProtocolTCP).
				WithPort(workload.PortTLS).
				WithTargetPort(intstr.FromInt32(workload.PortTLS))))
}

// policy admits fronts to searches and the agent to health, and lets the pods
// reach the agent and the registry alone.
func policy(owner workload.Owner, installNamespace string) *networkingv1ac.NetworkPolicyApplyConfiguration {
	return workload.Policy(owner,
		[]*networkingv1ac.NetworkPolicyIngressRuleApplyConfiguration{
			workload.FromComponent(workload.ComponentFront, workload.PortTLS),
			workload.FromAgent(installNamespace, workload.PortHealth, workload.PortLoaderHealth),
		},
		[]*networkingv1ac.NetworkPolicyEgressRuleApplyConfiguration{
			workload.ToInstallation(installNamespace, workload.PortAgent, "agent", "all"),
			workload.ToInstallation(installNamespace, workload.PortRegistry, "registry"),
		})
}
