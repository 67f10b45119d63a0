// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/hack/cluster/internal/smoke"
	"github.com/frontline-screening/frontline/hack/cluster/rig"
)

func newKubeconfig(o *options) *cobra.Command {
	var merged, path bool
	c := &cobra.Command{
		Use:   "kubeconfig [NAME]",
		Short: "Print the kubeconfig of one cluster or of all",
		Long: `Print the administrator's kubeconfig of one cluster, or with --merged one with
a context for each cluster. A context has its cluster's name.`,
		Example: `  go run ./hack/cluster kubeconfig hub > hub.kubeconfig
  export KUBECONFIG=$(go run ./hack/cluster kubeconfig --merged --path)`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			file, err := kubeconfigFile(o, args, merged)
			if err != nil {
				return err
			}
			if path {
				_, err = fmt.Fprintln(c.OutOrStdout(), file)
				return err
			}
			content, err := os.ReadFile(file)
			if errors.Is(err, os.ErrNotExist) {
				return errors.New("no clusters are up; run: go run ./hack/cluster up")
			}
			if err != nil {
				return fmt.Errorf("read kubeconfig: %w", err)
			}
			_, err = c.OutOrStdout().Write(content)
			return err
		},
	}
	c.Flags().BoolVar(&merged, "merged", false, "one file for all clusters")
	c.Flags().BoolVar(&path, "path", false, "print the file's path instead of its content")
	return c
}

func kubeconfigFile(o *options, args []string, merged bool) (string, error) {
	if merged == (len(args) == 1) {
		return "", usageError{errors.New("give either the name of a cluster or --merged")}
	}
	if merged {
		return rig.MergedKubeconfig(o.state)
	}
	cluster, err := find(o, args[0])
	if err != nil {
		return "", err
	}
	return cluster.Kubeconfig, nil
}

func find(o *options, name string) (*rig.Cluster, error) {
	clusters, err := rig.Load(o.state)
	if err != nil {
		return nil, err
	}
	return rig.Find(clusters, name)
}

func newLoadImage(o *options) *cobra.Command {
	var names []string
	c := &cobra.Command{
		Use:   "load-image FILE.tar",
		Short: "Load an image archive into clusters",
		Long: `Load an image archive, in the form of "docker save" or "buildah push …
docker-archive:FILE:REF", into clusters. Pods use the image by its reference
with imagePullPolicy IfNotPresent.`,
		Example: `  go run ./hack/cluster load-image frontline.tar
  go run ./hack/cluster load-image frontline.tar --cluster north,south`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			clusters, err := rig.Load(o.state)
			if err != nil {
				return err
			}
			if len(clusters) == 0 {
				return errors.New("no clusters are up; run: go run ./hack/cluster up")
			}
			if len(names) > 0 {
				chosen := []*rig.Cluster{}
				for _, name := range names {
					cluster, err := rig.Find(clusters, name)
					if err != nil {
						return err
					}
					chosen = append(chosen, cluster)
				}
				clusters = chosen
			}
			for _, cluster := range clusters {
				refs, err := cluster.LoadImage(c.Context(), args[0])
				if err != nil {
					return err
				}
				for _, ref := range refs {
					fmt.Fprintf(c.OutOrStdout(), "%s\t%s\n", cluster.Name, ref)
				}
			}
			return nil
		},
	}
	c.Flags().StringSliceVar(&names, "cluster", nil, "names of the clusters (default: all)")
	return c
}

// newLink makes the command cut or mend.
func newLink(o *options, verb string) *cobra.Command {
	short, long, apply := "Cut a cluster off from the others", `Cut a cluster off from the others: packets between it and them vanish in both
directions. The host still reaches it. Cutting twice is cutting once.`, (*rig.Cluster).Cut
	if verb == "mend" {
		short, long, apply = "Mend the link of a cluster that was cut off", "Undo cut; mending a whole link does nothing.", (*rig.Cluster).Mend
	}
	return &cobra.Command{
		Use:     verb + " NAME",
		Short:   short,
		Long:    long,
		Example: "  go run ./hack/cluster " + verb + " north",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			cluster, err := find(o, args[0])
			if err != nil {
				return err
			}
			return apply(cluster, c.Context())
		},
	}
}

func newAssets() *cobra.Command {
	return &cobra.Command{
		Use:   "assets",
		Short: "Print a folder with kube-apiserver, etcd and kubectl for tests",
		Long: `Print a folder that holds kube-apiserver, etcd and kubectl, for tests of
controllers; they are built first where needed. Needs neither root nor Linux
namespaces. Where KUBEBUILDER_ASSETS names such a folder, that is printed.`,
		Example: `  KUBEBUILDER_ASSETS=$(go run ./hack/cluster assets) go test ./controllers/...`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			dir, err := rig.EnvtestAssets(c.Context())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), dir)
			return err
		},
	}
}

func newCheck(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Check that running clusters do what the rig promises",
		Long: `Run a hardened pod with a volume in every cluster and check from inside and
outside that names resolve, volumes are writable, NodePorts answer to the host
and to the other clusters, a cut link is cut and a mended one whole. Needs at
least two running clusters; leaves nothing but used volumes behind.`,
		Example: `  go run ./hack/cluster check`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return check(c.Context(), o, c)
		},
	}
}

func check(ctx context.Context, o *options, c *cobra.Command) error {
	clusters, err := rig.Load(o.state)
	if err != nil {
		return err
	}
	return smoke.Run(ctx, clusters, c.OutOrStdout())
}
