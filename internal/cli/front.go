// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"crypto/tls"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/internal/front"
	"github.com/frontline-screening/frontline/internal/httpserver"
	"github.com/frontline-screening/frontline/internal/pki"
)

func newFrontCommand() *cobra.Command {
	var o serveOptions
	var attempt time.Duration
	cmd := &cobra.Command{
		Use:   "front",
		Short: "Answer the officers of one post by asking its pools",
		Long: "Serves the screening interface of one post over TLS. The post is described by the\n" +
			"environment variable " + front.ConfigVariable + ", JSON as the region's agent writes it.",
		Example: `  frontline front --bind :8443 --tls /etc/frontline/tls`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := front.ParseConfig([]byte(os.Getenv(front.ConfigVariable)))
			if err != nil {
				return err
			}
			identity, err := httpserver.LoadIdentity(o.tls)
			if err != nil {
				return err
			}
			metrics := httpserver.NewMetrics()
			f, err := front.New(front.Options{
				Config: config, Attempt: attempt, Metrics: front.NewMetrics(metrics),
				TLS: func(pool string) *tls.Config {
					return pki.ClientConfigFrom(identity.Certificate, identity.CAs, pki.MatcherID(config.Region, pool))
				},
			})
			if err != nil {
				return err
			}
			// Devices prove nothing yet: the front does not ask them for a certificate.
			server := pki.ServerConfig(identity.Certificate, nil, false)
			server.ClientAuth = tls.NoClientCert
			return o.serve(cmd.Context(), idle,
				httpserver.Server{Name: "front", Bind: o.bind, Handler: f.Handler(), TLS: server},
				httpserver.Server{Name: "health", Bind: o.healthBind, Handler: httpserver.Health(httpserver.Always, metrics)},
			)
		},
	}
	o.addFlags(cmd.Flags(), ":8443", ":8081")
	cmd.Flags().DurationVar(&attempt, "attempt", 3*time.Second, "longest wait for a pool, of which there are at most two")
	return cmd
}
