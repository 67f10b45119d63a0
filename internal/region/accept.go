// SPDX-License-Identifier: Apache-2.0

package region

import (
	"errors"
	"fmt"

	"github.com/frontline-screening/frontline/internal/order"
)

// Reasons for which an order as a whole is refused. What was verified before
// stays in force.
const (
	RefusedSignature    = "Unverified"
	RefusedFormat       = "Unreadable"
	RefusedForeign      = "ForeignOrder"
	RefusedJurisdiction = "JurisdictionChanged"
	RefusedReplay       = "Replayed"
	RefusedEquivocation = "Equivocation"
	RefusedFloor        = "FloorLowered"
)

// RefusedError says that an order was refused, and why.
type RefusedError struct {
	// Reason is one of the constants above.
	Reason string
	Err    error
}

func (e *RefusedError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *RefusedError) Unwrap() error { return e.Err }

func refuse(reason, format string, args ...any) error {
	return &RefusedError{Reason: reason, Err: fmt.Errorf(format, args...)}
}

// refusalReason returns the reason of a refusal, and whether err is one.
func refusalReason(err error) (string, bool) {
	if refused, ok := errors.AsType[*RefusedError](err); ok {
		return refused.Reason, true
	}
	return "", false
}

// accept says whether the region acts on an order whose signatures hold. It
// compares it with what was pinned at joining and with the order acted on so
// far: a right signature does not make a foreign or an older order right.
func accept(o *order.Order, joined *Joined, held *Verified) error {
	switch {
	case o.Region.Name != joined.Region || o.Region.UID != joined.RegionUID:
		return refuse(RefusedForeign, "order %d is for region %s (%s), this is %s (%s); see who moved it here",
			o.Sequence, o.Region.Name, o.Region.UID, joined.Region, joined.RegionUID)
	case o.HubUID != joined.HubUID || o.Term < joined.Term:
		return refuse(RefusedForeign, "order %d is of hub %s in term %d, the region joined hub %s in term %d; join again if the hub was replaced",
			o.Sequence, o.HubUID, o.Term, joined.HubUID, joined.Term)
	case o.Region.Jurisdiction != joined.Jurisdiction:
		return refuse(RefusedJurisdiction, "order %d puts the region under the law of %s, it joined under that of %s; a region cannot change its jurisdiction",
			o.Sequence, o.Region.Jurisdiction, joined.Jurisdiction)
	case held == nil || held.HubUID != o.HubUID:
		return nil
	case o.Term < held.Term || (o.Term == held.Term && o.Sequence < held.Sequence):
		return refuse(RefusedReplay, "order %d of term %d is older than order %d of term %d, which is in force",
			o.Sequence, o.Term, held.Sequence, held.Term)
	case o.Term == held.Term && o.Sequence == held.Sequence && o.IndexDigest != held.IndexDigest:
		return refuse(RefusedEquivocation, "order %d exists twice, as %s in force and as %s; two hubs sign, or one was restored from a backup",
			o.Sequence, held.IndexDigest, o.IndexDigest)
	case o.Term == held.Term:
		return lowered(o, held)
	}
	return nil
}

// lowered refuses an order that would let be served again what may never be. Only
// another term, which the holders of the root began, may do that.
func lowered(o *order.Order, held *Verified) error {
	for i := range o.Feeds {
		f, before := &o.Feeds[i], held.Feed(o.Feeds[i].ID)
		if before == nil || before.UID != f.UID || f.State == order.Erase || before.State == order.Erase {
			continue
		}
		if f.Floor < before.Floor || f.KeyFloor < before.KeyFloor {
			return refuse(RefusedFloor, "order %d lowers feed %s from release %d and key epoch %d to %d and %d, which may bring back what was erased; restore the hub's registry, or let the holders begin a new term: frontline trust rotate %s",
				o.Sequence, f.ID, before.Floor, before.KeyFloor, f.Floor, f.KeyFloor, o.Region.Name)
		}
	}
	return nil
}
