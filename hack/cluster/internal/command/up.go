// SPDX-License-Identifier: Apache-2.0

package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/hack/cluster/rig"
)

func newUp(o *options) *cobra.Command {
	var options rig.Options
	var install bool
	c := &cobra.Command{
		Use:   "up",
		Short: "Bring clusters up",
		Long: `Bring clusters up and wait until their nodes are Ready and cluster DNS answers.

Clusters that already run are left as they are; one that is there only in part,
after a crash or a reboot, is taken down and made anew. The first time, the
programs are built, which takes about ten minutes on two cores.

Each cluster has one node with a default StorageClass of six volumes. Its API
server and NodePorts answer on the node's address, to the host and to pods of
every cluster.`,
		Example: `  go run ./hack/cluster up
  go run ./hack/cluster up --clusters hub,north
  go run ./hack/cluster up --clusters api --no-nodes`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			options.State, options.Log = o.state, c.ErrOrStderr()
			if install {
				if err := rig.InstallPackages(c.Context(), c.ErrOrStderr()); err != nil {
					return err
				}
			}
			clusters, err := rig.Up(c.Context(), options)
			if err != nil {
				return err
			}
			path, err := rig.MergedKubeconfig(o.state)
			if err != nil {
				return err
			}
			for _, cluster := range clusters {
				fmt.Fprintf(c.OutOrStdout(), "%s\t%s\t%s\n", cluster.Name, cluster.Server, cluster.Kubeconfig)
			}
			fmt.Fprintf(c.ErrOrStderr(), "All clusters as contexts of one file: export KUBECONFIG=%s\n", path)
			return nil
		},
	}
	c.Flags().StringSliceVar(&options.Clusters, "clusters", rig.DefaultClusters, "names of the clusters")
	c.Flags().BoolVar(&options.NoNodes, "no-nodes", false, "control planes only: no kubelet, containers or DNS")
	c.Flags().BoolVar(&install, "install-packages", false, "install missing Debian packages with apt-get first")
	return c
}

func newDown(o *options) *cobra.Command {
	var names []string
	c := &cobra.Command{
		Use:   "down",
		Short: "Take clusters down with everything in them",
		Long: `Take clusters down with everything in them: pods, processes, mounts, networks,
control groups and files. Only what the rig itself started is ended.`,
		Example: `  go run ./hack/cluster down
  go run ./hack/cluster down --clusters south`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return rig.Down(c.Context(), o.state, c.ErrOrStderr(), names...)
		},
	}
	c.Flags().StringSliceVar(&names, "clusters", nil, "names of the clusters (default: all)")
	return c
}
