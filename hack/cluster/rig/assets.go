// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"context"
	"os"

	"github.com/frontline-screening/frontline/hack/cluster/internal/binaries"
)

// EnvtestAssets returns a folder that holds kube-apiserver, etcd and kubectl
// for controller-runtime's envtest: the one KUBEBUILDER_ASSETS names, or one in
// the user's cache, whose programs are built from the pinned modules when they
// are not there yet (announced on standard error). It needs neither root nor
// Linux namespaces.
func EnvtestAssets(ctx context.Context) (string, error) {
	store, err := binaries.Open(os.Stderr)
	if err != nil {
		return "", err
	}
	return store.EnvtestAssets(ctx)
}
