// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/frontline-screening/frontline/hack/cluster/rig"
)

// env is an API server for the commands that a fake cannot stand in for.
var env struct {
	Client     client.Client
	Kubeconfig string
}

func TestMain(m *testing.M) {
	code, err := withServer(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withServer(m *testing.M) (code int, err error) {
	assets, err := rig.EnvtestAssets(context.Background())
	if err != nil {
		return 1, fmt.Errorf("find kube-apiserver and etcd for tests: %w", err)
	}
	server := &envtest.Environment{
		BinaryAssetsDirectory:    assets,
		CRDDirectoryPaths:        []string{"../../config/crd/bases"},
		ErrorIfCRDPathMissing:    true,
		ControlPlaneStartTimeout: 2 * time.Minute,
		ControlPlaneStopTimeout:  2 * time.Minute,
	}
	config, err := server.Start()
	defer func() { err = errors.Join(err, server.Stop()) }()
	if err != nil {
		return 1, fmt.Errorf("start the API server of %s: %w", assets, err)
	}
	if env.Client, err = client.New(config, client.Options{Scheme: newScheme()}); err != nil {
		return 1, err
	}
	folder, err := os.MkdirTemp("", "frontline-cli-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	env.Kubeconfig = filepath.Join(folder, "kubeconfig")
	if err := os.WriteFile(env.Kubeconfig, server.KubeConfig, 0o600); err != nil {
		return 1, err
	}
	return m.Run(), nil
}
