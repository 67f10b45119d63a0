// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Namespace is where the stage installs Frontline.
const Namespace = "frontline-system"

// GatewayPort is the NodePort of the hub's gateway.
const GatewayPort = 30443

// Stage is a hub, its regions and the tools to play them.
type Stage struct {
	Hub     Site
	Regions []Site
	// Root is the checkout's folder.
	Root string
	// Image is what the chart installs, repository and tag.
	ImageRepository, ImageTag string
	Progress                  *Progress
	// Samples is the folder of manifests that is played, below config/samples;
	// empty for a hub and its regions.
	Samples string
	// PublisherHost is the address of this machine as the hub's pods reach it.
	PublisherHost string
	tools         tools
}

type tools struct{ kubectl, helm, frontline string }

// New returns a stage for the checkout at root that installs the image.
func New(root, image string, progress *Progress) (*Stage, error) {
	at := strings.LastIndexByte(image, ':')
	if at <= strings.LastIndexByte(image, '/') {
		return nil, fmt.Errorf("image %q has no tag", image)
	}
	return &Stage{Root: root, ImageRepository: image[:at], ImageTag: image[at+1:], Progress: progress}, nil
}

// UseTools finds kubectl, helm and the project's own binary. kubectl may be
// empty for the one on the PATH.
func (s *Stage) UseTools(ctx context.Context, kubectl string) error {
	if kubectl == "" {
		kubectl = "kubectl"
	}
	helm, err := run(ctx, "", filepath.Join(s.Root, "hack/tool.sh"), "--path", "helm")
	if err != nil {
		return err
	}
	frontline := filepath.Join(s.Root, "bin/frontline")
	if _, err := os.Stat(frontline); err != nil {
		return errors.New("bin/frontline is missing; run make build first")
	}
	s.tools = tools{kubectl: kubectl, helm: strings.TrimSpace(helm), frontline: frontline}
	return nil
}

// KubectlPath is the kubectl that the stage uses.
func (s *Stage) KubectlPath() string { return s.tools.kubectl }

// Region returns the region with the name.
func (s *Stage) Region(name string) Site {
	for _, r := range s.Regions {
		if r.Name == name {
			return r
		}
	}
	panic("the stage has no region " + name)
}

// Sites are all clusters of the stage, the hub first.
func (s *Stage) Sites() []Site { return append([]Site{s.Hub}, s.Regions...) }

// Kubectl runs kubectl against a site.
func (s *Stage) Kubectl(ctx context.Context, site Site, args ...string) (string, error) {
	return run(ctx, "", s.tools.kubectl, append([]string{"--kubeconfig", site.Kubeconfig, "--context", site.Context}, args...)...)
}

// Apply applies a manifest given as text.
func (s *Stage) Apply(ctx context.Context, site Site, manifest string) error {
	_, err := run(ctx, manifest, s.tools.kubectl, "--kubeconfig", site.Kubeconfig, "--context", site.Context,
		"apply", "--server-side", "--force-conflicts", "--field-manager", "stage", "-f", "-")
	return err
}

// Frontline runs the project's own command against a site.
func (s *Stage) Frontline(ctx context.Context, site Site, args ...string) (string, error) {
	return run(ctx, "", s.tools.frontline, append(args, "--kubeconfig", site.Kubeconfig, "--context", site.Context)...)
}

// gateway is where regions reach the hub.
func (s *Stage) gateway() string { return fmt.Sprintf("%s:%d", s.Hub.Address, GatewayPort) }

const namespaceManifest = `apiVersion: v1
kind: Namespace
metadata:
  name: %s
  labels: {pod-security.kubernetes.io/enforce: restricted}
`

// helmInstall installs or upgrades the chart.
func (s *Stage) helmInstall(ctx context.Context, site Site, values ...string) error {
	args := []string{
		"upgrade", "--install", "frontline", filepath.Join(s.Root, "charts/frontline"),
		"--kubeconfig", site.Kubeconfig, "--kube-context", site.Context, "--namespace", Namespace,
		"--set", "image.repository=" + s.ImageRepository, "--set-string", "image.tag=" + s.ImageTag,
	}
	for _, v := range values {
		args = append(args, "--set", v)
	}
	_, err := run(ctx, "", s.tools.helm, args...)
	return err
}

