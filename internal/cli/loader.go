// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/httpserver"
	"github.com/frontline-screening/frontline/internal/loader"
	"github.com/frontline-screening/frontline/internal/pki"
)

func newLoaderCommand() *cobra.Command {
	var o serveOptions
	var agentURL, registryURL, data, ack, region, pool, pod string
	cmd := &cobra.Command{
		Use:   "loader",
		Short: "Bring to a matcher pod what the region's agent says it shall search",
		Example: `  frontline loader --agent https://frontline-agent.frontline-system.svc:9443 \
    --registry https://frontline-registry.frontline-system.svc:5000 --region north --pool general`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if pod == "" {
				pod, _ = os.Hostname() // in Kubernetes, the name of the pod
			}
			if err := require(cmd.Flags(), "agent", "registry", "region", "pool", "data", "ack"); err != nil {
				return err
			}
			identity, err := httpserver.LoadIdentity(o.tls)
			if err != nil {
				return err
			}
			client := loaderClient(identity)
			agent, err := loader.NewAgent(agentURL, pool, client)
			if err != nil {
				return err
			}
			registry, err := artifact.Connect(registryURL, client)
			if err != nil {
				return err
			}
			metrics := httpserver.NewMetrics()
			l := loader.New(loader.Options{
				Region: region, Pool: pool, Pod: pod, Dir: dataset.OpenDir(data), Ack: ack,
				Agent: agent, Registry: registry, Verifier: loader.NewVerifier(filepath.Join(o.tls, "trust.json"), dataset.OpenDir(data)), Metrics: loader.NewMetrics(metrics),
			})
			return o.serve(cmd.Context(), l.Run,
				httpserver.Server{Name: "health", Bind: o.healthBind, Handler: httpserver.Health(httpserver.Always, metrics)},
			)
		},
	}
	o.addFlags(cmd.Flags(), "", ":8082")
	flags := cmd.Flags()
	flags.StringVar(&agentURL, "agent", "", "URL of the region's agent, https://HOST:PORT")
	flags.StringVar(&registryURL, "registry", "", "URL of the region's registry, https://HOST:PORT")
	flags.StringVar(&data, "data", "/data", "dataset directory, read by the matcher; in memory")
	flags.StringVar(&ack, "ack", "/ack", "folder in which the matcher acknowledges")
	flags.StringVar(&region, "region", "", "region of the pool")
	flags.StringVar(&pool, "pool", "", "pool of this pod")
	flags.StringVar(&pod, "pod", "", "name of this pod (default the host name)")
	return cmd
}

// loaderClient proves the pool by its certificate to agent and registry, which
// prove themselves by their DNS names. It has no time limit of its own: held
// requests and transfers have theirs.
func loaderClient(identity httpserver.Identity) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSClientConfig:       pki.ClientConfigFrom(identity.Certificate, identity.CAs, ""),
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 45 * time.Second,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConnsPerHost:   4,
	}}
}
