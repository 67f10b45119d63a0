// SPDX-License-Identifier: Apache-2.0

package order

import (
	"context"
	"errors"
	"fmt"
	"time"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/trust"
)

// ErrRootPending says that the holders have not signed a root.json for the
// region, so that nothing can be signed for it.
var ErrRootPending = errors.New("the region's trust root is not signed")

// retryRoot is the wait before a region's signed root is looked for again.
const retryRoot = 15 * time.Second

// Signer is what the orders of one region are signed with.
type Signer struct {
	// Term of the hub, as the newest root says it.
	Term int64
	Keys trust.Signers
	// Roots are all versions of the region's root.json.
	Roots trust.Roots
	// RootExpires is the end of the newest.
	RootExpires time.Time
}

// Signers keeps the signers of all regions.
type Signers interface {
	// Signer returns a region's, and makes its keys when it has none. It is
	// ErrRootPending while holders have to sign its root.
	Signer(ctx context.Context, region string) (Signer, error)
	// Adopt keeps roots that holders signed and the hub has lost. They are
	// verified already.
	Adopt(ctx context.Context, region string, roots trust.Roots) error
}

// unlock finds what the region's order is signed with. Without a signed root
// the pass ends here; whatever else concerns the region goes on.
func (r *Reconciler) unlock(ctx context.Context, s *scope) error {
	signer, err := r.Signers.Signer(ctx, s.region.Name)
	switch {
	case errors.Is(err, ErrRootPending):
		s.lookAgain(retryRoot)
		conditions.False(s.region, screeningv1.ConditionTrustRoot, screeningv1.ReasonTrustRootPending,
			"The holders have not signed the region's trust root; collect what they are to sign with: frontline trust root add")
		return err
	case err != nil:
		return err
	}
	s.signer = signer
	now := r.Clock.Now()
	end := signer.RootExpires.UTC().Format(time.DateOnly)
	switch rest := signer.RootExpires.Sub(now); {
	case rest <= 0:
		conditions.False(s.region, screeningv1.ConditionTrustRoot, screeningv1.ReasonTrustRootExpired,
			"Version %d of the trust root expired on %s, the region takes nothing new; run: frontline trust root renew", len(signer.Roots), end)
	case rest < warnRoot:
		conditions.True(s.region, screeningv1.ConditionTrustRoot, screeningv1.ReasonTrustRootExpiring,
			"Version %d of the trust root expires on %s; run: frontline trust root renew", len(signer.Roots), end)
	default:
		conditions.True(s.region, screeningv1.ConditionTrustRoot, screeningv1.ReasonTrustRootSigned,
			"Version %d of the trust root, term %d, is good until %s", len(signer.Roots), signer.Term, end)
	}
	return nil
}

// warnRoot is how long before its end a root is said to need renewal.
const warnRoot = 60 * 24 * time.Hour

// keepRoots stores roots that the registry had and the hub had lost, and goes
// on with them.
func (r *Reconciler) keepRoots(ctx context.Context, s *scope, roots trust.Roots) error {
	if len(roots) <= len(s.signer.Roots) {
		return nil
	}
	if err := r.Signers.Adopt(ctx, s.region.Name, roots); err != nil {
		return err
	}
	signer, err := r.Signers.Signer(ctx, s.region.Name)
	if err != nil {
		return fmt.Errorf("after roots of region %s were adopted: %w", s.region.Name, err)
	}
	s.signer = signer
	return nil
}

// artifacts are the manifests that the order serves, with the sizes that the
// registry says or that were signed before.
func (r *Reconciler) artifacts(ctx context.Context, s *scope) ([]trust.Artifact, error) {
	var out []trust.Artifact
	for _, feed := range s.listed {
		if feed.Artifact == "" {
			continue
		}
		known := trust.Artifact{Feed: feed.ID, Digest: feed.Artifact}
		if size, ok := s.published.artifactSize(feed.ID, feed.Artifact); ok {
			known.Size = size
		} else {
			size, err := r.manifestSize(ctx, s.region.Name, feed.ID, feed.Artifact)
			if err != nil {
				return nil, err
			}
			known.Size = size
		}
		out = append(out, known)
	}
	return out, nil
}
