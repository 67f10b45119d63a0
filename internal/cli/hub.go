// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/frontline-screening/frontline/controllers/hub"
	"github.com/frontline-screening/frontline/controllers/hub/bootstrap"
	"github.com/frontline-screening/frontline/controllers/hub/keystore"
	"github.com/frontline-screening/frontline/internal/gateway"
	"github.com/frontline-screening/frontline/internal/httpserver"
	"github.com/frontline-screening/frontline/internal/pki"
)

// hubOptions are the flags of a hub.
type hubOptions struct {
	namespace          string
	keyNamespace       string
	gatewayBind        string
	filesBind          string
	downloadRate       int64
	gatewayAddresses   []string
	registry           string
	registryCredential string
	registryCA         string
	stateDir           string
	metricsBind        string
	healthBind         string
	leader             leaderOptions
	pprofBind          string
	timestampInterval  time.Duration
	timestampLifetime  time.Duration
	allowPrivateSource bool
}

func (o *hubOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.namespace, "install-namespace", "frontline-system", "namespace of the installation")
	addKeyNamespace(flags, &o.keyNamespace)
	flags.StringVar(&o.registry, "registry", "", "base URL of the hub's registry, such as https://frontline-registry.frontline-system.svc:5000")
	flags.StringVar(&o.stateDir, "state-dir", "/var/lib/frontline", "folder in memory for content on its way; nothing in it needs to last")
	flags.StringVar(&o.metricsBind, "metrics-bind", ":8080", "address that serves metrics")
	flags.StringVar(&o.healthBind, "health-bind", ":8081", "address that serves /livez and /readyz")
	addPprofFlag(flags, &o.pprofBind)
	o.leader.addFlags(flags)
	flags.DurationVar(&o.timestampInterval, "timestamp-interval", 5*time.Minute, "time between two signatures of an unchanged order")
	flags.DurationVar(&o.timestampLifetime, "timestamp-lifetime", 15*time.Minute, "how long a signature is good for new content")
	flags.BoolVar(&o.allowPrivateSource, "allow-private-sources", false, "let feeds name publishers on private and loopback addresses")
}

// addGatewayFlags adds what only a hub with regions in other clusters has.
func (o *hubOptions) addGatewayFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.gatewayBind, "gateway-bind", ":8443", "address the gateway listens on")
	flags.StringVar(&o.filesBind, "files-bind", "127.0.0.1:8444", "loopback address that gives bundles and takes reports as files, reached by a forwarded port; empty for none")
	flags.Int64Var(&o.downloadRate, "download-bytes-per-second", 0, "bytes a second that all regions together read of lists, in equal parts; 0 is no limit")
	flags.StringVar(&o.registryCredential, "registry-credential", "", "folder with the files username and password, or token, for a registry that is not Frontline's own: docs/registry.md")
	flags.StringVar(&o.registryCA, "registry-ca", "", "file with the authority of that registry in PEM, beside the system's")
	flags.StringVar(&o.leader.advertise, "advertise-ip", "", "IP address at which other processes of this hub reach this one's gateway, to hand over what the leading one alone does; empty: regions connect again until they reach that")
	flags.StringArrayVar(&o.gatewayAddresses, "gateway-address", nil, "HOST:PORT by which regions reach the gateway; may be repeated, the first is tried first")
}

func (o *hubOptions) check() error {
	switch {
	case o.registry == "":
		return errors.New("--registry is missing: give the base URL of the hub's registry")
	case o.registryCA != "" && o.registryCredential == "":
		return errors.New("--registry-ca is for a registry that is not Frontline's own: give --registry-credential too, or neither")
	case o.timestampInterval <= 0 || o.timestampLifetime < 3*o.timestampInterval:
		return errors.New("--timestamp-lifetime must be at least three times --timestamp-interval, so that one signature that fails leaves time for the next")
	}
	if err := errors.Join(o.leader.check(), checkPprof(o.pprofBind)); err != nil {
		return err
	}
	for _, address := range o.gatewayAddresses {
		if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" {
			return fmt.Errorf("--gateway-address %q has not the form HOST:PORT", address)
		}
	}
	return nil
}

func newHubCommand() *cobra.Command {
	var o hubOptions
	cmd := &cobra.Command{
		Use:   "hub",
		Short: "Run the hub: publish feeds, sign orders, answer regions",
		Example: `  frontline hub --registry https://frontline-registry.frontline-system.svc:5000 \
    --gateway-address hub.example:8443`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			config, err := ctrl.GetConfig()
			if err != nil {
				return fmt.Errorf("find the API server: %w", err)
			}
			options, err := o.managerOptions(cmd.Context(), config)
			if err != nil {
				return err
			}
			mgr, err := ctrl.NewManager(config, options)
			if err != nil {
				return fmt.Errorf("start the manager: %w", err)
			}
			if _, err := o.addTo(cmd.Context(), mgr); err != nil {
				return err
			}
			return mgr.Start(cmd.Context())
		},
	}
	o.addFlags(cmd.Flags())
	o.addGatewayFlags(cmd.Flags())
	return cmd
}

