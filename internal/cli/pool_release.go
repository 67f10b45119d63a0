// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/region/agent"
)

func newPoolReleaseCommand() *cobra.Command {
	var kube kubeOptions
	var region string
	cmd := &cobra.Command{
		Use: "release POOL",
		Example: `  frontline pool release general --region north
  frontline pool release general --region north --context hub`,
		Short: "End the wish of whoever scaled a pool in its region",
		Long: "A pool that somebody in the region has scaled keeps that number, whatever the hub wishes\n" +
			"and its load asks for. This ends it: in the region at once, also without a line; on the hub\n" +
			"with the next order, and in the region as soon as that has arrived.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := require(cmd.Flags(), "region"); err != nil {
				return err
			}
			c, err := kube.client()
			if err != nil {
				return err
			}
			return releasePool(cmd.Context(), c, cmd.OutOrStdout(), region, args[0], time.Now())
		},
	}
	kube.addFlags(cmd.Flags())
	cmd.Flags().StringVar(&region, "region", "", "region of the pool")
	return cmd
}

// releasePool ends a local wish in the cluster that it is asked of: what the
// agent applied is the region's, everything else the hub's.
func releasePool(ctx context.Context, c client.Client, out io.Writer, region, name string, now time.Time) error {
	key := types.NamespacedName{Namespace: screeningv1.RegionNamespace(region), Name: name}
	pool := &screeningv1.MatcherPool{}
	if err := c.Get(ctx, key, pool); err != nil {
		if apierrors.IsNotFound(err) {
			return fmt.Errorf("pool %s does not exist; list the region's pools: kubectl get pool -n %s", key, key.Namespace)
		}
		return fmt.Errorf("read pool %s: %w", key, err)
	}
	if _, applied := pool.Annotations[screeningv1.AnnotationHubUID]; applied {
		released, err := agent.ReleaseReplicas(ctx, c, pool)
		switch {
		case err != nil:
			return fmt.Errorf("pool %s: %w", key, err)
		case !released:
			fmt.Fprintf(out, "Nobody in region %s has scaled pool %s: nothing to end.\n", region, name)
		default:
			fmt.Fprintf(out, "Pool %s of region %s follows the hub again.\n", name, region)
		}
		return nil
	}
	before := pool.DeepCopy()
	pool.Spec.ReplicasReset = now.UTC().Format(time.RFC3339)
	if err := c.Patch(ctx, pool, client.MergeFrom(before), client.FieldOwner("frontline-pool-release")); err != nil {
		return fmt.Errorf("pool %s: %w", key, err)
	}
	fmt.Fprintf(out, "The next order ends any local wish for pool %s in region %s.\n", name, region)
	return nil
}
