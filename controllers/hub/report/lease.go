// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"fmt"
	"strconv"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/hub"
)

// Annotations of a region's Lease: the high-water marks of its reports.
const (
	annotationNumber      = screeningv1.GroupName + "/number"
	annotationIncarnation = screeningv1.GroupName + "/incarnation"
	annotationSequence    = screeningv1.GroupName + "/sequence"
	annotationStreak      = screeningv1.GroupName + "/streak"
)

// LeaseName is the name of the Lease of a region, in the namespace of the
// installation. It is renewed by each report and is the only object that a
// settled region changes.
func LeaseName(region string) string { return "region-" + region }

// Marks are what a Lease keeps of the reports taken.
type Marks struct {
	Incarnation, Number int64
	// Sequence is the highest the region ever reported.
	Sequence int64
	Beats    hub.Beats
}

// MarksOf reads the marks of a Lease. What cannot be read counts as zero.
func MarksOf(lease *coordinationv1.Lease) Marks {
	number := func(key string) int64 {
		n, err := strconv.ParseInt(lease.Annotations[key], 10, 64)
		if err != nil {
			return 0
		}
		return n
	}
	return Marks{
		Incarnation: number(annotationIncarnation),
		Number:      number(annotationNumber),
		Sequence:    number(annotationSequence),
		Beats:       BeatsOf(lease),
	}
}

// BeatsOf reads when reports arrived.
func BeatsOf(lease *coordinationv1.Lease) hub.Beats {
	if lease.Spec.RenewTime == nil {
		return hub.Beats{}
	}
	streak, err := strconv.Atoi(lease.Annotations[annotationStreak])
	if err != nil {
		streak = 0
	}
	return hub.Beats{Last: lease.Spec.RenewTime.Time, Streak: streak}
}

// HeartbeatOf returns the limits of the region's silence.
func HeartbeatOf(region *screeningv1.RegionalCluster) hub.Heartbeat {
	h := hub.Heartbeat{Degraded: region.Spec.Heartbeat.DegradedAfter.Duration(), Offline: region.Spec.Heartbeat.OfflineAfter.Duration()}
	if h.Degraded <= 0 {
		h.Degraded = 90 * time.Second
	}
	if h.Offline <= h.Degraded {
		h.Offline = max(5*time.Minute, 2*h.Degraded)
	}
	return h
}

// readLease reads past the cache: the marks decide what is taken.
func readLease(ctx context.Context, reader client.Reader, namespace, region string) (*coordinationv1.Lease, error) {
	lease := &coordinationv1.Lease{}
	err := reader.Get(ctx, types.NamespacedName{Namespace: namespace, Name: LeaseName(region)}, lease)
	if apierrors.IsNotFound(err) {
		return &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: LeaseName(region),
			Labels: map[string]string{screeningv1.LabelRegion: region},
		}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the Lease of region %s: %w", region, err)
	}
	return lease, nil
}

// writeLease stores the marks. It conflicts when somebody else did since the
// Lease was read.
func writeLease(ctx context.Context, c client.Client, lease *coordinationv1.Lease, m Marks, seconds int32) error {
	if lease.Annotations == nil {
		lease.Annotations = map[string]string{}
	}
	for key, value := range map[string]int64{
		annotationIncarnation: m.Incarnation,
		annotationNumber:      m.Number,
		annotationSequence:    m.Sequence,
		annotationStreak:      int64(m.Beats.Streak),
	} {
		lease.Annotations[key] = strconv.FormatInt(value, 10)
	}
	lease.Spec.HolderIdentity = new(lease.Labels[screeningv1.LabelRegion])
	lease.Spec.LeaseDurationSeconds = new(max(seconds, 1))
	if !m.Beats.Last.IsZero() {
		lease.Spec.RenewTime = new(metav1.NewMicroTime(m.Beats.Last))
	}
	var err error
	if lease.ResourceVersion == "" {
		err = c.Create(ctx, lease)
	} else {
		err = c.Update(ctx, lease)
	}
	if err != nil {
		return fmt.Errorf("write Lease %s/%s: %w", lease.Namespace, lease.Name, err)
	}
	return nil
}
