// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/frontline-screening/frontline/hack/cluster/rig"
)

// Image is a container image by reference and, for clusters that pull
// nothing, the archive that holds it.
type Image struct{ Reference, Archive string }

// OnRig brings up hub, north and south on this machine and loads the image.
// Packages of the system that are missing are installed first; log receives
// the rig's progress.
func OnRig(ctx context.Context, root string, image Image, progress *Progress, log io.Writer) (*Stage, error) {
	s, clusters, err := onClusters(ctx, root, image, progress, rig.Options{Log: log})
	if err != nil {
		return nil, err
	}
	for _, c := range clusters {
		if c.Name == "hub" {
			s.Hub, s.PublisherHost = siteOf(c), c.HostIP
		} else {
			s.Regions = append(s.Regions, siteOf(c))
		}
	}
	return s, nil
}

// onClusters brings up the rig's clusters with the image loaded, and returns
// a stage that has its tools and no sites yet.
func onClusters(ctx context.Context, root string, image Image, progress *Progress, options rig.Options) (*Stage, []*rig.Cluster, error) {
	if err := rig.InstallPackages(ctx, options.Log); err != nil {
		return nil, nil, err
	}
	s, err := New(root, image.Reference, progress)
	if err != nil {
		return nil, nil, err
	}
	assets, err := rig.EnvtestAssets(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := s.UseTools(ctx, filepath.Join(assets, "kubectl")); err != nil {
		return nil, nil, err
	}
	names := options.Clusters
	if len(names) == 0 {
		names = rig.DefaultClusters
	}
	progress.Step("bringing up %s", strings.Join(names, ", "))
	clusters, err := rig.Up(ctx, options)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range clusters {
		progress.Step("%s: loading the image", c.Name)
		if _, err := c.LoadImage(ctx, image.Archive); err != nil {
			return nil, nil, fmt.Errorf("cluster %s: %w", c.Name, err)
		}
	}
	return s, clusters, nil
}

func siteOf(c *rig.Cluster) Site {
	return Site{Name: c.Name, Kubeconfig: c.Kubeconfig, Context: c.Name, Address: c.NodeIP}
}
