// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontline-screening/frontline/controllers/hub/bootstrap"
	"github.com/frontline-screening/frontline/controllers/hub/election"
	"github.com/frontline-screening/frontline/internal/gateway"
	"github.com/frontline-screening/frontline/internal/pki"
)

// leaderOptions are the flags of an election.
type leaderOptions struct {
	elect                       bool
	advertise                   string
	lease, renewDeadline, retry time.Duration

	// election is nil when there is none.
	election *election.Election
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

// apply makes the manager take part in the election.
func (o *leaderOptions) apply(options *ctrl.Options, config *rest.Config, namespace, gatewayBind string) error {
	if !o.elect {
		return nil
	}
	o.election = &election.Election{Namespace: namespace, Lease: o.lease, RenewDeadline: o.renewDeadline, Retry: o.retry}
	if o.advertise != "" && gatewayBind != "" {
		_, port, err := net.SplitHostPort(gatewayBind)
		if err != nil {
			return fmt.Errorf("--gateway-bind %q has not the form HOST:PORT", gatewayBind)
		}
		o.election.Address = net.JoinHostPort(o.advertise, port)
	}
	return o.election.Apply(options, config)
}

// relay lets this process hand over to the one that leads, and returns by what
// options the gateway takes over from others. Without an address of its own it
// does neither.
func (o *leaderOptions) relay(service *gateway.Service, reader client.Reader, namespace string, renewer *bootstrap.Renewer, ca *pki.CA) []gateway.Option {
	if o.election == nil || o.election.Address == "" {
		return nil
	}
	peers := gateway.Peers(ca.Pool(), service.Reports, service.Joiner)
	relay := &gateway.Relay{
		Reports: service.Reports, Joiner: service.Joiner, Leader: o.election.Leader(reader),
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
