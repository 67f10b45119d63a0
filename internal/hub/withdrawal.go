// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"
)

// Settle is how long the hub waits after the last deletion before it decides
// what the deletions mean: a pruned folder deletes one object after another.
const Settle = 15 * time.Second

// A single deletion is taken at its word. More than one at once, and more than
// one in heldShare of what a region has, wait for a person.
const (
	heldCount = 2
	heldShare = 5
)

// Withdrawal is an object deleted on the hub.
type Withdrawal struct {
	// Kind and Name are as tombstones spell them; UID is the deleted object's.
	Kind, Name, UID string
	// Ordered withdrawals stand as tombstones in the order; others wait.
	Ordered bool
	// Since is when the deletion was witnessed.
	Since time.Time
}

// Object names an object that stands on the hub.
type Object struct{ Kind, Name, UID string }

// WithdrawalInput is what a decision about withdrawals depends on.
type WithdrawalInput struct {
	Withdrawals []Withdrawal
	// Present lists the region's objects that stand on the hub.
	Present []Object
	// Gone reports whether the region no longer has the withdrawn object, by
	// its own word on an order that held the tombstone.
	Gone func(Withdrawal) bool
	// Approval is the short digest that a person approved, or empty.
	Approval string
	Now      time.Time
}

// WithdrawalPlan says what becomes of withdrawals.
type WithdrawalPlan struct {
	// Withdrawals are those that remain, sorted by kind, name and UID.
	Withdrawals []Withdrawal
	// Held is the number that waits for an approval, Of the number of objects
	// they are taken from, and Digest what approves exactly these.
	Held, Of int
	Digest   string
	// Wait is how long until the plan may differ by the clock alone; zero means for ever.
	Wait time.Duration
}

// PlanWithdrawals decides which deletions are ordered. An object that stands
// again under the same name is no longer withdrawn; a tombstone that did its
// work is dropped.
func PlanWithdrawals(in WithdrawalInput) WithdrawalPlan {
	var plan WithdrawalPlan
	var pending []int
	var newest time.Time
	for _, w := range in.Withdrawals {
		if slices.ContainsFunc(in.Present, func(o Object) bool { return o.Kind == w.Kind && o.Name == w.Name }) {
			continue
		}
		if w.Ordered && in.Gone != nil && in.Gone(w) {
			continue
		}
		plan.Withdrawals = append(plan.Withdrawals, w)
	}
	slices.SortFunc(plan.Withdrawals, func(a, b Withdrawal) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.UID, b.UID))
	})
	for i, w := range plan.Withdrawals {
		if w.Ordered {
			continue
		}
		pending = append(pending, i)
		if w.Since.After(newest) {
			newest = w.Since
		}
	}
	if len(pending) == 0 {
		return plan
	}
	if wait := newest.Add(Settle).Sub(in.Now); wait > 0 {
		plan.Wait = wait
		return plan
	}
	digest := approvalDigest(plan.Withdrawals)
	total := len(in.Present) + len(pending)
	if len(pending) >= heldCount && len(pending)*heldShare > total && in.Approval != digest {
		plan.Held, plan.Of, plan.Digest = len(pending), total, digest
		return plan
	}
	for _, i := range pending {
		plan.Withdrawals[i].Ordered = true
	}
	return plan
}

// approvalDigest names exactly the withdrawals that wait, so that an approval
// given for some does not cover others that came later.
func approvalDigest(list []Withdrawal) string {
	h := sha256.New()
	for _, w := range list {
		if !w.Ordered {
			h.Write([]byte(w.Kind + "\x00" + w.Name + "\x00" + w.UID + "\n"))
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}
