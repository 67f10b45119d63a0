// SPDX-License-Identifier: Apache-2.0

package agent

import (
	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/region"
)

// remembered is what the terms' status says of the newest order in force. It
// outlives the agent's volume.
func remembered(o *screeningv1.OrderSeen) region.Floor {
	if o == nil {
		return region.Floor{}
	}
	return region.Floor{HubUID: o.HubUID, RegionUID: o.RegionUID, Term: o.Term, Sequence: o.Sequence}
}

// seen is remembered the other way round.
func seen(f region.Floor) *screeningv1.OrderSeen {
	if f == (region.Floor{}) {
		return nil
	}
	return &screeningv1.OrderSeen{HubUID: f.HubUID, RegionUID: f.RegionUID, Term: f.Term, Sequence: f.Sequence}
}
