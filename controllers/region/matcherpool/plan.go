// SPDX-License-Identifier: Apache-2.0

package matcherpool

import (
	"cmp"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/screen"
)

// scale is how many pods a pool has and whose wish that is.
type scale struct {
	// wish is what was asked for, wanted what it comes to within the bounds.
	wish, wanted int32
	by           screeningv1.ScaledBy
}

// planScale decides how many pods a pool has. local says that somebody in the
// region scaled it.
func planScale(spec screeningv1.MatcherPoolSpec, local bool) scale {
	bounds := boundsOf(spec)
	s := scale{by: screeningv1.ScaledByHub, wish: bounds.Min}
	switch {
	case spec.Replicas != nil:
		s.wish = *spec.Replicas
	case spec.Baseline != nil:
		s.wish = *spec.Baseline
	}
	if local && spec.Replicas != nil {
		s.by = screeningv1.ScaledByLocal
	}
	s.wanted = min(max(s.wish, bounds.Min), bounds.Max)
	return s
}

func boundsOf(spec screeningv1.MatcherPoolSpec) screeningv1.PoolBounds {
	b := spec.Bounds
	if b.Min < 1 {
		b.Min = 1
	}
	if b.Max < b.Min {
		b.Max = max(b.Min, 8)
	}
	return b
}

// planLoader returns the loader's image beside an engine, empty for the
// engine's own. It stays for as long as the engine's does, so that an upgraded
// agent restarts no pod: kept and live are what runs, nil when that is not
// known. Beside another engine it is the agent's own.
func planLoader(engine string, kept *region.Template, live *appsv1.Deployment, own string) string {
	loader := own
	switch {
	case kept != nil && kept.Image == engine:
		loader = kept.Loader
	case kept == nil && live != nil:
		pod := live.Spec.Template.Spec
		if len(pod.Containers) > 0 && pod.Containers[0].Image == engine && len(pod.InitContainers) > 0 {
			loader = pod.InitContainers[0].Image
		}
	}
	if loader == engine {
		return ""
	}
	return loader
}

// planFeeds says, for each feed a pool names, whether its pods search it. acks
// holds what each ready pod says that it searches.
func planFeeds(feeds []screeningv1.PoolFeed, judge func(id string) region.Verdict, copies region.Copies, acks map[string]dataset.Ack, ready int) []screeningv1.PoolFeedStatus {
	out := make([]screeningv1.PoolFeedStatus, 0, len(feeds))
	for _, feed := range feeds {
		id := string(feed.ID)
		status := screeningv1.PoolFeedStatus{ID: feed.ID}
		if verdict := judge(id); !verdict.Search {
			status.State, status.Reason = screeningv1.PoolFeedUnavailable, feedReason(verdict)
			if verdict.Cause == region.CauseNotHeld {
				status.State = screeningv1.PoolFeedLoading
			}
			out = append(out, status)
			continue
		}
		lowest, serving := int64(0), 0
		for _, ack := range acks {
			if release, ok := ack.Feeds[id]; ok {
				serving++
				if lowest == 0 || release < lowest {
					lowest = release
				}
			}
		}
		status.Release = screeningv1.NewReleaseVersion(lowest)
		if held := copies[id]; held.Release == lowest && lowest > 0 {
			status.Digest = screeningv1.Digest(held.Content)
		}
		if ready > 0 && serving >= ready {
			status.State = screeningv1.PoolFeedServed
		} else {
			status.State, status.Reason = screeningv1.PoolFeedLoading, string(screen.ReasonLoading)
		}
		out = append(out, status)
	}
	return out
}

func feedReason(v region.Verdict) string {
	switch v.Cause {
	case region.CauseNoTerms:
		return screeningv1.ReasonNoTerms
	case region.CauseRefusedByTerms:
		return screeningv1.ReasonRefusedByTerms
	default:
		return string(v.Reason)
	}
}

