// SPDX-License-Identifier: Apache-2.0

package workload

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"
	policyv1ac "k8s.io/client-go/applyconfigurations/policy/v1"
)

// labelNamespace is the label that the API server gives each namespace.
const labelNamespace = "kubernetes.io/metadata.name"

// ServiceAccount returns an account without rights or token.
func ServiceAccount(owner Owner) *corev1ac.ServiceAccountApplyConfiguration {
	return corev1ac.ServiceAccount(owner.Child(), owner.Namespace()).
		WithLabels(owner.Labels()).
		WithAutomountServiceAccountToken(false)
}

// DisruptionBudget lets one pod at a time be evicted, and at any time one that
// does not answer: a pod that never gets ready must not hold up a drain.
func DisruptionBudget(owner Owner) *policyv1ac.PodDisruptionBudgetApplyConfiguration {
	return policyv1ac.PodDisruptionBudget(owner.Child(), owner.Namespace()).
		WithLabels(owner.Labels()).
		WithSpec(policyv1ac.PodDisruptionBudgetSpec().
			WithMaxUnavailable(intstr.FromInt32(1)).
			WithUnhealthyPodEvictionPolicy(policyv1.AlwaysAllow).
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(owner.Selector())))
}

// Policy returns a network policy over the owner's pods that admits only what
// is listed, in both directions. DNS is always let out.
func Policy(owner Owner, ingress []*networkingv1ac.NetworkPolicyIngressRuleApplyConfiguration, egress []*networkingv1ac.NetworkPolicyEgressRuleApplyConfiguration) *networkingv1ac.NetworkPolicyApplyConfiguration {
	dns := networkingv1ac.NetworkPolicyEgressRule().
		WithTo(fromNamespace("kube-system")).
		WithPorts(port(corev1.ProtocolUDP, 53), port(corev1.ProtocolTCP, 53))
	return networkingv1ac.NetworkPolicy(owner.Child(), owner.Namespace()).
		WithLabels(owner.Labels()).
		WithSpec(networkingv1ac.NetworkPolicySpec().
			WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(owner.Selector())).
			WithPolicyTypes(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress).
			WithIngress(ingress...).
			WithEgress(append(egress, dns)...))
}

// FromComponent admits the region's pods of a component to ports.
func FromComponent(component string, ports ...int32) *networkingv1ac.NetworkPolicyIngressRuleApplyConfiguration {
	return networkingv1ac.NetworkPolicyIngressRule().WithFrom(podsOf(component)).WithPorts(tcp(ports)...)
}

// FromAgent admits the agent in the installation's namespace to ports.
func FromAgent(installNamespace string, ports ...int32) *networkingv1ac.NetworkPolicyIngressRuleApplyConfiguration {
	return networkingv1ac.NetworkPolicyIngressRule().WithFrom(installation(installNamespace, "agent", "all")).WithPorts(tcp(ports)...)
}

// FromAnywhere admits everyone to ports, who prove themselves otherwise.
func FromAnywhere(ports ...int32) *networkingv1ac.NetworkPolicyIngressRuleApplyConfiguration {
	return networkingv1ac.NetworkPolicyIngressRule().WithPorts(tcp(ports)...)
}

// ToComponent lets pods reach the region's pods of a component on ports.
func ToComponent(component string, ports ...int32) *networkingv1ac.NetworkPolicyEgressRuleApplyConfiguration {
	return networkingv1ac.NetworkPolicyEgressRule().WithTo(podsOf(component)).WithPorts(tcp(ports)...)
}

// ToInstallation lets pods reach components of the installation's namespace.
func ToInstallation(installNamespace string, portNumber int32, components ...string) *networkingv1ac.NetworkPolicyEgressRuleApplyConfiguration {
	return networkingv1ac.NetworkPolicyEgressRule().WithTo(installation(installNamespace, components...)).WithPorts(port(corev1.ProtocolTCP, portNumber))
}

func podsOf(component string) *networkingv1ac.NetworkPolicyPeerApplyConfiguration {
	return networkingv1ac.NetworkPolicyPeer().
		WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(map[string]string{labelComponent: component}))
}

func fromNamespace(name string) *networkingv1ac.NetworkPolicyPeerApplyConfiguration {
	return networkingv1ac.NetworkPolicyPeer().
		WithNamespaceSelector(metav1ac.LabelSelector().WithMatchLabels(map[string]string{labelNamespace: name}))
}

func installation(namespace string, components ...string) *networkingv1ac.NetworkPolicyPeerApplyConfiguration {
	return fromNamespace(namespace).WithPodSelector(metav1ac.LabelSelector().WithMatchExpressions(
		metav1ac.LabelSelectorRequirement().WithKey(labelComponent).WithOperator("In").WithValues(components...)))
}

func tcp(numbers []int32) []*networkingv1ac.NetworkPolicyPortApplyConfiguration {
	ports := make([]*networkingv1ac.NetworkPolicyPortApplyConfiguration, 0, len(numbers))
	for _, n := range numbers {
		ports = append(ports, port(corev1.ProtocolTCP, n))
	}
	return ports
}

func port(protocol corev1.Protocol, number int32) *networkingv1ac.NetworkPolicyPortApplyConfiguration {
	return networkingv1ac.NetworkPolicyPort().WithProtocol(protocol).WithPort(intstr.FromInt32(number))
}
