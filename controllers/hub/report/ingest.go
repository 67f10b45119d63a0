// SPDX-License-Identifier: Apache-2.0

// Package report takes what regions say of themselves: it verifies signed
// reports, renews the Lease that stands for a region's life, and shows on the
// hub's objects what the region says of its own.
package report

import (
	"context"
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/gateway"
	"github.com/frontline-screening/frontline/internal/hub"
	"github.com/frontline-screening/frontline/internal/join"
	"github.com/frontline-screening/frontline/internal/report"
)

// Ingestor verifies and takes reports. It serves package gateway.
type Ingestor struct {
	Client client.Client
	// Reader reads past the cache.
	Reader    client.Reader
	Namespace string
	HubUID    string
	// RegionUID returns the UID under which the region joined.
	RegionUID func(context.Context, *screeningv1.RegionalCluster) (types.UID, error)
	Reports   *hub.Reports
	Clock     clock.PassiveClock
	// Leading is closed once this process leads.
	Leading <-chan struct{}

	// turns takes reports of one region one by one and those of others meanwhile.
	turns turns
}

// Report implements gateway.Reports. A report is taken once, in order, from
// the key that is pinned, for the hub and the region that it names.
func (i *Ingestor) Report(ctx context.Context, region string, envelope []byte) error {
	return i.take(ctx, region, envelope, true)
}

// ReportFile takes a report that came in a file and returns the region that it
// is of. It counts like any other, but is no sign that the region has a line.
func (i *Ingestor) ReportFile(ctx context.Context, envelope []byte) (string, error) {
	region, err := report.RegionOf(envelope)
	if err != nil {
		return "", gateway.Refuse(http.StatusUnprocessableEntity, err.Error())
	}
	return region, i.take(ctx, region, envelope, false)
}

func (i *Ingestor) take(ctx context.Context, region string, envelope []byte, beat bool) error {
	select {
	case <-i.Leading:
	default:
		return gateway.ErrNotLeading
	}
	defer i.turns.enter(region)()

	object := &screeningv1.RegionalCluster{}
	if err := i.Client.Get(ctx, types.NamespacedName{Name: region}, object); err != nil {
		if apierrors.IsNotFound(err) {
			return gateway.Refuse(http.StatusForbidden, "the hub has no such region")
		}
		return fmt.Errorf("read RegionalCluster %s: %w", region, err)
	}
	identity := object.Status.Identity
	if identity == nil {
		return gateway.Refuse(http.StatusForbidden, "the region has not joined; join with an invitation")
	}
	key, err := join.ParsePublicKey(identity.PublicKey)
	if err != nil {
		return fmt.Errorf("pinned key of region %s: %w", region, err)
	}
	r, _, err := report.Verify(ctx, envelope, key)
	if err != nil {
		return gateway.Refuse(http.StatusForbidden, err.Error())
	}
	uid, err := i.RegionUID(ctx, object)
	if err != nil {
		return err
	}
	if r.Region != region || r.RegionUID != string(uid) || r.HubUID != i.HubUID {
		return gateway.Refuse(http.StatusForbidden, "the report is of another region or for another hub")
	}
	if r.Incarnation != identity.Incarnation {
		return gateway.Overtaken(report.TakenError{
			Reason:      fmt.Sprintf("the report is of incarnation %d, the region's is %d; join again", r.Incarnation, identity.Incarnation),
			Incarnation: identity.Incarnation,
		})
	}
	if err := i.renew(ctx, object, r, beat); err != nil {
		return err
	}
	i.Reports.Put(region, hub.Received{Report: r, At: i.Clock.Now()})
	return nil
}

// renew refuses what is not newer than what was taken, and notes the rest. With
// beat the report is a sign of life now.
func (i *Ingestor) renew(ctx context.Context, region *screeningv1.RegionalCluster, r report.Report, beat bool) error {
	lease, err := readLease(ctx, i.Reader, i.Namespace, region.Name)
	if err != nil {
		return err
	}
	marks := MarksOf(lease)
	if !r.After(marks.Incarnation, marks.Number) {
		return gateway.Overtaken(report.TakenError{
			Reason: fmt.Sprintf("report %d of incarnation %d is not newer than report %d of incarnation %d, which was taken",
				r.Number, r.Incarnation, marks.Number, marks.Incarnation),
			Incarnation: marks.Incarnation, Number: marks.Number,
		})
	}
	marks.Incarnation, marks.Number = r.Incarnation, r.Number
	if r.Observed != nil {
		marks.Sequence = max(marks.Sequence, r.Observed.Sequence)
	}
	if beat {
		marks.Beats = marks.Beats.Beat(i.Clock.Now(), HeartbeatOf(region))
	}
	return writeLease(ctx, i.Client, lease, marks, int32(region.Spec.Heartbeat.OfflineAfter.Duration().Seconds()))
}
