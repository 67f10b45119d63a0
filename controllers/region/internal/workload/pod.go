// SPDX-License-Identifier: Apache-2.0

package workload

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
)

// user is the unprivileged user and group of the image.
const user int64 = 65532

// Volumes that pods of the region have in common.
const (
	VolumeTLS = "tls"
	// MountTLS is where a container finds tls.crt, tls.key and ca.crt.
	MountTLS = "/etc/frontline/tls"
)

// PodSpec returns a pod that passes Pod Security restricted and holds no
// Kubernetes token.
func PodSpec(owner Owner) *corev1ac.PodSpecApplyConfiguration {
	return corev1ac.PodSpec().
		WithServiceAccountName(owner.Child()).
		WithAutomountServiceAccountToken(false).
		WithEnableServiceLinks(false).
		WithTerminationGracePeriodSeconds(30).
		WithSecurityContext(corev1ac.PodSecurityContext().
			WithRunAsNonRoot(true).
			WithRunAsUser(user).
			WithRunAsGroup(user).
			WithFSGroup(user).
			WithFSGroupChangePolicy(corev1.FSGroupChangeOnRootMismatch).
			WithSeccompProfile(corev1ac.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault))).
		// Soft: a region may have one node, and a full node must not stop a pod.
		WithTopologySpreadConstraints(spread(owner, corev1.LabelHostname), spread(owner, corev1.LabelTopologyZone))
}

// spread counts the pods of each rollout for themselves: those that are about
// to go say nothing about where the others end up.
func spread(owner Owner, key string) *corev1ac.TopologySpreadConstraintApplyConfiguration {
	return corev1ac.TopologySpreadConstraint().
		WithMaxSkew(1).
		WithTopologyKey(key).
		WithWhenUnsatisfiable(corev1.ScheduleAnyway).
		WithLabelSelector(metav1ac.LabelSelector().WithMatchLabels(owner.Selector())).
		WithMatchLabelKeys(appsv1.DefaultDeploymentUniqueLabelKey)
}

// SpreadHard makes a pod of PodSpec rather wait than stand beside another one
// while a node has fewer.
func SpreadHard(pod *corev1ac.PodSpecApplyConfiguration) {
	for i := range pod.TopologySpreadConstraints {
		if c := &pod.TopologySpreadConstraints[i]; *c.TopologyKey == corev1.LabelHostname {
			c.WithWhenUnsatisfiable(corev1.DoNotSchedule)
		}
	}
}

// Container returns a container that may do nothing but run.
func Container(name, image string) *corev1ac.ContainerApplyConfiguration {
	return corev1ac.Container().
		WithName(name).
		WithImage(image).
		WithImagePullPolicy(corev1.PullIfNotPresent).
		WithSecurityContext(corev1ac.SecurityContext().
			WithAllowPrivilegeEscalation(false).
			WithReadOnlyRootFilesystem(true).
			WithRunAsNonRoot(true).
			WithCapabilities(corev1ac.Capabilities().WithDrop("ALL")).
			WithSeccompProfile(corev1ac.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault)))
}

// Probe asks a path on a plain port of the pod.
func Probe(path string, port, period, failures int32) *corev1ac.ProbeApplyConfiguration {
	return corev1ac.Probe().
		WithHTTPGet(corev1ac.HTTPGetAction().WithPath(path).WithPort(intstr.FromInt32(port))).
		WithPeriodSeconds(period).
		WithTimeoutSeconds(3).
		WithFailureThreshold(failures)
}

// Port names a port of a container.
func Port(name string, port int32) *corev1ac.ContainerPortApplyConfiguration {
	return corev1ac.ContainerPort().WithName(name).WithContainerPort(port).WithProtocol(corev1.ProtocolTCP)
}

// TLSVolume mounts the Secret with a component's certificate.
func TLSVolume(name, secret string) *corev1ac.VolumeApplyConfiguration {
	return corev1ac.Volume().WithName(name).
		WithSecret(corev1ac.SecretVolumeSource().WithSecretName(secret).WithDefaultMode(0o440))
}

// Resources asks for CPU and memory, and limits memory alone: a search may use
// what its node has to spare. Quantities are in their canonical form, so that
// what is applied equals what is read back.
func Resources(cpu resource.Quantity, memory, limit int64) *corev1ac.ResourceRequirementsApplyConfiguration {
	return corev1ac.ResourceRequirements().
		WithRequests(corev1.ResourceList{
			corev1.ResourceCPU:    cpu,
			corev1.ResourceMemory: *resource.NewQuantity(memory, resource.BinarySI),
		}).
		WithLimits(corev1.ResourceList{corev1.ResourceMemory: *resource.NewQuantity(limit, resource.BinarySI)})
}
