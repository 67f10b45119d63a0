// SPDX-License-Identifier: Apache-2.0

package borderpost

import (
	"strconv"

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
	"github.com/frontline-screening/frontline/internal/front"
	"github.com/frontline-screening/frontline/internal/pki"
)

const (
	mebibyte int64 = 1 << 20
	// memoryLimit holds the requests that a front takes at once, and their answers.
	memoryLimit = 256 * mebibyte
)

// inputs are what a front's pod template is made of, and all that its hash
// covers. A field is added only with omitempty.
type inputs struct {
	Image string `json:"image"`
	// Config is the front's configuration in canonical JSON.
	Config string `json:"config"`
}

// podTemplate renders a front: it keeps nothing and holds no list.
func podTemplate(owner workload.Owner, in inputs) *corev1ac.PodTemplateSpecApplyConfiguration {
	container := workload.Container("front", in.Image).
		WithArgs("front",
			"--bind=:"+strconv.Itoa(int(workload.PortTLS)), "--health-bind=:"+strconv.Itoa(int(workload.PortHealth)),
			"--tls="+workload.MountTLS).
		WithEnv(
			corev1ac.EnvVar().WithName(front.ConfigVariable).WithValue(in.Config),
			// The garbage collector works harder before the kernel has to step in.
			corev1ac.EnvVar().WithName("GOMEMLIMIT").WithValue(strconv.FormatInt(memoryLimit/10*9, 10)),
		).
		WithPorts(workload.Port("https", workload.PortTLS), workload.Port("health", workload.PortHealth)).
		WithStartupProbe(workload.Probe("/livez", workload.PortHealth, 1, 60)).
		WithLivenessProbe(workload.Probe("/livez", workload.PortHealth, 10, 6)).
		WithReadinessProbe(workload.Probe("/readyz", workload.PortHealth, 1, 3)).
		WithResources(workload.Resources(resource.MustParse("20m"), 32*mebibyte, memoryLimit)).
		WithVolumeMounts(corev1ac.VolumeMount().WithName(workload.VolumeTLS).WithMountPath(workload.MountTLS).WithReadOnly(true))
	return corev1ac.PodTemplateSpec().
		WithLabels(owner.Labels()).
		WithSpec(workload.PodSpec(owner).
			WithContainers(container).
			WithVolumes(workload.TLSVolume(workload.VolumeTLS, workload.TLSSecret(owner.Name, workload.ComponentFront))))
}

func deployment(owner workload.Owner, replicas int32, hash string, template *corev1ac.PodTemplateSpecApplyConfiguration) *appsv1ac.DeploymentApplyConfiguration {
	return appsv1ac.Deployment(owner.Child(), owner.Namespace()).
		WithLabels(owner.Labels()).
		WithAnnotations(map[string]string{workload.AnnotationTemplateHash: hash}).
		WithSpec(appsv1ac.DeploymentSpec().
			WithReplicas(replicas).
			WithRevisionHistoryLimit(2).
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(owner.Selector())).
			WithStrategy(appsv1ac.DeploymentStrategy().
				WithType(appsv1.RollingUpdateDeploymentStrategyType).
				WithRollingUpdate(appsv1ac.RollingUpdateDeployment().
					WithMaxUnavailable(intstr.FromInt32(0)).
					WithMaxSurge(intstr.FromInt32(1)))).
			WithTemplate(template))
}

func service(owner workload.Owner, spec screeningv1.PostEndpoint) *corev1ac.ServiceApplyConfiguration {
	port := corev1ac.ServicePort().
		WithName("https").
		WithProtocol(corev1.ProtocolTCP).
		WithPort(workload.PortTLS).
		WithTargetPort(intstr.FromInt32(workload.PortTLS))
	kind := corev1.ServiceTypeClusterIP
	if spec.Type == screeningv1.EndpointNodePort {
		kind = corev1.ServiceTypeNodePort
		if spec.NodePort > 0 {
			port = port.WithNodePort(spec.NodePort)
		}
	}
	return corev1ac.Service(owner.Child(), owner.Namespace()).
		WithLabels(owner.Labels()).
		WithSpec(corev1ac.ServiceSpec().WithType(kind).WithSelector(owner.Selector()).WithPorts(port))
}

// policy admits devices from anywhere, who are told apart by other means, and
// lets the front reach matchers alone.
func policy(owner workload.Owner, installNamespace string) *networkingv1ac.NetworkPolicyApplyConfiguration {
	return workload.Policy(owner,
		[]*networkingv1ac.NetworkPolicyIngressRuleApplyConfiguration{
			workload.FromAnywhere(workload.PortTLS),
			workload.FromAgent(installNamespace, workload.PortHealth),
		},
		[]*networkingv1ac.NetworkPolicyEgressRuleApplyConfiguration{
			workload.ToComponent(workload.ComponentMatcher, workload.PortTLS),
		})
}

// leaf is a front's certificate: server for devices, client for pools.
func leaf(owner workload.Owner, hostname string) pki.LeafRequest {
	host := workload.ServiceHost(owner.Region, owner.Name, workload.ComponentFront)
	names := []string{host, host + ".cluster.local"}
	if hostname != "" {
		names = append(names, hostname)
	}
	return pki.LeafRequest{
		CommonName: "front " + owner.Name, DNSNames: names,
		SPIFFE: pki.FrontID(owner.Region, owner.Name), Server: true, Client: true,
	}
}
