// SPDX-License-Identifier: Apache-2.0

// Package testenv runs tests against a real etcd and kube-apiserver, without
// nodes and without root. A package starts one for all of its tests:
//
//	var env *testenv.Environment
//
//	func TestMain(m *testing.M) { testenv.Main(m, &env) }
//
// Nothing but the API server answers: no controller of Kubernetes runs, so
// Deployments get no pods, owners are not followed by garbage collection, and a
// deleted namespace stays Terminating. Tests use a namespace of their own each.
package testenv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/hack/cluster/rig"
)

// startTimeout bounds the start of etcd and of the API server, each, on a
// machine that is busy with other tests.
const startTimeout = 2 * time.Minute

// Environment is a running API server that serves the project's CRDs.
type Environment struct {
	// Config connects as an administrator.
	Config *rest.Config
	// Client reads and writes without a cache.
	Client client.Client
	// Scheme knows the kinds of Kubernetes and of the project.
	Scheme *runtime.Scheme
	// Kubeconfig is the path of a file with which kubectl connects.
	Kubeconfig string
	// Kubectl is the path of a kubectl of the API server's version.
	Kubectl string

	server *envtest.Environment
	folder string
}

// Main starts an environment, stores it in env, runs the package's tests, stops
// it and exits. The run fails when any reconcile panicked, even if no test noticed.
// crdPaths are files or folders of CRDs besides the project's own.
func Main(m *testing.M, env **Environment, crdPaths ...string) {
	os.Exit(run(m, env, crdPaths))
}

func run(m *testing.M, env **Environment, crdPaths []string) (code int) {
	started, err := start(context.Background(), crdPaths)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	*env = started
	defer func() {
		if err := started.stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}()
	code = m.Run()
	if err := checkPanics(metrics.Registry); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	return code
}

func start(ctx context.Context, crdPaths []string) (*Environment, error) {
	assets, err := rig.EnvtestAssets(ctx)
	if err != nil {
		return nil, fmt.Errorf("find kube-apiserver, etcd and kubectl for tests: %w", err)
	}
	root, err := repositoryRoot()
	if err != nil {
		return nil, err
	}
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(screeningv1.AddToScheme(scheme))

	server := &envtest.Environment{
		Scheme:                   scheme,
		BinaryAssetsDirectory:    assets,
		CRDDirectoryPaths:        append([]string{filepath.Join(root, "config", "crd", "bases")}, crdPaths...),
		ErrorIfCRDPathMissing:    true,
		ControlPlaneStartTimeout: startTimeout,
		ControlPlaneStopTimeout:  startTimeout,
	}
	config, err := server.Start()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the API server of %s: %w", assets, err), server.Stop())
	}
	env := &Environment{Config: config, Scheme: scheme, server: server, Kubectl: filepath.Join(assets, "kubectl")}
	if err := env.connect(); err != nil {
		return nil, errors.Join(err, env.stop())
	}
	return env, nil
}

func (e *Environment) connect() error {
	var err error
	if e.Client, err = client.New(e.Config, client.Options{Scheme: e.Scheme}); err != nil {
		return fmt.Errorf("make a client of the test API server: %w", err)
	}
	if e.folder, err = os.MkdirTemp("", "frontline-testenv-"); err != nil {
		return fmt.Errorf("make a folder for the kubeconfig: %w", err)
	}
	e.Kubeconfig = filepath.Join(e.folder, "kubeconfig")
	if err := os.WriteFile(e.Kubeconfig, e.server.KubeConfig, 0o600); err != nil {
		return fmt.Errorf("write the kubeconfig: %w", err)
	}
	return nil
}

func (e *Environment) stop() error {
	var err error
	if e.folder != "" {
		err = os.RemoveAll(e.folder)
	}
	return errors.Join(err, e.server.Stop())
}

// CreateNamespace makes a namespace for one test and returns its name, which
// begins with prefix.
func (e *Environment) CreateNamespace(t testing.TB, prefix string) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: prefix + "-"}}
	if err := e.Client.Create(t.Context(), namespace); err != nil {
		t.Fatalf("create a namespace for the test: %v", err)
	}
	return namespace.Name
}

// repositoryRoot returns the folder of the module that the test belongs to;
// tests run in the folder of their package.
func repositoryRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "config", "crd", "bases")); err == nil {
			return folder, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", errors.New("find the repository: no folder above this package has config/crd/bases; run the test inside a checkout, after make generate")
		}
		folder = parent
	}
}
