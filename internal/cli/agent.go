// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/region/agent"
)

// agentOptions are the flags of what runs a region.
type agentOptions struct {
	region, installNamespace, stateDir, registry string
	keyNamespace, priorityClass                  string
	bind, filesBind, image, engineImage          string
	metricsBind, healthBind, pprofBind           string
}

func (o *agentOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.region, "region", "", "name of the region")
	flags.StringVar(&o.bind, "bind", ":9443", "address of the interface for loaders, HOST:PORT")
	flags.StringVar(&o.filesBind, "files-bind", "127.0.0.1:9444", "loopback address that takes bundles and gives reports as files, reached by a forwarded port; empty for none")
	flags.StringVar(&o.image, "image", "", "image of this program, which fronts run, and loaders beside an engine that a pool newly runs (default that of --engine-image)")
	flags.StringVar(&o.engineImage, "engine-image", "", "image that pools run which name none; those that run keep theirs")
	flags.StringVar(&o.priorityClass, "priority-class", "", "PriorityClass of matcher pods, which must be there; another one replaces them (default that of the cluster)")
}

// addCommonFlags adds the flags that hub and region share.
func (o *agentOptions) addCommonFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.installNamespace, "install-namespace", "frontline-system", "namespace of this installation")
	flags.StringVar(&o.keyNamespace, "key-namespace", "", "namespace of the Secret with the region's identity and authority; that of the installation if empty")
	flags.StringVar(&o.stateDir, "state-dir", "/var/lib/frontline", "folder for the keys of feeds, the trust state and the last verified order")
	flags.StringVar(&o.registry, "registry", "", "URL of the registry, https://HOST:PORT (default the one of this installation)")
	flags.StringVar(&o.metricsBind, "metrics-bind", ":8080", "address of /metrics and /status, HOST:PORT")
	flags.StringVar(&o.healthBind, "health-bind", ":8081", "address of /livez and /readyz, HOST:PORT")
	addPprofFlag(flags, &o.pprofBind)
}

func (o *agentOptions) complete() error {
	if o.registry == "" {
		o.registry = "https://frontline-registry." + o.installNamespace + ".svc:5000"
	}
	if o.image == "" {
		o.image = o.engineImage
	}
	switch {
	case o.region == "":
		return errors.New("--region is empty: give the name of the region, as its RegionalCluster on the hub has it")
	case o.engineImage == "":
		return errors.New("--engine-image is empty: give the image that matchers run")
	}
	return checkPprof(o.pprofBind)
}

func (o *agentOptions) agent() agent.Options {
	return agent.Options{
		Region: o.region, InstallNamespace: o.installNamespace, KeyNamespace: o.keyNamespace, StateDir: o.stateDir, Registry: o.registry,
		Bind: o.bind, FilesBind: o.filesBind, Image: o.image, EngineImage: o.engineImage, PriorityClass: o.priorityClass, Version: readVersion().Version, Now: time.Now,
	}
}

func newAgentCommand() *cobra.Command {
	var o agentOptions
	cmd := &cobra.Command{
		Use:   "agent",
		Short: "Run a region: obey its signed order, hold its copies, keep its pools and posts",
		Long: "Runs in the region's own cluster and knows that cluster's API server alone. It starts\n" +
			"and serves without its hub; before the region has joined one, it waits for the\n" +
			"invitation that `frontline region join` leaves.",
		Example: `  frontline agent --region north --registry https://frontline-registry.frontline-system.svc:5000 \
    --engine-image registry.example/frontline:v1`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.complete(); err != nil {
				return err
			}
			return runAgent(cmd.Context(), o)
		},
	}
	o.addFlags(cmd.Flags())
	o.addCommonFlags(cmd.Flags())
	return cmd
}

func runAgent(ctx context.Context, o agentOptions) error {
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("the API server of this cluster: %w", err)
	}
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                 newScheme(),
		Logger:                 logr.FromContextOrDiscard(ctx),
		Cache:                  agent.CacheOptions(o.region),
		Client:                 agent.ClientOptions(),
		Metrics:                metricsserver.Options{BindAddress: o.metricsBind},
		HealthProbeBindAddress: o.healthBind,
		PprofBindAddress:       o.pprofBind,
		LivenessEndpointName:   "/livez",
	})
	if err != nil {
		return fmt.Errorf("agent of region %s: %w", o.region, err)
	}
	if _, err := agent.Add(mgr, o.agent()); err != nil {
		return err
	}
	if err := errors.Join(mgr.AddHealthzCheck("ping", healthz.Ping), mgr.AddReadyzCheck("ping", healthz.Ping)); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

// newScheme knows the kinds of Kubernetes and of Frontline.
func newScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(screeningv1.AddToScheme(scheme))
	return scheme
}
