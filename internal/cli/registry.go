// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/internal/httpserver"
	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/registry"
)

func newRegistryCommand() *cobra.Command {
	var bind, healthBind, tlsDir, root string
	cmd := &cobra.Command{
		Use:   "registry",
		Short: "Keep orders and lists as OCI artifacts, for the holders of an identity alone",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			identity, err := httpserver.LoadIdentity(tlsDir)
			if err != nil {
				return err
			}
			if err := registry.CheckRoot(root); err != nil {
				return err
			}
			handler, err := registry.New(ctx, registry.Config{Root: root, Authorize: registry.BySPIFFE, Log: logr.FromContextOrDiscard(ctx)})
			if err != nil {
				return err
			}
			o := serveOptions{}
			serve := func(ctx context.Context) error {
				return registry.Serve(ctx, bind, pki.ServerConfig(identity.Certificate, identity.CAs, true), handler, logr.FromContextOrDiscard(ctx))
			}
			ready := func() error { return registry.CheckRoot(root) }
			return o.serve(ctx, serve,
				httpserver.Server{Name: "health", Bind: healthBind, Handler: httpserver.Health(ready, httpserver.NewMetrics())},
			)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&root, "root", "/var/lib/registry", "folder that holds everything; one process owns it")
	flags.StringVar(&bind, "bind", ":5000", "address of the registry, HOST:PORT")
	flags.StringVar(&healthBind, "health-bind", ":8081", "address of /livez, /readyz and /metrics, without TLS, HOST:PORT")
	flags.StringVar(&tlsDir, "tls-dir", "/etc/frontline/tls", "folder with tls.crt, tls.key and ca.crt, read again when they change")
	return cmd
}