func (o *hubOptions) managerOptions(ctx context.Context, config *rest.Config) (ctrl.Options, error) {
	options := ctrl.Options{
		Scheme:                 newScheme(),
		Logger:                 logr.FromContextOrDiscard(ctx),
		BaseContext:            func() context.Context { return ctx },
		Metrics:                metricsserver.Options{BindAddress: o.metricsBind},
		HealthProbeBindAddress: o.healthBind,
		PprofBindAddress:       o.pprofBind,
		LivenessEndpointName:   "/livez",
		Cache: cache.Options{ByObject: map[client.Object]cache.ByObject{
			&coordinationv1.Lease{}: {Namespaces: map[string]cache.Config{o.namespace: {}}},
		}},
		// The hub may read Secrets by name and not list them.
		Client: client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}}},
	}
	return options, o.leader.apply(&options, config, o.namespace, o.gatewayBind)
}

func (o *hubOptions) bootstrap() bootstrap.Options {
	return bootstrap.Options{Namespace: o.namespace, KeyNamespace: o.keyNamespace, GatewayAddresses: o.gatewayAddresses}
}

// addTo adds the hub to mgr and returns what regions talk to. The gateway is
// added where there is an address to bind it to.
func (o *hubOptions) addTo(ctx context.Context, mgr ctrl.Manager) (*gateway.Service, error) {
	if err := os.MkdirAll(o.stateDir, 0o700); err != nil {
		return nil, fmt.Errorf("--state-dir: %w", err)
	}
	direct, err := client.New(mgr.GetConfig(), client.Options{Scheme: mgr.GetScheme()})
	if err != nil {
		return nil, fmt.Errorf("connect to the API server: %w", err)
	}
	clk := clock.RealClock{}
	where := o.bootstrap()
	keys, err := bootstrap.Ensure(ctx, direct, where, clk.Now())
	if err != nil {
		return nil, err
	}
	renewer := bootstrap.NewRenewer(direct, where, keys, clk)
	transport := &http.Transport{
		TLSClientConfig:     pki.ClientConfig(renewer.Client, keys.CA.Pool(), ""),
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 32,
		IdleConnTimeout:     90 * time.Second,
	}
	registry, reach, err := o.connect(transport)
	if err != nil {
		return nil, err
	}
	service, err := hub.Setup(ctx, mgr, hub.Options{
		Namespace: o.namespace, Registry: registry, HubUID: keys.HubUID, Signers: where.Trust(direct, clk.Now), StateDir: o.stateDir,
		Keys:              keystore.New(direct, cmp.Or(o.keyNamespace, o.namespace), clk.Now),
		TimestampInterval: o.timestampInterval, TimestampLifetime: o.timestampLifetime,
		AllowPrivateSources: o.allowPrivateSource, FilesBind: o.filesBind, Clock: clk,
	})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(
		mgr.Add(renewer),
		mgr.AddHealthzCheck("ping", healthz.Ping),
		mgr.AddReadyzCheck("cache", func(r *http.Request) error {
			if !mgr.GetCache().WaitForCacheSync(r.Context()) {
				return errors.New("the cache is not filled")
			}
			return nil
		}),
	); err != nil {
		return nil, fmt.Errorf("add the hub's checks: %w", err)
	}
	if o.gatewayBind == "" {
		return service, nil
	}
	relayed := o.leader.relay(service, mgr.GetClient(), o.namespace, renewer, keys.CA)
	handler, err := gateway.NewHandler(service, o.registry, reach, append(relayed, gateway.WithRate(o.downloadRate))...)
	if err != nil {
		return nil, err
	}
	if err := mgr.Add(&gatewayRunnable{bind: o.gatewayBind, handler: handler, tls: pki.ServerConfig(renewer.Gateway, nil, false)}); err != nil {
		return nil, fmt.Errorf("add the gateway: %w", err)
	}
	return service, nil
}

// gatewayRunnable serves the gateway in every process of the hub; what only
// the leading one can do, the others hand over to it, or refuse so that the
// region connects again.
type gatewayRunnable struct {
	bind    string
	handler http.Handler
	tls     *tls.Config
}

// Start implements manager.Runnable.
func (g *gatewayRunnable) Start(ctx context.Context) error {
	return httpserver.Run(ctx, httpserver.Options{Drain: 10 * time.Second},
		httpserver.Server{Name: "gateway", Bind: g.bind, Handler: g.handler, TLS: g.tls})
}

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (g *gatewayRunnable) NeedLeaderElection() bool { return false }
