// SPDX-License-Identifier: Apache-2.0

package borderpost

import (
	"fmt"
	"slices"
	"strings"
	"time"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/region/internal/workload"
	"github.com/frontline-screening/frontline/internal/front"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region"
	"github.com/frontline-screening/frontline/internal/screen"
)

// binding is what the pools a post names come to.
type binding struct {
	pools []front.Pool
	// reason and messages say what is missing; empty when everything is bound.
	reason   string
	messages []string
}

// planBinding binds a post to its pools. feedsOf returns the feeds of a pool,
// false when there is none; available reports whether enough of its pods answer.
// A pool that cannot be bound leaves the others bound.
func planBinding(regionName string, spec screeningv1.BorderPostSpec, feedsOf func(pool string) ([]string, bool), available func(pool string) bool) binding {
	var b binding
	fail := func(reason, format string, args ...any) {
		if b.reason == "" {
			b.reason = reason
		}
		b.messages = append(b.messages, fmt.Sprintf(format, args...))
	}
	for _, p := range spec.Pools {
		feeds, ok := feedsOf(p.Name)
		if !ok {
			fail(screeningv1.ReasonPoolNotFound, "pool %s does not exist in this region; create it on the hub or take it off the post", p.Name)
			continue
		}
		if len(p.Feeds) > 0 {
			var subset []string
			for _, id := range p.Feeds {
				if !slices.Contains(feeds, string(id)) {
					fail(screeningv1.ReasonFeedNotInPool, "pool %s does not name feed %s; add it to the pool or take it off the post", p.Name, id)
					continue
				}
				subset = append(subset, string(id))
			}
			feeds = subset
		} else if len(feeds) == 0 {
			fail(screeningv1.ReasonFeedNotInPool, "pool %s names no feed; add one to the pool or take the pool off the post", p.Name)
		}
		if len(feeds) == 0 {
			continue
		}
		if !available(p.Name) {
			fail(screeningv1.ReasonPoolNotAvailable, "too few pods of pool %s answer; look at the pool", p.Name)
		}
		b.pools = append(b.pools, front.Pool{
			Name:  p.Name,
			URL:   fmt.Sprintf("https://%s:%d", workload.ServiceHost(regionName, p.Name, workload.ComponentMatcher), workload.PortTLS),
			Feeds: slices.Sorted(slices.Values(feeds)),
		})
	}
	return b
}

// feeds lists the feeds of the bound pools once, sorted.
func (b binding) feeds() []string {
	var all []string
	for _, p := range b.pools {
		all = append(all, p.Feeds...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// planPurposes returns what the post may screen for here: what its spec says,
// as far as the region's terms accept it.
func planPurposes(wanted []screeningv1.Purpose, terms *region.Terms) (accepted, refused []string) {
	for _, p := range wanted {
		if terms.AcceptsPurpose(string(p)) {
			accepted = append(accepted, string(p))
		} else {
			refused = append(refused, string(p))
		}
	}
	slices.Sort(accepted)
	slices.Sort(refused)
	return accepted, refused
}

// freshness turns a post's limits into seconds.
func freshness(limits *screeningv1.AgeLimits) order.Freshness {
	if limits == nil {
		return order.Freshness{}
	}
	return order.Freshness{
		MarkSeconds: int64(limits.Mark.Duration() / time.Second),
		StopSeconds: int64(limits.Stop.Duration() / time.Second),
	}
}

// outlook is what a post's answers carry, and until when.
type outlook struct {
	answers screeningv1.PostAnswers
	served  int
	// stopsAt is when the first feed stops unless an order arrives; zero when
	// the region is connected or no limit is set.
	stopsAt time.Time
	// next is when the outlook changes by the clock alone; zero for never.
	next time.Time
	// missing says, for each feed not searched, why.
	missing []string
}

// feedView is what a plan needs of one feed of a post.
type feedView struct {
	id      string
	verdict region.Verdict
	// served says that pods of each pool that has the feed search it.
	served bool
	limits order.Freshness
}

// planOutlook says what answers given now carry. issued is when the newest
// order was signed, post the post's own limits.
func planOutlook(feeds []feedView, post order.Freshness, issued, now time.Time, connected bool) outlook {
	o := outlook{answers: screeningv1.AnswersOnline}
	age := now.Sub(issued)
	consider := func(t time.Time) {
		if t.After(now) && (o.next.IsZero() || t.Before(o.next)) {
			o.next = t
		}
	}
	marked := false
	for _, f := range feeds {
		if !f.verdict.Search {
			o.missing = append(o.missing, f.verdict.Message)
			continue
		}
		limits := f.limits.Tighten(post)
		mark, stop := time.Duration(limits.MarkSeconds)*time.Second, time.Duration(limits.StopSeconds)*time.Second
		if stop > 0 && age > stop {
			o.missing = append(o.missing, fmt.Sprintf("%s stopped: the last order is older than %s; restore the link to the hub", f.id, stop))
			continue
		}
		if stop > 0 {
			at := issued.Add(stop)
			consider(at.Add(time.Nanosecond)) // at the limit itself nothing is past it
			if !connected && (o.stopsAt.IsZero() || at.Before(o.stopsAt)) {
				o.stopsAt = at
			}
		}
		if mark > 0 {
			marked = marked || age > mark
			consider(issued.Add(mark + time.Nanosecond))
		}
		if !f.served {
			o.missing = append(o.missing, f.id+" is being loaded")
			continue
		}
		o.served++
	}
	switch {
	case o.served == 0:
		o.answers = screeningv1.AnswersUnavailable
	case marked:
		o.answers = screeningv1.AnswersMarked
	case !connected:
		o.answers = screeningv1.AnswersOffline
	}
	return o
}

// planConfig is the front's configuration; false when there is nothing that a
// front could do.
func planConfig(owner workload.Owner, spec screeningv1.BorderPostSpec, b binding, purposes []string) (front.Config, bool) {
	c := front.Config{
		Region: owner.Region, Post: owner.Name, Hostname: spec.Endpoint.Hostname,
		Pools: b.pools, Freshness: freshness(spec.Freshness),
	}
	for _, p := range purposes {
		c.Purposes = append(c.Purposes, screen.Purpose(p))
	}
	return c, len(c.Pools) > 0 && len(c.Purposes) > 0
}

// endpoint is the host and port that devices use; empty until it is known.
func endpoint(owner workload.Owner, spec screeningv1.PostEndpoint, nodePort int32) string {
	if spec.Type == screeningv1.EndpointNodePort {
		if nodePort == 0 {
			return ""
		}
		return fmt.Sprintf("%s:%d", spec.Hostname, nodePort)
	}
	return fmt.Sprintf("%s:%d", workload.ServiceHost(owner.Region, owner.Name, workload.ComponentFront), workload.PortTLS)
}

func list(items []string) string { return strings.Join(items, "; ") }
