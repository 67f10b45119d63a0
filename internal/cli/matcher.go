// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/httpserver"
	"github.com/frontline-screening/frontline/internal/matcher"
	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/serve"
)

func newMatcherCommand() *cobra.Command {
	var o serveOptions
	var data, ack, region, pool, accuracy string
	var modalities []string
	cmd := &cobra.Command{
		Use:     "matcher",
		Short:   "Search what the loader beside it brought, for the fronts of the region",
		Example: `  frontline matcher --region north --pool general --accuracy Balanced`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd.Flags(), "region", "pool", "data", "ack"); err != nil {
				return err
			}
			options, err := engineOptions(accuracy, modalities)
			if err != nil {
				return err
			}
			identity, err := httpserver.LoadIdentity(o.tls)
			if err != nil {
				return err
			}
			engine := matcher.New(options)
			defer engine.Close()
			service := matcher.NewService(engine, matcher.ServiceOptions{})
			keeper := serve.New(engine, serve.Options{
				Region: region, Pool: pool, Dir: dataset.OpenDir(data), Ack: ack, Metrics: service.Registry(),
			})
			return o.serve(cmd.Context(), keeper.Run,
				httpserver.Server{
					Name: "matcher", Bind: o.bind, Handler: serve.Handler(service, engine, region),
					TLS: pki.ServerConfigFrom(identity.Certificate, identity.CAs, true),
				},
				httpserver.Server{
					Name: "health", Bind: o.healthBind,
					Handler: httpserver.Health(httpserver.Sticky(keeper.Ready), service.Registry()),
				},
			)
		},
	}
	o.addFlags(cmd.Flags(), ":8443", ":8081")
	flags := cmd.Flags()
	flags.StringVar(&data, "data", "/data", "dataset directory, written by the loader")
	flags.StringVar(&ack, "ack", "/ack", "folder for the acknowledgement to the loader")
	flags.StringVar(&region, "region", "", "region of the pool")
	flags.StringVar(&pool, "pool", "", "pool of this pod")
	flags.StringVar(&accuracy, "accuracy", string(screen.ProfileBalanced), "thresholds: HighRecall, Balanced or HighPrecision")
	flags.StringSliceVar(&modalities, "modalities", nil, "what the pool offers to search by (default all that the engine can)")
	return cmd
}

func engineOptions(accuracy string, modalities []string) (matcher.Options, error) {
	options := matcher.Options{Profile: screen.Profile(accuracy)}
	if !slices.Contains(screen.Profiles(), options.Profile) {
		return options, fmt.Errorf("--accuracy %q is not known: use HighRecall, Balanced or HighPrecision", accuracy)
	}
	for _, m := range modalities {
		if !slices.Contains(screen.Modalities(), screen.Modality(m)) {
			return options, fmt.Errorf("--modalities %q is not known: use Biographic, Document, Fingerprint or Face", m)
		}
		options.Modalities = append(options.Modalities, screen.Modality(m))
	}
	return options, nil
}
