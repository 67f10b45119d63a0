// SPDX-License-Identifier: Apache-2.0

// Package chart renders charts/frontline in each of its roles and holds the
// manifests to what the project promises of them.
package chart

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

const (
	repository = "../.."
	namespace  = "frontline-system"
)

// roles are the values of each way to install.
var roles = []struct {
	name   string
	values []string
}{
	{name: "hub", values: []string{"role=hub"}},
	{name: "region", values: []string{"role=region", "region.name=north"}},
	{name: "all", values: []string{"role=all", "region.name=north"}},
}

// readChart opens the chart's files, so that go test, which sees what this
// process opens and not what Helm does, runs again when the chart has changed.
var readChart = sync.OnceValue(func() error {
	return filepath.WalkDir(filepath.Join(repository, "charts/frontline"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		_, err = os.ReadFile(path)
		return err
	})
})

// helm is where the pinned Helm is, built on first use.
var helm = sync.OnceValues(func() (string, error) {
	var stderr bytes.Buffer
	cmd := exec.Command(filepath.Join(repository, "hack/tool.sh"), "--path", "helm")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", errors.New(stderr.String())
	}
	return strings.TrimSpace(string(out)), nil
})

// template renders the chart; the error holds what Helm said.
func template(t *testing.T, values ...string) ([]unstructured.Unstructured, error) {
	t.Helper()
	path, err := helm()
	if err != nil {
		t.Fatalf("building helm: %v", err)
	}
	if err := readChart(); err != nil {
		t.Fatalf("reading the chart: %v", err)
	}
	args := []string{"template", "frontline", filepath.Join(repository, "charts/frontline"), "--namespace", namespace}
	for _, value := range values {
		args = append(args, "--set", value)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, errors.New(stderr.String())
	}
	return decode(t, &stdout), nil
}

// render renders the chart and fails the test when it cannot be.
func render(t *testing.T, values ...string) []unstructured.Unstructured {
	t.Helper()
	objects, err := template(t, values...)
	if err != nil {
		t.Fatalf("helm template with %v: %v", values, err)
	}
	if len(objects) == 0 {
		t.Fatalf("helm template with %v rendered nothing", values)
	}
	return objects
}

func decode(t *testing.T, manifests io.Reader) []unstructured.Unstructured {
	t.Helper()
	var objects []unstructured.Unstructured
	documents := utilyaml.NewYAMLReader(bufio.NewReader(manifests))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		var object unstructured.Unstructured
		if err := yaml.Unmarshal(document, &object.Object); err != nil {
			t.Fatalf("%v in:\n%s", err, document)
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}

// ofKind returns the objects of the kinds.
func ofKind(objects []unstructured.Unstructured, kinds ...string) []unstructured.Unstructured {
	var found []unstructured.Unstructured
	for _, object := range objects {
		for _, kind := range kinds {
			if object.GetKind() == kind {
				found = append(found, object)
			}
		}
	}
	return found
}

// convert reads an object, or a part of one, into its type, and fails on
// fields that the type does not have.
func convert(t *testing.T, from map[string]any, into any) {
	t.Helper()
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(from, into, true); err != nil {
		t.Fatalf("%v in %v", err, from)
	}
}

// podTemplate is the template of a workload of the chart.
type podTemplate struct {
	workload string
	corev1.PodTemplateSpec
}

// podTemplates returns the pods of each Deployment and StatefulSet.
func podTemplates(t *testing.T, objects []unstructured.Unstructured) []podTemplate {
	t.Helper()
	var templates []podTemplate
	for _, workload := range ofKind(objects, "Deployment", "StatefulSet") {
		content, found, err := unstructured.NestedMap(workload.Object, "spec", "template")
		if err != nil || !found {
			t.Fatalf("%s %s has no template: %v", workload.GetKind(), workload.GetName(), err)
		}
		template := podTemplate{workload: workload.GetName()}
		convert(t, content, &template.PodTemplateSpec)
		templates = append(templates, template)
	}
	if len(templates) == 0 {
		t.Fatal("no workloads")
	}
	return templates
}
