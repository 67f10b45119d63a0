// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/frontline-screening/frontline/hack/cluster/rig"
)

// Image is a container image by reference and, for clusters that pull
// nothing, the archive that holds it.
type Image struct{ Reference, Archive string }

// OnRig brings up hub, north and south on this machine and loads the image.
// Packages of the system that are missing are installed first; log receives
// the rig's progress.
func OnRig(ctx context.Context, root string, image Image, progress *Progress, log io.Writer) (*Stage, error) {
	if err := rig.InstallPackages(ctx, log); err != nil {
		return nil, err
	}
	s, err := New(root, image.Reference, progress)
	if err != nil {
		return nil, err
	}
	assets, err := rig.EnvtestAssets(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.UseTools(ctx, filepath.Join(assets, "kubectl")); err != nil {
		return nil, err
	}
	progress.Step("bringing up hub, north and south")
	clusters, err := rig.Up(ctx, rig.Options{Log: log})
	if err != nil {
		return nil, err
	}
	for _, c := range clusters {
		progress.Step("%s: loading the image", c.Name)
		if _, err := c.LoadImage(ctx, image.Archive); err != nil {
			return nil, fmt.Errorf("cluster %s: %w", c.Name, err)
		}
		site := Site{Name: c.Name, Kubeconfig: c.Kubeconfig, Context: c.Name, Address: c.NodeIP}
		if c.Name == "hub" {
			s.Hub, s.PublisherHost = site, c.HostIP
		} else {
			s.Regions = append(s.Regions, site)
		}
	}
	return s, nil
}
