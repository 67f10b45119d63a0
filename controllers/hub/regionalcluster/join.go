// SPDX-License-Identifier: Apache-2.0

package regionalcluster

import (
	"context"
	"fmt"
	"net/http"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/patch"
	"github.com/frontline-screening/frontline/internal/gateway"
	"github.com/frontline-screening/frontline/internal/join"
	"github.com/frontline-screening/frontline/internal/pki"
)

// Joiner pins the key of a region that comes with the token of an open
// invitation. It serves package gateway.
type Joiner struct {
	Client client.Client
	// Reader reads past the cache.
	Reader    client.Reader
	Namespace string
	Clock     clock.PassiveClock
	// Leading is closed once this process leads.
	Leading <-chan struct{}
}

// errToken is one answer for every cause, so that nothing is learnt by trying.
var errToken = gateway.Refuse(http.StatusForbidden, "the invitation is unknown, expired or used; ask for a new one")

// Join implements gateway.Joiner. A request repeated with the same key after
// a lost answer is accepted again.
func (j *Joiner) Join(ctx context.Context, request []byte) (join.Acceptance, error) {
	select {
	case <-j.Leading:
	default:
		return join.Acceptance{}, gateway.ErrNotLeading
	}
	req, key, err := join.ReadRequest(ctx, request)
	if err != nil {
		return join.Acceptance{}, gateway.Refuse(http.StatusBadRequest, err.Error())
	}
	region := &screeningv1.RegionalCluster{}
	if err := j.Reader.Get(ctx, types.NamespacedName{Name: req.Region}, region); err != nil {
		if apierrors.IsNotFound(err) || apierrors.IsInvalid(err) {
			return join.Acceptance{}, errToken
		}
		return join.Acceptance{}, fmt.Errorf("read RegionalCluster: %w", err)
	}
	record, err := ReadRecord(ctx, j.Reader, j.Namespace, region.Name)
	if err != nil {
		return join.Acceptance{}, err
	}
	digest := pki.KeyPin(key)
	if err := j.check(record, req.Token, digest); err != nil {
		return join.Acceptance{}, err
	}
	if record.Invitation.UsedBy == "" {
		incarnation := int64(1)
		if record.Identity != nil {
			incarnation = record.Identity.Incarnation + 1
		}
		if region.Status.Identity != nil {
			incarnation = max(incarnation, region.Status.Identity.Incarnation+1)
		}
		record.Identity = &Identity{
			UID: record.UID(region), Jurisdiction: string(region.Spec.Jurisdiction),
			KeyDigest: digest, PublicKey: req.PublicKey,
			Joined: j.Clock.Now().UTC(), Incarnation: incarnation,
		}
		record.Invitation.UsedBy = digest
		// One write uses the token up and pins the key: there is no moment
		// between the two.
		if err := record.Write(ctx, j.Client); apierrors.IsConflict(err) {
			return join.Acceptance{}, errToken
		} else if err != nil {
			return join.Acceptance{}, err
		}
		logr.FromContextOrDiscard(ctx).Info("Region joined", "RegionalCluster", region.Name, "incarnation", incarnation)
	}
	if err := pinStatus(ctx, j.Client, region, record); err != nil {
		return join.Acceptance{}, err
	}
	return join.Acceptance{
		Format: join.AcceptanceFormat, Region: region.Name,
		KeyID: record.Identity.KeyDigest, Incarnation: record.Identity.Incarnation,
	}, nil
}

func (j *Joiner) check(record *Record, token, digest string) error {
	invitation := record.Invitation
	switch {
	case invitation == nil || !join.MatchToken(token, invitation.TokenHash):
		return errToken
	case invitation.UsedBy != "":
		if record.Identity == nil || invitation.UsedBy != digest || record.Identity.KeyDigest != digest {
			return errToken
		}
		return nil
	case !j.Clock.Now().Before(invitation.Expires):
		return errToken
	}
	return nil
}

// pinStatus shows the record's identity in the status, where the gateway looks
// for it. If it fails, the region's controller does the same from the record.
func pinStatus(ctx context.Context, c client.Client, region *screeningv1.RegionalCluster, record *Record) error {
	helper := patch.New(c, region)
	region.Status.Identity = statusOf(record.Pinned(region))
	_, err := helper.Status(ctx, region)
	if apierrors.IsConflict(err) {
		return nil
	}
	return err
}

func statusOf(identity *Identity) *screeningv1.RegionIdentity {
	if identity == nil {
		return nil
	}
	return &screeningv1.RegionIdentity{
		KeyDigest:   screeningv1.Digest(identity.KeyDigest),
		PublicKey:   identity.PublicKey,
		JoinedTime:  metav1.NewTime(identity.Joined.Truncate(1e9)),
		Incarnation: identity.Incarnation,
	}
}
