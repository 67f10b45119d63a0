// SPDX-License-Identifier: Apache-2.0

package api

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Every sample passes the dry run that its users are told to make.
func TestSamplesAreAccepted(t *testing.T) {
	files, err := filepath.Glob(samples + "/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			runKubectl(t, "apply", "--dry-run=server", "--server-side", "-f", file)
		})
	}
}

// The negative samples say in their first line whether, and with which
// sentence, the server refuses them.
func TestNegativeSamples(t *testing.T) {
	files, err := filepath.Glob(samples + "/invalid/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d negative samples: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(string(content), "\n")
			want, refused := strings.CutPrefix(first, "# Refused: ")
			if !refused && !strings.HasPrefix(first, "# Accepted: ") {
				t.Fatalf("the first line is %q, want one that begins with # Refused: or # Accepted:", first)
			}
			var got []string
			for _, object := range readManifest(t, file) {
				err := api.Create(t.Context(), object, client.DryRunAll)
				if err == nil || apierrors.IsAlreadyExists(err) {
					continue
				}
				for _, cause := range causes(t, err) {
					_, message, _ := strings.Cut(cause, ": ")
					got = append(got, message)
				}
			}
			var wanted []string
			if refused {
				wanted = []string{want}
			}
			if diff := cmp.Diff(wanted, got); diff != "" {
				t.Errorf("refusals (-want +got):\n%s", diff)
			}
		})
	}
}

// One apply of the folder must do on a hub, so its kustomization must be whole.
func TestSamplesKustomization(t *testing.T) {
	got := strings.Fields(runKubectl(t, "apply", "--dry-run=server", "--server-side", "-o", "name", "-k", samples))
	want := []string{
		"namespace/intl", "namespace/region-north", "namespace/region-south",
		"borderpost.screening.frontline.dev/hani-i-hotit", "borderpost.screening.frontline.dev/bozaj",
		"matcherpool.screening.frontline.dev/general", "matcherpool.screening.frontline.dev/general",
		"regionalcluster.screening.frontline.dev/north", "regionalcluster.screening.frontline.dev/south",
		"watchlistfeed.screening.frontline.dev/un-sc",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("objects of %s (-want +got):\n%s", samples, diff)
	}
}

// One apply must do as well where hub and region are one cluster. The chart has
// made the region's namespace by then.
func TestAllInOneKustomization(t *testing.T) {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "region-home"}}
	if err := api.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(runKubectl(t, "apply", "--dry-run=server", "--server-side", "-o", "name", "-k", samples+"/all-in-one"))
	want := []string{
		"namespace/intl",
		"borderpost.screening.frontline.dev/gate",
		"matcherpool.screening.frontline.dev/general",
		"regionterms.screening.frontline.dev/terms",
		"regionalcluster.screening.frontline.dev/home",
		"watchlistfeed.screening.frontline.dev/un-sc",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}

func runKubectl(t *testing.T, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), kubectl, append([]string{"--kubeconfig", kubeconfig}, arguments...)...)
	var complaints strings.Builder
	command.Stderr = &complaints
	output, err := command.Output()
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(arguments, " "), err, complaints.String())
	}
	return string(output)
}
