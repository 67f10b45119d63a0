// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/frontline-screening/frontline/internal/httpserver"
)

// defaultDrain and the default of --settle fit into the 30 s that Kubernetes leaves a pod.
const defaultDrain = 15 * time.Second

// serveOptions are the flags of every subcommand that serves.
type serveOptions struct {
	bind, healthBind, tls string
	settle, drain         time.Duration
}

// addFlags adds the flags. bind and tls are the defaults; an empty bind leaves its flag out.
func (o *serveOptions) addFlags(flags *pflag.FlagSet, bind, healthBind string) {
	if bind != "" {
		flags.StringVar(&o.bind, "bind", bind, "address of the service, HOST:PORT")
		flags.DurationVar(&o.settle, "settle", 5*time.Second, "how long new connections are still taken after the signal to end")
		flags.DurationVar(&o.drain, "drain", defaultDrain, "longest wait for running requests after that")
	}
	flags.StringVar(&o.healthBind, "health-bind", healthBind, "address of /livez, /readyz and /metrics, without TLS, HOST:PORT")
	flags.StringVar(&o.tls, "tls", "/etc/frontline/tls", "folder with tls.crt, tls.key and ca.crt, read again when they change")
}

// serve runs the servers, and beside them work that ends with the context. The
// servers drain first, so that the work serves them to their end.
func (o *serveOptions) serve(ctx context.Context, work func(context.Context) error, servers ...httpserver.Server) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var workErr error
	var running sync.WaitGroup
	running.Go(func() {
		if workErr = work(working); workErr != nil {
			cancel(workErr)
		}
	})
	drain := o.drain
	if drain <= 0 {
		drain = defaultDrain
	}
	err := httpserver.Run(ctx, httpserver.Options{Settle: o.settle, Drain: drain}, servers...)
	stop()
	running.Wait()
	return errors.Join(workErr, err)
}

// idle is the work of a command that only serves.
func idle(context.Context) error { return nil }

// require refuses a command whose flags are empty, naming each.
func require(flags *pflag.FlagSet, names ...string) error {
	var errs []error
	for _, name := range names {
		if f := flags.Lookup(name); f != nil && f.Value.String() == "" {
			errs = append(errs, errors.New("--"+name+" is empty: give "+f.Usage))
		}
	}
	return errors.Join(errs...)
}
