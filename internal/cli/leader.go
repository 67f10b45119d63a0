// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/pflag"
	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontline-screening/frontline/controllers/hub/bootstrap"
	"github.com/frontline-screening/frontline/internal/gateway"
	"github.com/frontline-screening/frontline/internal/pki"
)

// leaderLease is the Lease that the processes of a hub elect one by.
const leaderLease = "frontline-hub"

// leaderOptions are the flags of an election.
type leaderOptions struct {
	elect                       bool
	advertise                   string
	lease, renewDeadline, retry time.Duration

	// identity is what the Lease names this process by, once it is known.
	identity string
}

func (o *leaderOptions) addFlags(flags *pflag.FlagSet) {
	flags.BoolVar(&o.elect, "leader-elect", true, "run controllers in one process of several")
	flags.DurationVar(&o.lease, "leader-lease", 15*time.Second, "how long after its last sign of life the place of a process that led is taken; one that ends in order leaves it at once")
	flags.DurationVar(&o.renewDeadline, "leader-renew-deadline", 10*time.Second, "how long a process that leads tries to give a sign of life before it ends")
	flags.DurationVar(&o.retry, "leader-retry", 2*time.Second, "time between two signs of life, and between two looks of the others")
}

func (o *leaderOptions) check() error {
	switch {
	case o.lease <= o.renewDeadline || o.renewDeadline <= o.retry || o.retry <= 0:
		return errors.New("--leader-lease must be longer than --leader-renew-deadline, and that than --leader-retry, so that a process that led has ended before another takes its place")
	case o.advertise != "" && net.ParseIP(o.advertise) == nil:
		return fmt.Errorf("--advertise-ip %q is no IP address", o.advertise)
	}
	return nil
}

// apply makes the manager take part. The Lease names a process by where the
// others reach its gateway.
func (o *leaderOptions) apply(options *ctrl.Options, config *rest.Config, namespace, gatewayBind string) error {
	options.LeaderElection = o.elect
	options.LeaderElectionID = leaderLease
	options.LeaderElectionNamespace = namespace
	options.LeaderElectionReleaseOnCancel = true
	options.LeaseDuration, options.RenewDeadline, options.RetryPeriod = &o.lease, &o.renewDeadline, &o.retry
	if !o.elect || o.advertise == "" || gatewayBind == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(gatewayBind)
	if err != nil {
		return fmt.Errorf("--gateway-bind %q has not the form HOST:PORT", gatewayBind)
	}
	o.identity = net.JoinHostPort(o.advertise, port) + "_" + string(uuid.NewUUID())
	options.LeaderElectionResourceLockInterface, err = resourcelock.NewFromKubeconfig(resourcelock.LeasesResourceLock, namespace, leaderLease,
		resourcelock.ResourceLockConfig{Identity: o.identity}, config, o.renewDeadline)
	if err != nil {
		return fmt.Errorf("take part in the election of a leader: %w", err)
	}
	return nil
}

// leader finds the gateway of the process that leads; empty when none does, or
// this one is about to.
func (o *leaderOptions) leader(reader client.Reader, namespace string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		lease := &coordinationv1.Lease{}
		if err := reader.Get(ctx, types.NamespacedName{Namespace: namespace, Name: leaderLease}, lease); err != nil {
			return "", client.IgnoreNotFound(err)
		}
		if lease.Spec.HolderIdentity == nil || *lease.Spec.HolderIdentity == o.identity {
			return "", nil
		}
		address, _, _ := strings.Cut(*lease.Spec.HolderIdentity, "_")
		if _, _, err := net.SplitHostPort(address); err != nil {
			return "", nil //nolint:nilerr // a process that does not say where it is
		}
		return address, nil
	}
}

// relay lets this process hand over to the one that leads, and returns by what
// option the gateway takes over from others. Without an address of its own it
// does neither.
func (o *leaderOptions) relay(service *gateway.Service, reader client.Reader, namespace string, renewer *bootstrap.Renewer, ca *pki.CA) []gateway.Option {
	if o.identity == "" {
		return nil
	}
	peers := gateway.Peers(ca.Pool(), service.Reports, service.Joiner)
	relay := &gateway.Relay{
		Reports: service.Reports, Joiner: service.Joiner, Leader: o.leader(reader, namespace),
		Client: &http.Client{
			Timeout: time.Minute,
			Transport: &http.Transport{
				TLSClientConfig:     pki.ClientConfig(renewer.Client, ca.Pool(), bootstrap.GatewayHost(namespace)),
				DialContext:         (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
				ForceAttemptHTTP2:   true,
				MaxIdleConnsPerHost: 8,
				IdleConnTimeout:     90 * time.Second,
			},
		},
	}
	service.Reports, service.Joiner = relay, relay
	return []gateway.Option{peers}
}
