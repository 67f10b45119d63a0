// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/frontline-screening/frontline/internal/join"
	"github.com/frontline-screening/frontline/internal/link"
	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/region"
)

// Local is the hub in whose process the region runs.
type Local struct {
	// Hub is the hub without a gateway between.
	Hub link.Hub
	// CA is the authority of the one registry, which then is the region's too.
	CA *pki.CA
	// Pinned reports whether the hub takes the key with the digest (pki.KeyPin)
	// for the region's. It is no longer when the region was made anew under
	// another legal order.
	Pinned func(ctx context.Context, keyDigest string) (bool, error)
	// Invite makes an invitation for the region; it fails until the hub knows
	// the region.
	Invite func(ctx context.Context) (join.Invitation, error)
}

// invitationInterval is how often a new invitation is looked for.
const invitationInterval = 10 * time.Second

// keepLink joins when there is an invitation, and follows the hub that was
// joined. Nothing of it is needed to serve.
func (a *Agent) keepLink(ctx context.Context) error {
	logger := ctrl.LoggerFrom(ctx).WithName("link")
	var line sync.WaitGroup
	defer line.Wait()
	var cancel context.CancelFunc
	stop := func() {
		if cancel != nil {
			cancel()
			line.Wait()
			cancel = nil
		}
	}
	defer stop()
	saidNotJoined, said := false, ""
	for ctx.Err() == nil {
		joinedNow, err := a.join(ctx)
		if err != nil && ctx.Err() == nil && err.Error() != said {
			said = err.Error()
			logger.Info("Not joined with the invitation", "reason", "JoinFailed", "cause", said)
		}
		switch joined := a.region.Joined(); {
		case joined == nil && !saidNotJoined:
			saidNotJoined = true
			logger.Info("Waiting for an invitation; run `frontline region join FILE` in this cluster", "reason", "NotJoined", "region", a.options.Region)
		case joined != nil && (cancel == nil || joinedNow):
			stop()
			said = ""
			work, end := context.WithCancel(ctx)
			if err := a.follow(work, &line, logger); err != nil {
				end()
				logger.Error(err, "The hub cannot be followed; the order in force and the copies held go on serving")
				break
			}
			cancel = end
		}
		sleep(ctx, invitationInterval)
	}
	return nil
}

// join uses a new invitation, if there is one, and reports whether it joined.
func (a *Agent) join(ctx context.Context) (bool, error) {
	joined := a.region.Joined()
	if a.options.Local != nil {
		return a.joinLocal(ctx, joined)
	}
	data, err := a.invitation(ctx)
	if err != nil || data == nil {
		return false, err
	}
	// One that was used is not looked at again: by now it may have expired.
	var token struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(data, &token); err == nil && joined != nil && join.MatchToken(token.Token, joined.Invitation) {
		return false, nil
	}
	inv, err := join.ReadInvitation(data, a.options.Now())
	if err != nil {
		return false, err
	}
	if err := CheckNotTheHubs(ctx, a.reader, inv.Region); err != nil {
		return false, err
	}
	identity, err := a.identity()
	if err != nil {
		return false, err
	}
	hub, err := link.NewHTTP(inv.Gateways, []byte(inv.GatewayCA), identity)
	if err != nil {
		return false, err
	}
	if err := region.Join(ctx, a.region, hub, inv); err != nil {
		return false, err
	}
	ctrl.LoggerFrom(ctx).WithName("link").Info("Joined", "region", inv.Region, "hub", inv.HubUID)
	return true, nil
}

// joinLocal joins the hub of this process whenever that does not know the
// region's key: nobody else could bring an invitation.
func (a *Agent) joinLocal(ctx context.Context, joined *region.Joined) (bool, error) {
	local := a.options.Local
	if joined != nil {
		identity, err := a.region.Store().Identity(a.options.Region, a.options.Now())
		if err != nil {
			return false, err
		}
		if pinned, err := local.Pinned(ctx, pki.KeyPin(identity.Key.Public())); err != nil || pinned {
			return false, err
		}
	}
	inv, err := local.Invite(ctx)
	if err != nil {
		return false, err
	}
	if err := region.Join(ctx, a.region, local.Hub, inv); err != nil {
		return false, err
	}
	ctrl.LoggerFrom(ctx).WithName("link").Info("Joined", "region", inv.Region, "hub", inv.HubUID)
	return true, nil
}

func (a *Agent) identity() (pki.CertificateSource, error) {
	identity, err := a.region.Store().Identity(a.options.Region, a.options.Now())
	if err != nil {
		return nil, err
	}
	return identity.Certificate()
}

// follow starts what lives by the line: pulling orders, copying feeds,
// reporting. Each goes on when another fails.
func (a *Agent) follow(ctx context.Context, line *sync.WaitGroup, logger logr.Logger) error {
	hub, err := a.hub(ctx)
	if err != nil {
		return err
	}
	follower, err := region.NewFollower(a.region, hub, logger.WithName("orders"))
	if err != nil {
		return err
	}
	replicator, err := region.NewReplicator(a.region, hub.Registry(), a.registry, logger.WithName("copies"))
	if err != nil {
		return err
	}
	measure(replicator)
	reporter := region.NewReporter(a.region, hub, a.orders.Observe, a.options.Version, logger.WithName("reports"))
	for _, run := range []func(context.Context) error{follower.Run, replicator.Run, reporter.Run} {
		line.Go(func() {
			if err := run(ctx); err != nil {
				logger.Error(err, "A part of the line ended")
			}
		})
	}
	line.Go(func() { a.wakeReporter(ctx, reporter) })
	a.exchange(follower, reporter, logger)
	return nil
}

func (a *Agent) hub(ctx context.Context) (link.Hub, error) {
	if a.options.Local != nil {
		return a.options.Local.Hub, nil
	}
	if err := CheckNotTheHubs(ctx, a.reader, a.options.Region); err != nil {
		return nil, err
	}
	joined := a.region.Joined()
	identity, err := a.identity()
	if err != nil {
		return nil, err
	}
	hub, err := link.NewHTTP(joined.Gateways, []byte(joined.GatewayCA), identity)
	if err != nil {
		return nil, fmt.Errorf("the hub that was joined: %w", err)
	}
	return hub, nil
}

// reportSpacing lets the statuses of many objects that change together go into
// one report.
const reportSpacing = 2 * time.Second

// wakeReporter lets statuses that changed be reported soon. A report is made of
// all objects of the region, so while nothing changes none is made but for the
// heartbeat.
func (a *Agent) wakeReporter(ctx context.Context, reporter *region.Reporter) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.orders.Looked():
			sleep(ctx, reportSpacing)
			reporter.Wake()
		}
	}
}
