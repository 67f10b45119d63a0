// SPDX-License-Identifier: Apache-2.0

package matcherpool

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/dataset"
)

// summarize is the one place that decides the status.
func (r *Reconciler) summarize(s *scope, failure error) {
	pool := s.pool
	if failure != nil {
		conditions.Await(pool, screeningv1.ReasonInternalError, "%s; it is tried again", failure)
		return
	}
	status := &pool.Status
	ready := s.readyPods()
	bounds := boundsOf(s.spec)
	f := planFit(s.scale.wanted, s.pods)
	acks := map[string]dataset.Ack{}
	for pod, ack := range r.Region.Acks(s.owner.Name) {
		if ready[pod] {
			acks[pod] = ack
		}
	}
	answering := int32(len(ready)) //nolint:gosec // at most bounds.max, 256

	status.ObservedGeneration = pool.Generation
	status.Replicas, status.ReadyReplicas = new(int32(s.existing())), new(answering) //nolint:gosec // as above
	status.Wanted, status.Fits, status.By = new(s.scale.wanted), new(f.fits), s.scale.by
	status.Memory = s.memory
	status.Pods = fmt.Sprintf("%d/%d", answering, s.scale.wanted)
	status.Range = fmt.Sprintf("%d-%d", bounds.Min, bounds.Max)
	status.Selector = labels.SelectorFromSet(s.owner.Selector()).String()
	status.EngineImage, status.TemplateHash = s.image, s.hash
	status.Feeds = planFeeds(s.spec.Feeds, r.Region.Judge, r.Region.Copies(), acks, len(ready))
	served := 0
	for _, feed := range status.Feeds {
		if feed.State == screeningv1.PoolFeedServed {
			served++
		}
	}
	status.FeedsServed = fmt.Sprintf("%d/%d", served, len(status.Feeds))

	resolved := resolveFeeds(s.spec.Feeds, r.Region.Judge)
	if resolved.resolved {
		conditions.True(pool, screeningv1.ConditionFeedsResolved, resolved.reason, "%s", resolved.message)
	} else {
		conditions.False(pool, screeningv1.ConditionFeedsResolved, resolved.reason, "%s", resolved.message)
	}
	s.scaled(f)
	s.followsLoad()
	s.rolledOut()
	s.available(answering, min(bounds.Min, s.scale.wanted))
	status.Summary = conditions.Cut(s.sentence(answering, served, f, resolved), conditions.MaxMessage)
}

func (s *scope) existing() int {
	n := 0
	for i := range s.pods {
		if s.pods[i].DeletionTimestamp == nil {
			n++
		}
	}
	return n
}

func (s *scope) readyPods() map[string]bool {
	ready := map[string]bool{}
	for i := range s.pods {
		if podReady(&s.pods[i]) {
			ready[s.pods[i].Name] = true
		}
	}
	return ready
}

func (s *scope) scaled(f fit) {
	existing := int32(s.existing()) //nolint:gosec // at most a few hundred
	switch {
	case f.pending > 0:
		lacks := f.lacks
		if f.reason == screeningv1.ReasonMemory {
			lacks += ", of which a pod requests " + s.memory.Request.String()
		}
		conditions.False(s.pool, screeningv1.ConditionScaled, f.reason,
			"%s Pending: %s; add a node or lower the number of pods", pods(f.pending), lacks)
	case existing != s.scale.wanted:
		conditions.False(s.pool, screeningv1.ConditionScaled, screeningv1.ReasonScaling, "%d of %s %s", existing, pods(s.scale.wanted), verb(s.scale.wanted, "exist"))
	case s.scale.wish != s.scale.wanted:
		conditions.True(s.pool, screeningv1.ConditionScaled, screeningv1.ReasonClamped,
			"%s asked for, %d within the bounds %s; change spec.bounds on the hub", pods(s.scale.wish), s.scale.wanted, s.pool.Status.Range)
	default:
		conditions.True(s.pool, screeningv1.ConditionScaled, screeningv1.ReasonAsWanted, "%s as wanted by %s", pods(s.scale.wanted), s.scale.by)
	}
}

func (s *scope) rolledOut() {
	d := s.deployment
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentProgressing && c.Status == corev1.ConditionFalse {
			conditions.False(s.pool, screeningv1.ConditionRolledOut, screeningv1.ReasonRolloutStuck,
				"Deployment %s makes no progress; look at its newest pods", d.Name)
			return
		}
	}
	if d.Status.ObservedGeneration >= d.Generation && d.Status.UpdatedReplicas == d.Status.Replicas && d.Status.UpdatedReplicas >= s.scale.wanted {
		conditions.True(s.pool, screeningv1.ConditionRolledOut, screeningv1.ReasonRolledOut, "every pod runs template %s", s.hash)
		return
	}
	conditions.False(s.pool, screeningv1.ConditionRolledOut, screeningv1.ReasonProgressing,
		"%d of %s %s template %s", d.Status.UpdatedReplicas, pods(s.scale.wanted), verb(s.scale.wanted, "run"), s.hash)
}

// available decides Available and Ready, which follow pods and not feeds.
func (s *scope) available(answering, needed int32) {
	said := answers(answering, s.scale.wanted)
	if answering >= needed {
		conditions.True(s.pool, screeningv1.ConditionAvailable, screeningv1.ReasonPodsReady, "%s", said)
		conditions.Settle(s.pool, screeningv1.ReasonReady, "%s", said)
		return
	}
	message := fmt.Sprintf("%s, at least %d must; look at the pods of Deployment %s", said, needed, s.owner.Child())
	conditions.False(s.pool, screeningv1.ConditionAvailable, screeningv1.ReasonPodsNotReady, "%s", message)
	conditions.Progress(s.pool, screeningv1.ReasonPodsNotReady, "%s", message)
}

// answers says how many of the wanted pods answer.
func answers(n, wanted int32) string {
	return fmt.Sprintf("%d of %s %s", n, pods(wanted), verb(wanted, "answer"))
}

// verb is a regular verb in the number of its subject.
func verb(subjects int32, plural string) string {
	if subjects == 1 {
		return plural + "s"
	}
	return plural
}

// sentence is what a person should know, the most urgent first.
func (s *scope) sentence(answering int32, served int, f fit, resolved resolution) string {
	var said []string
	if f.pending > 0 {
		said = append(said, fmt.Sprintf("%s Pending: %s", pods(f.pending), f.lacks))
	} else if answering < s.scale.wanted {
		said = append(said, answers(answering, s.scale.wanted))
	}
	if !resolved.resolved {
		said = append(said, resolved.message)
	}
	if _, orphan := s.pool.Annotations[screeningv1.AnnotationOrphaned]; orphan {
		said = append(said, "the order no longer lists this pool; it serves on until it is withdrawn")
	}
	if s.scale.wish != s.scale.wanted {
		said = append(said, fmt.Sprintf("%s asked for, bounds are %s", pods(s.scale.wish), s.pool.Status.Range))
	}
	if len(said) == 0 {
		return fmt.Sprintf("%s %s %d of %d feeds", pods(answering), verb(answering, "serve"), served, len(s.spec.Feeds))
	}
	return strings.Join(said, "; ")
}
