// SPDX-License-Identifier: Apache-2.0

package regionalcluster

import (
	"context"
	"strconv"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/report"
)

// showRestored says that the region lost a part of its memory, until somebody
// acknowledges it. Without a report since the hub started, what was known before
// stands.
func (r *Reconciler) showRestored(_ context.Context, s *scope) error {
	if s.received == nil {
		return nil
	}
	resumed := s.received.Resumed
	if resumed == nil || s.region.Annotations[screeningv1.AnnotationAcknowledgeRestored] == strconv.FormatInt(resumed.To, 10) {
		conditions.Delete(s.region, screeningv1.ConditionRegionRestored)
		return nil
	}
	const end = "; look at what happened there, then acknowledge it: kubectl annotate regionalcluster %s %s=%d --overwrite"
	name, key := s.region.Name, screeningv1.AnnotationAcknowledgeRestored
	switch resumed.Cause {
	case report.VolumeLost:
		conditions.True(s.region, screeningv1.ConditionRegionRestored, screeningv1.ReasonVolumeLost,
			"The region came back without its volume, after it had obeyed order %d; it goes on with the next keys and fetches its lists anew"+end,
			resumed.Order, name, key, resumed.To)
	case report.VolumeRestored:
		conditions.True(s.region, screeningv1.ConditionRegionRestored, screeningv1.ReasonVolumeRestored,
			"The region came back with a volume from before order %d, which it had obeyed; it goes forward, but a volume in a backup holds keys that were destroyed: remove that backup"+end,
			resumed.Order, name, key, resumed.To)
	default:
		conditions.True(s.region, screeningv1.ConditionRegionRestored, screeningv1.ReasonReportsBehind,
			"The region remembered its reports up to %d and went on with %d above what the hub had taken: the Secret that makes it itself came from a backup"+end,
			resumed.From, resumed.To, name, key, resumed.To)
	}
	return nil
}
