// SPDX-License-Identifier: Apache-2.0

package watchlistfeed

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/approval"
)

// consent is what people said of a digest.
type consent struct {
	approvals []screeningv1.ReleaseApproval
	// unreadable names approvers whose keys cannot be read.
	unreadable []string
}

func (c consent) names() []screeningv1.ApproverName {
	var names []screeningv1.ApproverName
	for _, one := range c.approvals {
		names = append(names, one.Name)
	}
	return names
}

// approvalsFor returns the statements about a digest that count. When one of
// them ends, the feed is looked at again.
func (r *Reconciler) approvalsFor(ctx context.Context, s *scope, digest screeningv1.Digest) (consent, error) {
	list := &screeningv1.ApprovalList{}
	if err := r.Client.List(ctx, list, client.InNamespace(s.feed.Namespace)); err != nil {
		return consent{}, fmt.Errorf("list the approvals of feed %s: %w", s.id, err)
	}
	var out consent
	question := Question(s.feed, r.HubUID, r.Clock.Now())
	question.Digest = string(digest)
	for _, approver := range s.feed.Spec.Approvers {
		if _, err := approval.ParseKey(string(approver.Name), approver.PublicKey); err != nil {
			out.unreadable = append(out.unreadable, string(approver.Name))
		}
	}
	for _, verdict := range approval.Judge(question, Carriers(list.Items)) {
		if verdict.Reason != approval.Valid {
			continue
		}
		if until := verdict.Statement.Expires; until != nil {
			s.lookAgain(until.Sub(r.Clock.Now()))
		}
		for _, signer := range verdict.Counted {
			out.approvals = append(out.approvals, screeningv1.ReleaseApproval{
				Name: screeningv1.ApproverName(signer.Name), KeyDigest: screeningv1.Digest(signer.KeyDigest),
				EnvelopeDigest: screeningv1.Digest(verdict.EnvelopeDigest),
			})
		}
	}
	return out, nil
}

// Question is what approvals of a feed are judged by. A key that cannot be read
// is nobody's.
func Question(feed *screeningv1.WatchlistFeed, hubUID string, now time.Time) approval.Question {
	q := approval.Question{
		HubUID: hubUID,
		Subject: approval.Subject{
			Kind: "WatchlistFeed", Namespace: feed.Namespace, Name: feed.Name, UID: string(feed.UID),
		},
		Action: approval.ReleaseStorm,
		Now:    now,
	}
	if held := feed.Status.Held; held != nil {
		q.Digest = string(held.Digest)
	}
	for _, approver := range feed.Spec.Approvers {
		if key, err := approval.ParseKey(string(approver.Name), approver.PublicKey); err == nil {
			q.Keys = append(q.Keys, key)
		}
	}
	return q
}

// Carriers are the envelopes of Approvals.
func Carriers(approvals []screeningv1.Approval) []approval.Carrier {
	carriers := make([]approval.Carrier, len(approvals))
	for i := range approvals {
		a := &approvals[i]
		carriers[i] = approval.Carrier{Name: a.Name, Created: a.CreationTimestamp.Time, Envelope: []byte(a.Spec.Envelope)}
	}
	return carriers
}

// ApprovedFeed names the feed that an Approval is about, whoever signed it;
// false when it can be about none of its namespace.
func ApprovedFeed(a *screeningv1.Approval) (types.NamespacedName, bool) {
	statement, err := approval.Read([]byte(a.Spec.Envelope))
	if err != nil || statement.Subject.Namespace != a.Namespace {
		return types.NamespacedName{}, false
	}
	return types.NamespacedName{Namespace: a.Namespace, Name: statement.Subject.Name}, true
}

func feedApproved(_ context.Context, o client.Object) []reconcile.Request {
	a, ok := o.(*screeningv1.Approval)
	if !ok {
		return nil
	}
	name, ok := ApprovedFeed(a)
	if !ok {
		return nil
	}
	return []reconcile.Request{{NamespacedName: name}}
}

// needed is how many people let a held release of the feed through.
func needed(feed *screeningv1.WatchlistFeed) int {
	if gates := feed.Spec.Gates; gates != nil && gates.Approvals > 0 {
		return int(gates.Approvals)
	}
	return screeningv1.DefaultApprovals
}
