// SPDX-License-Identifier: Apache-2.0

// Package misuse plays what somebody tries with a stolen token or with a role
// that is theirs, against the API server of a hub and that of a region, both
// installed from the chart. Roles and admission policies have to refuse each
// attempt, and to let each of them do what it is there for.
package misuse

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/frontline-screening/frontline/hack/cluster/rig"
)

const (
	root    = "../.."
	install = "frontline-system"
	// startTimeout bounds the start of etcd and of the API server, each, on a
	// machine that is busy with other tests.
	startTimeout = 2 * time.Minute
)

// hub and region are two clusters, each installed from the chart in its role.
var hub, region *site

// site is an API server as its administrator reaches it.
type site struct {
	config *rest.Config
	admin  client.Client
	server *envtest.Environment
}

func TestMain(m *testing.M) {
	code, err := run(context.Background(), m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(ctx context.Context, m *testing.M) (code int, err error) {
	defer func() {
		for _, s := range []*site{hub, region} {
			if s != nil {
				err = errors.Join(err, s.server.Stop())
			}
		}
	}()
	if hub, err = open(ctx, "role=hub"); err != nil {
		return 1, err
	}
	if region, err = open(ctx, "role=region,region.name=north"); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// open starts an API server and installs the chart on it.
func open(ctx context.Context, values string) (*site, error) {
	assets, err := rig.EnvtestAssets(ctx)
	if err != nil {
		return nil, fmt.Errorf("find kube-apiserver, etcd and kubectl for tests: %w", err)
	}
	s := &site{server: &envtest.Environment{
		BinaryAssetsDirectory:    assets,
		CRDDirectoryPaths:        []string{filepath.Join(root, "config/crd/bases")},
		ErrorIfCRDPathMissing:    true,
		ControlPlaneStartTimeout: startTimeout,
		ControlPlaneStopTimeout:  startTimeout,
	}}
	if s.config, err = s.server.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the API server: %w", err), s.server.Stop())
	}
	if err := s.install(ctx, values); err != nil {
		return nil, errors.Join(err, s.server.Stop())
	}
	return s, nil
}

func (s *site) install(ctx context.Context, values string) error {
	var err error
	if s.admin, err = client.New(s.config, client.Options{}); err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: install}}
	if err := s.admin.Create(ctx, namespace); err != nil {
		return fmt.Errorf("make namespace %s: %w", install, err)
	}
	objects, err := render(ctx, values)
	if err != nil {
		return err
	}
	// Helm, too, makes namespaces before what stands in them.
	for _, first := range []bool{true, false} {
		for _, object := range objects {
			if (object.GetKind() == "Namespace") != first {
				continue
			}
			if err := s.admin.Create(ctx, object); err != nil {
				return fmt.Errorf("install %s %s: %w", object.GetKind(), object.GetName(), err)
			}
		}
	}
	return nil
}

// render returns the chart's manifests without its definitions.
func render(ctx context.Context, values string) ([]*unstructured.Unstructured, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(root, "hack/tool.sh"), "helm", "template", "frontline",
		filepath.Join(root, "charts/frontline"), "--namespace", install, "--set", "crds.enabled=false,"+values)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("render the chart with %s: %w: %s", values, err, stderr.String())
	}
	return decode(&stdout)
}

func decode(manifests io.Reader) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	documents := utilyaml.NewYAMLReader(bufio.NewReader(manifests))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(document, &object.Object); err != nil {
			return nil, fmt.Errorf("%w in:\n%s", err, document)
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}

// sample returns the first object of the sample of a kind, which stands in
// namespace region-north or intl or in none.
func sample(t *testing.T, kind string) *unstructured.Unstructured {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "config/samples", strings.ToLower(kind)+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	objects, err := decode(bytes.NewReader(data))
	if err != nil || len(objects) == 0 {
		t.Fatalf("the sample of %s: %d objects, %v", kind, len(objects), err)
	}
	return objects[0]
}
