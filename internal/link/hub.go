// SPDX-License-Identifier: Apache-2.0

// Package link is a region's line to its hub. Everything that travels over it
// proves itself, so the line is only transport: it may fail for days, and it
// may be another line tomorrow.
package link

import (
	"context"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/join"
)

// Hub is what an agent asks of its hub.
type Hub interface {
	// Join hands over a signed request (join.NewRequest).
	Join(ctx context.Context, request []byte) (join.Acceptance, error)
	// WaitOrder waits, for at most about 25 s, until there is an order above
	// the sequence after. It is a hint and proves nothing; changed is false
	// when the time passed without one.
	WaitOrder(ctx context.Context, after int64) (sequence int64, changed bool, err error)
	// Report hands over a signed report (report.Sign). A report.TakenError says
	// that the hub has taken one that this is not newer than.
	Report(ctx context.Context, envelope []byte) error
	// Registry reads below regions/<own name>/ of the hub's registry.
	Registry() *artifact.Registry
}
