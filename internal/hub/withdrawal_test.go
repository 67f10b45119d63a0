// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/frontline-screening/frontline/internal/hub"
)

func deleted(n int, since time.Time) []hub.Withdrawal {
	var list []hub.Withdrawal
	for i := range n {
		list = append(list, hub.Withdrawal{Kind: "MatcherPool", Name: fmt.Sprintf("gone-%d", i), UID: strconv.Itoa(i), Since: since})
	}
	return list
}

func present(n int) []hub.Object {
	var list []hub.Object
	for i := range n {
		list = append(list, hub.Object{Kind: "MatcherPool", Name: fmt.Sprintf("stays-%d", i), UID: strconv.Itoa(1000 + i)})
	}
	return list
}

func TestPlanWithdrawals(t *testing.T) {
	tests := []struct {
		name                    string
		in                      hub.WithdrawalInput
		ordered, waiting, helds int
		wait                    time.Duration
	}{
		{name: "nothing", in: hub.WithdrawalInput{Present: present(3)}},
		{name: "not settled", in: hub.WithdrawalInput{Withdrawals: deleted(1, start), Present: present(3), Now: at(5 * time.Second)}, waiting: 1, wait: 10 * time.Second},
		{name: "a single one, settled", in: hub.WithdrawalInput{Withdrawals: deleted(1, start), Now: at(hub.Settle)}, ordered: 1},
		{name: "two of ten are a fifth", in: hub.WithdrawalInput{Withdrawals: deleted(2, start), Present: present(8), Now: at(time.Minute)}, ordered: 2},
		{name: "two of nine are more", in: hub.WithdrawalInput{Withdrawals: deleted(2, start), Present: present(7), Now: at(time.Minute)}, waiting: 2, helds: 2},
		{name: "everything", in: hub.WithdrawalInput{Withdrawals: deleted(5, start), Now: at(time.Hour)}, waiting: 5, helds: 5},
		{name: "made again", in: hub.WithdrawalInput{
			Withdrawals: deleted(1, start), Present: []hub.Object{{Kind: "MatcherPool", Name: "gone-0", UID: "new"}}, Now: at(time.Hour),
		}},
		{name: "another kind of the same name", in: hub.WithdrawalInput{
			Withdrawals: deleted(1, start), Present: []hub.Object{{Kind: "BorderPost", Name: "gone-0", UID: "new"}}, Now: at(time.Hour),
		}, ordered: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			plan := hub.PlanWithdrawals(tt.in)
			var ordered, waiting int
			for _, w := range plan.Withdrawals {
				if w.Ordered {
					ordered++
				} else {
					waiting++
				}
			}
			if ordered != tt.ordered || waiting != tt.waiting || plan.Held != tt.helds || plan.Wait != tt.wait {
				t.Errorf("ordered %d, waiting %d, held %d, wait %s; want %d, %d, %d, %s", ordered, waiting, plan.Held, plan.Wait, tt.ordered, tt.waiting, tt.helds, tt.wait)
			}
		})
	}
}

func TestApprovalCoversExactlyWhatWasShown(t *testing.T) {
	in := hub.WithdrawalInput{Withdrawals: deleted(3, start), Present: present(2), Now: at(time.Hour)}
	shown := hub.PlanWithdrawals(in)
	in.Approval = shown.Digest
	if plan := hub.PlanWithdrawals(in); plan.Held != 0 || !plan.Withdrawals[0].Ordered {
		t.Errorf("the approval was not taken: %+v", plan)
	}
	in.Withdrawals = deleted(4, start)
	if plan := hub.PlanWithdrawals(in); plan.Held != 4 || plan.Digest == shown.Digest {
		t.Errorf("an approval of three released four: %+v", plan)
	}
}

func TestObeyedTombstoneIsDropped(t *testing.T) {
	list := deleted(2, start)
	list[0].Ordered, list[1].Ordered = true, true
	plan := hub.PlanWithdrawals(hub.WithdrawalInput{Withdrawals: list, Now: at(time.Hour), Gone: func(w hub.Withdrawal) bool { return w.UID == "0" }})
	if len(plan.Withdrawals) != 1 || plan.Withdrawals[0].UID != "1" {
		t.Errorf("what remains is %+v, want the one the region still has", plan.Withdrawals)
	}
}

// Planning again on its own result changes nothing: ordered stays ordered.
func TestPlanWithdrawalsIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := hub.WithdrawalInput{
			Withdrawals: deleted(rapid.IntRange(0, 6).Draw(t, "deleted"), at(time.Duration(rapid.Int64Range(0, 60).Draw(t, "since"))*time.Second)),
			Present:     present(rapid.IntRange(0, 20).Draw(t, "present")),
			Now:         at(time.Duration(rapid.Int64Range(0, 120).Draw(t, "now")) * time.Second),
		}
		once := hub.PlanWithdrawals(in)
		in.Withdrawals = once.Withdrawals
		twice := hub.PlanWithdrawals(in)
		if len(twice.Withdrawals) != len(once.Withdrawals) || twice.Held != once.Held {
			t.Fatalf("%+v became %+v", once, twice)
		}
		for i := range once.Withdrawals {
			if once.Withdrawals[i] != twice.Withdrawals[i] {
				t.Fatalf("%+v became %+v", once.Withdrawals[i], twice.Withdrawals[i])
			}
		}
	})
}
