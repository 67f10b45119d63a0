// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"context"
	"fmt"
	"io"

	"github.com/frontline-screening/frontline/hack/cluster/rig"
)

// LocalRegion is the region of the samples that runs in the hub's own cluster.
const LocalRegion = "home"

// SoloCluster is the rig's name for the one cluster of an all-in-one stage.
const SoloCluster = "solo"

// AllInOneOnRig brings up one cluster that is hub and region together, with
// the image loaded. state is the rig's folder for it, so that it can stand
// beside hub, north and south.
func AllInOneOnRig(ctx context.Context, root, state string, image Image, progress *Progress, log io.Writer) (*Stage, error) {
	s, clusters, err := onClusters(ctx, root, image, progress, rig.Options{State: state, Clusters: []string{SoloCluster}, Log: log})
	if err != nil {
		return nil, err
	}
	if len(clusters) != 1 {
		return nil, fmt.Errorf("the rig has %d clusters in %s, want %s alone", len(clusters), state, SoloCluster)
	}
	s.Samples = "all-in-one"
	s.Hub, s.PublisherHost = siteOf(clusters[0]), clusters[0].HostIP
	region := s.Hub
	region.Name = LocalRegion
	s.Regions = []Site{region}
	return s, nil
}

// InstallAllInOne installs the chart as hub and local region and waits until
// it runs. The region joins by itself.
func (s *Stage) InstallAllInOne(ctx context.Context) error {
	s.Progress.Step("%s: installing hub and region %s", s.Hub.Name, LocalRegion)
	if err := s.Apply(ctx, s.Hub, fmt.Sprintf(namespaceManifest, Namespace)); err != nil {
		return err
	}
	if err := s.helmInstall(ctx, s.Hub, "role=all", "region.name="+LocalRegion, "hub.allowPrivateSources=true"); err != nil {
		return err
	}
	return s.waitRollout(ctx, s.Hub, "deployment/frontline-all", "statefulset/frontline-registry")
}
