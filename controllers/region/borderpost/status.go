// SPDX-License-Identifier: Apache-2.0

package borderpost

import (
	"fmt"
	"strings"
	"time"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
)

// summarize is the one place that decides the status.
func (s *scope) summarize(failure error) {
	post := s.post
	if failure != nil {
		conditions.Await(post, screeningv1.ReasonInternalError, "%s; it is tried again", failure)
		return
	}
	feeds := s.binding.feeds()
	post.Status.ObservedGeneration = post.Generation
	post.Status.FeedsServed = fmt.Sprintf("%d/%d", s.outlook.served, len(feeds))
	post.Status.StopsAt = "-"
	if !s.outlook.stopsAt.IsZero() {
		post.Status.StopsAt = s.outlook.stopsAt.UTC().Format(time.RFC3339)
	}
	post.Status.Endpoint = ""
	if s.service != nil && len(s.service.Spec.Ports) > 0 {
		post.Status.Endpoint = endpoint(s.owner, s.spec.Endpoint, s.service.Spec.Ports[0].NodePort)
	}
	bound := s.bound()
	reachable, why := s.reachable()
	s.feedsServed(len(feeds))

	post.Status.Answers = s.outlook.answers
	if s.deployment == nil || s.deployment.Status.ReadyReplicas == 0 {
		post.Status.Answers = screeningv1.AnswersUnavailable
	}
	summary := fmt.Sprintf("serving %d of %d feeds", s.outlook.served, len(feeds))
	switch {
	case s.nodePortTaken:
		conditions.Stall(post, screeningv1.ReasonNodePortTaken, "%s", why)
		summary = why
	case len(s.accepted) == 0:
		message := fmt.Sprintf("the region's terms accept none of the purposes %s; add one to RegionTerms terms", strings.Join(s.refused, ", "))
		conditions.Stall(post, screeningv1.ReasonPurposeNotAllowed, "%s", message)
		summary = message
	case len(s.binding.pools) == 0:
		conditions.Stall(post, s.binding.reason, "%s", list(s.binding.messages))
		summary = list(s.binding.messages)
	case !reachable:
		conditions.Progress(post, screeningv1.ReasonFrontNotReady, "%s", why)
		summary = why
	case !bound && s.binding.reason != screeningv1.ReasonPoolNotAvailable:
		conditions.Stall(post, s.binding.reason, "%s", list(s.binding.messages))
		summary = list(s.binding.messages)
	case !bound:
		conditions.Progress(post, s.binding.reason, "%s", list(s.binding.messages))
		summary = list(s.binding.messages)
	case s.outlook.served == 0:
		conditions.Progress(post, screeningv1.ReasonNoneServed, "%s", nothingSearched(s.outlook.missing))
		summary = list(s.outlook.missing)
	default:
		if len(s.outlook.missing) > 0 {
			summary += "; " + list(s.outlook.missing)
		}
		conditions.Settle(post, screeningv1.ReasonReady, "%s", summary)
	}
	if _, orphan := post.Annotations[screeningv1.AnnotationOrphaned]; orphan {
		summary += "; the order no longer lists this post, it serves on until it is withdrawn"
	}
	if len(s.refused) > 0 && len(s.accepted) > 0 {
		summary += "; the region's terms refuse " + strings.Join(s.refused, ", ")
	}
	if summary == "" {
		summary = "the post names nothing that can be searched"
	}
	post.Status.Summary = conditions.Cut(summary, conditions.MaxMessage)
}

func (s *scope) bound() bool {
	if s.binding.reason == "" {
		conditions.True(s.post, screeningv1.ConditionPoolsBound, screeningv1.ReasonBound, "every pool of the post answers")
		return true
	}
	conditions.False(s.post, screeningv1.ConditionPoolsBound, s.binding.reason, "%s", list(s.binding.messages))
	// The post answers as long as one pool does; what is missing is named in
	// each answer.
	return false
}

func (s *scope) reachable() (bool, string) {
	switch {
	case s.nodePortTaken:
		why := fmt.Sprintf("node port %d belongs to another Service; choose another one, or leave it out", s.spec.Endpoint.NodePort)
		conditions.False(s.post, screeningv1.ConditionEndpointReady, screeningv1.ReasonNodePortTaken, "%s", why)
		return false, why
	case s.deployment == nil || s.deployment.Status.ReadyReplicas == 0:
		why := "no pod of the front answers; look at the pods of Deployment " + s.owner.Child()
		conditions.False(s.post, screeningv1.ConditionEndpointReady, screeningv1.ReasonFrontNotReady, "%s", why)
		return false, why
	}
	conditions.True(s.post, screeningv1.ConditionEndpointReady, screeningv1.ReasonEndpointReady, "devices reach the post at %s", s.post.Status.Endpoint)
	return true, ""
}

func (s *scope) feedsServed(wanted int) {
	switch {
	case len(s.accepted) == 0:
		conditions.False(s.post, screeningv1.ConditionFeedsServed, screeningv1.ReasonPurposeNotAllowed,
			"the region's terms accept none of the purposes %s; add one to RegionTerms terms", strings.Join(s.refused, ", "))
	case wanted > 0 && s.outlook.served == wanted:
		conditions.True(s.post, screeningv1.ConditionFeedsServed, screeningv1.ReasonAllServed, "every feed of the post is searched")
	case s.outlook.served == 0:
		conditions.False(s.post, screeningv1.ConditionFeedsServed, screeningv1.ReasonNoneServed, "%s", nothingSearched(s.outlook.missing))
	default:
		conditions.False(s.post, screeningv1.ConditionFeedsServed, screeningv1.ReasonSomeUnavailable, "%s", list(s.outlook.missing))
	}
}

// nothingSearched says why no feed is searched, as far as that is known.
func nothingSearched(why []string) string {
	if len(why) == 0 {
		return "no feed is searched as yet"
	}
	return "no feed is searched; " + list(why)
}