// InstallHub installs the chart as a hub and waits until it runs.
func (s *Stage) InstallHub(ctx context.Context) error {
	s.Progress.Step("%s: installing the hub", s.Hub.Name)
	if err := s.Apply(ctx, s.Hub, fmt.Sprintf(namespaceManifest, Namespace)); err != nil {
		return err
	}
	if err := s.helmInstall(ctx, s.Hub,
		"role=hub", "hub.allowPrivateSources=true", "hub.gateway.address="+s.gateway(),
		"hub.gateway.service.type=NodePort", fmt.Sprintf("hub.gateway.service.nodePort=%d", GatewayPort)); err != nil {
		return err
	}
	return s.waitRollout(ctx, s.Hub, "deployment/frontline-hub", "statefulset/frontline-registry")
}

// Join makes the region known to the hub, invites it, and lets it join.
// manifest holds its RegionalCluster.
func (s *Stage) Join(ctx context.Context, region Site, manifest string) error {
	s.Progress.Step("%s: joining", region.Name)
	if err := Eventually(ctx, time.Second, func(ctx context.Context) error { return s.Apply(ctx, s.Hub, manifest) }); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "frontline-join-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	invitation := filepath.Join(folder, region.Name+".json")
	if err := Eventually(ctx, time.Second, func(ctx context.Context) error {
		_, err := s.Frontline(ctx, s.Hub, "region", "invite", region.Name, "--install-namespace", Namespace,
			"--gateway-address", s.gateway(), "--output", invitation)
		return err
	}); err != nil {
		return err
	}
	if err := s.Apply(ctx, region, fmt.Sprintf(namespaceManifest, Namespace)); err != nil {
		return err
	}
	if err := s.helmInstall(ctx, region, "role=region", "region.name="+region.Name); err != nil {
		return err
	}
	if _, err := s.Frontline(ctx, region, "region", "join", invitation, "--install-namespace", Namespace,
		"--feeds", "*", "--purposes", "BorderControl"); err != nil {
		return err
	}
	if err := s.waitRollout(ctx, region, "statefulset/frontline-agent", "statefulset/frontline-registry"); err != nil {
		return err
	}
	_, err = s.Kubectl(ctx, s.Hub, "wait", "--for=condition=Joined", "rgn/"+region.Name, "--timeout=90s")
	return err
}

func (s *Stage) waitRollout(ctx context.Context, site Site, workloads ...string) error {
	for _, w := range workloads {
		if _, err := s.Kubectl(ctx, site, "-n", Namespace, "rollout", "status", w, "--timeout=120s"); err != nil {
			return err
		}
	}
	return nil
}

// Post returns a client of a post of the region, once its endpoint is known.
func (s *Stage) Post(ctx context.Context, region Site, name string) (*Post, error) {
	namespace := "region-" + region.Name
	var hostname, port, authority string
	err := Eventually(ctx, time.Second, func(ctx context.Context) error {
		var err error
		if hostname, err = s.Kubectl(ctx, region, "-n", namespace, "get", "post", name, "-o", "jsonpath={.spec.endpoint.hostname}"); err != nil {
			return err
		}
		if port, err = s.Kubectl(ctx, region, "-n", namespace, "get", "service", name+"-front", "-o", "jsonpath={.spec.ports[0].nodePort}"); err != nil {
			return err
		}
		authority, err = s.Kubectl(ctx, region, "-n", namespace, "get", "secret", name+"-front-tls", "-o", `go-template={{index .data "ca.crt" | base64decode}}`)
		if err == nil && (port == "" || authority == "") {
			err = fmt.Errorf("post %s has no endpoint", name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return DialPost(hostname, region.Address+":"+port, []byte(authority))
}
