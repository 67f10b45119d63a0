// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// kubeOptions say which cluster a person's command talks to, as kubectl does.
type kubeOptions struct {
	kubeconfig string
	context    string
	namespace  string
}

func (o *kubeOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "path of the kubeconfig; empty for $KUBECONFIG or ~/.kube/config")
	flags.StringVar(&o.context, "context", "", "context of the kubeconfig; empty for its current one")
	flags.StringVar(&o.namespace, "install-namespace", "frontline-system", "namespace of the installation")
}

func (o *kubeOptions) config() (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.kubeconfig
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: o.context}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("find the cluster: %w; give --kubeconfig and --context", err)
	}
	return config, nil
}

func (o *kubeOptions) client() (client.Client, error) {
	if o.namespace == "" {
		return nil, errors.New("--install-namespace is empty: give the namespace of the installation")
	}
	config, err := o.config()
	if err != nil {
		return nil, err
	}
	c, err := client.New(config, client.Options{Scheme: newScheme()})
	if err != nil {
		return nil, fmt.Errorf("connect to the cluster: %w", err)
	}
	return c, nil
}
