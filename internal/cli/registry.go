// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/frontline-screening/frontline/internal/httpserver"
	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/registry"
)

func newRegistryCommand() *cobra.Command {
	var bind, healthBind, tlsDir string
	var collectEvery time.Duration
	config := registry.Config{Authorize: registry.BySPIFFE}
	cmd := &cobra.Command{
		Use:     "registry",
		Short:   "Keep orders and lists as OCI artifacts, for the holders of an identity alone",
		Example: `  frontline registry --root /var/lib/registry --tls-dir /etc/frontline/tls`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			if collectEvery < time.Minute {
				return errors.New("--collect-every is below a minute: writers would wait all the time; give one hour or more")
			}
			identity, err := httpserver.LoadIdentity(tlsDir)
			if err != nil {
				return err
			}
			if err := registry.CheckRoot(config.Root); err != nil {
				return err
			}
			config.Log = logr.FromContextOrDiscard(ctx)
			store, err := registry.New(ctx, config)
			if err != nil {
				return err
			}
			metrics := httpserver.NewMetrics()
			metrics.MustRegister(store.Metrics())
			o := serveOptions{}
			serve := func(ctx context.Context) error {
				work, ctx := errgroup.WithContext(ctx)
				work.Go(func() error {
					return registry.Serve(ctx, bind, pki.ServerConfigFrom(identity.Certificate, identity.CAs, true), store, config.Log)
				})
				work.Go(func() error { return store.Run(ctx, collectEvery) })
				return work.Wait()
			}
			ready := func() error { return registry.CheckRoot(config.Root) }
			return o.serve(ctx, serve,
				httpserver.Server{Name: "health", Bind: healthBind, Handler: httpserver.Health(ready, metrics)},
			)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&config.Root, "root", "/var/lib/registry", "folder that holds everything; one process owns it")
	flags.StringVar(&bind, "bind", ":5000", "address of the registry, HOST:PORT")
	flags.StringVar(&healthBind, "health-bind", ":8081", "address of /livez, /readyz and /metrics, without TLS, HOST:PORT")
	flags.StringVar(&tlsDir, "tls-dir", "/etc/frontline/tls", "folder with tls.crt, tls.key and ca.crt, read again when they change")
	flags.DurationVar(&collectEvery, "collect-every", time.Hour, "how often what nothing refers to is removed; also at the start and when a writer asks")
	flags.DurationVar(&config.Grace, "collect-grace", registry.DefaultGrace, "how long a blob stays that no manifest refers to; longer than any push takes")
	flags.StringSliceVar(&config.Untagged, "collect-untagged", registry.DefaultUntagged, "repositories whose manifests go when no tag names them any more; * stands for one part of a name")
	flags.DurationVar(&config.UntaggedAfter, "collect-untagged-after", registry.DefaultUntaggedAfter, "how long such a manifest stays after a newer one took its place")
	flags.Int64Var(&config.Reserve, "reserve-bytes", registry.DefaultReserve, "bytes of the volume that stay free; a push that needs them is refused, reading goes on")
	return cmd
}
