// SPDX-License-Identifier: Apache-2.0

package order

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
	// Waits says that the next root is to be signed by holders; KeysLost that
	// the newest names other keys than Keys.
	Waits, KeysLost bool
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
	if errors.Is(err, ErrRootPending) {
		s.lookAgain(retryRoot)
		conditions.Set(s.region, screeningv1.ConditionTrustRootPending, metav1.ConditionTrue, screeningv1.ReasonWaitingForHolders,
			"The holders have not signed the region's trust root; collect what they are to sign with: frontline trust root add")
		return err
	}
	if err != nil {
		return err
	}
	s.signer = signer
	r.judgeRoot(s)
	return nil
}

// judgeRoot says what there is to do about the region's root, and nothing
// where there is nothing.
func (r *Reconciler) judgeRoot(s *scope) {
	pending := func(reason, format string, args ...any) {
		conditions.Set(s.region, screeningv1.ConditionTrustRootPending, metav1.ConditionTrue, reason, fmt.Sprintf(format, args...))
	}
	rest := s.signer.RootExpires.Sub(r.Clock.Now())
	end := s.signer.RootExpires.UTC().Format(time.DateOnly)
	switch {
	case s.signer.KeysLost:
		pending(screeningv1.ReasonTrustKeysLost,
			"The region's trust root names keys that this hub does not have, and nothing can be signed; run: frontline trust rotate %s", s.region.Name)
	case rest <= 0:
		pending(screeningv1.ReasonTrustRootExpiring, "The trust root expired on %s and the region takes nothing new; run: frontline trust root renew", end)
	case s.signer.Waits:
		s.lookAgain(retryRoot)
		pending(screeningv1.ReasonWaitingForHolders,
			"The next trust root waits for its holders' signatures, the one before serves; collect it with: frontline trust root add")
	case rest < warnRoot:
		pending(screeningv1.ReasonTrustRootExpiring, "The trust root expires on %s; run: frontline trust root renew", end)
	default:
		conditions.Delete(s.region, screeningv1.ConditionTrustRootPending)
	}
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