// resolution is the condition FeedsResolved.
type resolution struct {
	resolved bool
	reason   string
	message  string
}

// resolveFeeds sums up the verdicts on a pool's feeds. The reason is that of
// the first feed that needs a person, or else of the first that does not serve.
func resolveFeeds(feeds []screeningv1.PoolFeed, judge func(id string) region.Verdict) resolution {
	var messages []string
	reason, rank := "", 0
	for _, feed := range feeds {
		v := judge(string(feed.ID))
		if v.Search {
			continue
		}
		messages = append(messages, v.Message)
		r, weight := resolvedReason(v.Cause)
		if weight > rank {
			reason, rank = r, weight
		}
	}
	if reason == "" {
		return resolution{resolved: true, reason: screeningv1.ReasonResolved, message: "every feed of the pool may be searched here"}
	}
	return resolution{reason: reason, message: strings.Join(messages, "; ")}
}

func resolvedReason(c region.Cause) (reason string, weight int) {
	switch c {
	case region.CauseFeedNotFound:
		return screeningv1.ReasonFeedNotFound, 4
	case region.CauseNotAllowedHere:
		return screeningv1.ReasonNotAllowedHere, 4
	case region.CauseNoTerms:
		return screeningv1.ReasonNoTerms, 3
	case region.CauseRefusedByTerms:
		return screeningv1.ReasonRefusedByTerms, 3
	case region.CauseNoOrder, region.CauseNotHeld, region.CauseNoRelease:
		return screeningv1.ReasonFeedNotHeld, 1
	default:
		return screeningv1.ReasonFeedUnavailable, 2
	}
}

// fit is how many wanted pods found a node, how many did not, and why.
type fit struct {
	fits    int32
	pending int32
	// reason and lacks are of the first pod that found none.
	reason, lacks string
}

// planFit counts pods on nodes, and pods that no node takes. One that is more
// than wanted, as while pods are replaced, may be Pending although all fit.
func planFit(wanted int32, pods []corev1.Pod) fit {
	f := fit{}
	for i := range pods {
		pod := &pods[i]
		switch c := scheduled(pod); {
		case pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded:
		case pod.Spec.NodeName != "" || pod.Status.Phase == corev1.PodRunning:
			f.fits++
		case c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable:
			f.pending++
			if f.lacks == "" {
				f.reason, f.lacks = lacking(c.Message)
			}
		}
	}
	f.fits = min(f.fits, wanted)
	return f
}

// scheduled is the condition PodScheduled, or an empty one.
func scheduled(pod *corev1.Pod) corev1.PodCondition {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled {
			return c
		}
	}
	return corev1.PodCondition{}
}

// lacking takes out of the scheduler's sentence what nodes have too little of.
func lacking(message string) (reason, lacks string) {
	var found []string
	for _, lack := range []struct{ says, name, reason string }{
		{"Insufficient memory", "memory", screeningv1.ReasonMemory},
		{"Insufficient cpu", "cpu", screeningv1.ReasonCPU},
		{"Insufficient ephemeral-storage", "ephemeral-storage", screeningv1.ReasonNoNode},
		{"Too many pods", "pods", screeningv1.ReasonNoNode},
		{"topology spread constraints", "a node with fewer of the pool's pods", screeningv1.ReasonNoNode},
	} {
		if strings.Contains(message, lack.says) {
			found = append(found, lack.name)
			reason = cmp.Or(reason, lack.reason)
		}
	}
	if len(found) == 0 {
		return screeningv1.ReasonNoNode, "no node takes it"
	}
	return reason, strings.Join(found, " and ")
}

// podReady reports whether the pod answers.
func podReady(pod *corev1.Pod) bool {
	if pod.DeletionTimestamp != nil {
		return false
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

func pods(n int32) string {
	if n == 1 {
		return "1 pod"
	}
	return fmt.Sprintf("%d pods", n)
}
