// SPDX-License-Identifier: Apache-2.0

// Package api tests what a real API server makes of manifests: which it
// accepts, which it refuses, and the sentence a person then reads.
package api

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/frontline-screening/frontline/hack/cluster/rig"
)

// Folders and files below the root of the repository.
const (
	root    = "../.."
	crds    = root + "/config/crd/bases"
	samples = root + "/config/samples"
)

// server is the API server of every test in this package; api reads and writes
// as kubectl does, unknown fields refused.
var (
	server     *envtest.Environment
	api        client.Client
	kubectl    string
	kubeconfig string
)

// background outlives each test, for what is tidied up after it.
var background = context.Background()

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	assets, err := rig.EnvtestAssets(background)
	if err != nil {
		return 1, fmt.Errorf("find kube-apiserver, etcd and kubectl for tests: %w", err)
	}
	server = &envtest.Environment{
		BinaryAssetsDirectory:    assets,
		CRDDirectoryPaths:        []string{crds},
		ErrorIfCRDPathMissing:    true,
		ControlPlaneStartTimeout: 2 * time.Minute,
	}
	config, err := server.Start()
	defer func() {
		if stopErr := server.Stop(); stopErr != nil && err == nil {
			err = fmt.Errorf("stop the API server: %w", stopErr)
		}
	}()
	if err != nil {
		return 1, fmt.Errorf("start the API server: %w", err)
	}
	plain, err := client.New(config, client.Options{})
	if err != nil {
		return 1, fmt.Errorf("make a client: %w", err)
	}
	api = client.WithFieldValidation(plain, metav1.FieldValidationStrict)
	for _, name := range []string{"intl", "region-north", "region-south", "rs"} {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if err := api.Create(background, namespace); err != nil {
			return 1, fmt.Errorf("create namespace %s: %w", name, err)
		}
	}
	folder, err := os.MkdirTemp("", "frontline-api-")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	kubectl, kubeconfig = filepath.Join(assets, "kubectl"), filepath.Join(folder, "kubeconfig")
	if err := os.WriteFile(kubeconfig, server.KubeConfig, 0o600); err != nil {
		return 1, fmt.Errorf("write the kubeconfig: %w", err)
	}
	return m.Run(), nil
}
