// SPDX-License-Identifier: Apache-2.0

package matcherpool

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
)

func TestSentencesAgreeInNumber(t *testing.T) {
	tests := []struct {
		name              string
		answering, wanted int32
		want              string
	}{
		{"one serves", 1, 1, "1 pod serves 1 of 1 feeds"},
		{"two serve", 2, 2, "2 pods serve 1 of 1 feeds"},
		{"none of one", 0, 1, "0 of 1 pod answers"},
		{"one of two", 1, 2, "1 of 2 pods answer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &scope{pool: &screeningv1.MatcherPool{}, spec: spec("intl.un-sc"), scale: scale{wish: tt.wanted, wanted: tt.wanted}}
			if got := s.sentence(tt.answering, 1, fit{fits: tt.wanted}, resolution{resolved: true}); got != tt.want {
				t.Errorf("the summary is %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPlanFit(t *testing.T) {
	pod := func(node string, set ...func(*corev1.Pod)) corev1.Pod {
		p := corev1.Pod{Spec: corev1.PodSpec{NodeName: node}, Status: corev1.PodStatus{Phase: corev1.PodPending}}
		for _, s := range set {
			s(&p)
		}
		return p
	}
	refused := func(message string) corev1.Pod {
		return pod("", func(p *corev1.Pod) {
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: message}}
		})
	}
	failed := func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }
	going := func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)} }
	const memory = "0/2 nodes are available: 1 Insufficient memory, 1 node(s) had untolerated taint(s). no new claims to deallocate"
	tests := []struct {
		name   string
		wanted int32
		pods   []corev1.Pod
		want   fit
	}{
		{"none exists yet", 2, nil, fit{}},
		{"the scheduler has not looked yet", 1, []corev1.Pod{pod("")}, fit{}},
		{"on nodes, starting", 2, []corev1.Pod{pod("a"), pod("b")}, fit{fits: 2}},
		{"memory lacks", 2, []corev1.Pod{pod("a"), refused(memory)}, fit{fits: 1, pending: 1, reason: "Memory", lacks: "memory"}},
		{"one more than wanted, while replaced", 2, []corev1.Pod{pod("a"), pod("b"), refused(memory)}, fit{fits: 2, pending: 1, reason: "Memory", lacks: "memory"}},
		{"more than wanted, on nodes", 1, []corev1.Pod{pod("a"), pod("b")}, fit{fits: 1}},
		{"evicted and going", 2, []corev1.Pod{pod("a", failed), pod("b", going), pod("c")}, fit{fits: 1}},
		{"memory and processors lack", 1, []corev1.Pod{refused("1 Insufficient cpu, 2 Insufficient memory")}, fit{pending: 1, reason: "Memory", lacks: "memory and cpu"}},
		{"processors lack", 1, []corev1.Pod{refused("1 Insufficient cpu")}, fit{pending: 1, reason: "CPU", lacks: "cpu"}},
		{"nodes are full of pods", 1, []corev1.Pod{refused("1 Too many pods")}, fit{pending: 1, reason: "NoNode", lacks: "pods"}},
		{"spread over too few", 1, []corev1.Pod{refused("1 node(s) didn't match pod topology spread constraints")}, fit{pending: 1, reason: "NoNode", lacks: "a node with fewer of the pool's pods"}},
		{"another reason", 1, []corev1.Pod{refused("0/1 nodes are available: 1 node(s) were unschedulable")}, fit{pending: 1, reason: "NoNode", lacks: "no node takes it"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := planFit(tt.wanted, tt.pods); got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}
