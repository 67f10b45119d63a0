// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/bootstrap"
	"github.com/frontline-screening/frontline/controllers/hub/regionalcluster"
	"github.com/frontline-screening/frontline/controllers/region/agent"
	"github.com/frontline-screening/frontline/internal/join"
)

// localInvitationLifetime is short: the invitation never leaves the process.
const localInvitationLifetime = 5 * time.Minute

func newAllCommand() *cobra.Command {
	var hub hubOptions
	var region agentOptions
	var link string
	cmd := &cobra.Command{
		Use:   "all",
		Short: "Run a hub and its one local region in one process",
		Long: "Runs hub and region in one cluster: the same orders, signed and verified, and no\n" +
			"gateway between them. The RegionalCluster that --region names must have link Local;\n" +
			"the region joins by itself.",
		Example: `  frontline all --region north --registry https://frontline-registry.frontline-system.svc:5000 \
    --engine-image registry.example/frontline:v1`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if link != string(screeningv1.LinkLocal) {
				return fmt.Errorf("--link %q is not known: hub and region in one process are linked Local; run hub and agent for anything else", link)
			}
			region.installNamespace, region.keyNamespace, region.registry = hub.namespace, hub.keyNamespace, hub.registry
			region.stateDir = filepath.Join(hub.stateDir, "region")
			if err := errors.Join(hub.check(), region.complete()); err != nil {
				return err
			}
			return runAll(cmd.Context(), hub, region)
		},
	}
	hub.addFlags(cmd.Flags())
	region.addFlags(cmd.Flags())
	cmd.Flags().StringVar(&link, "link", string(screeningv1.LinkLocal), "how the region is linked: Local")
	return cmd
}

func runAll(ctx context.Context, hub hubOptions, region agentOptions) error {
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("find the API server: %w", err)
	}
	options, err := hub.managerOptions(ctx, config)
	if err != nil {
		return err
	}
	limitToRegion(options.Cache.ByObject, region.region)
	mgr, err := ctrl.NewManager(config, options)
	if err != nil {
		return fmt.Errorf("start the manager: %w", err)
	}
	service, err := hub.addTo(ctx, mgr)
	if err != nil {
		return err
	}
	direct, err := client.New(config, client.Options{Scheme: mgr.GetScheme()})
	if err != nil {
		return fmt.Errorf("connect to the API server: %w", err)
	}
	keys, err := bootstrap.Ensure(ctx, direct, hub.bootstrap(), time.Now())
	if err != nil {
		return err
	}
	local := region.agent()
	local.Local = &agent.Local{
		Hub: service.Local(region.region),
		CA:  keys.CA,
		Pinned: func(ctx context.Context, keyDigest string) (bool, error) {
			return pinnedLocal(ctx, mgr.GetClient(), direct, hub.namespace, region.region, keyDigest)
		},
		Invite: func(ctx context.Context) (join.Invitation, error) {
			return inviteLocal(ctx, direct, hub.bootstrap().Trust(direct, time.Now), hub.namespace, region.region, time.Now())
		},
	}
	if _, err := agent.Add(mgr, local); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

// limitToRegion keeps what a region alone reads out of the rest of the cluster.
func limitToRegion(byObject map[client.Object]cache.ByObject, region string) {
	here := cache.ByObject{Namespaces: map[string]cache.Config{screeningv1.RegionNamespace(region): {}}}
	for _, kind := range []client.Object{
		&appsv1.Deployment{}, &corev1.Service{}, &corev1.ServiceAccount{}, &corev1.Pod{},
		&policyv1.PodDisruptionBudget{}, &networkingv1.NetworkPolicy{}, &screeningv1.RegionTerms{},
	} {
		byObject[kind] = here
	}
}

// pinnedLocal reports whether the hub takes the key for the local region's.
// While there is no RegionalCluster nothing is decided: the region serves on.
func pinnedLocal(ctx context.Context, cached client.Client, direct client.Reader, namespace, name, keyDigest string) (bool, error) {
	region := &screeningv1.RegionalCluster{}
	if err := cached.Get(ctx, types.NamespacedName{Name: name}, region); err != nil {
		return true, client.IgnoreNotFound(err)
	}
	if identity := region.Status.Identity; identity != nil && string(identity.KeyDigest) == keyDigest {
		return true, nil
	}
	// A status may be lost; the record is not.
	record, err := regionalcluster.ReadRecord(ctx, direct, namespace, name)
	if err != nil {
		return false, err
	}
	pinned := record.Pinned(region)
	return pinned != nil && pinned.KeyDigest == keyDigest, nil
}

// inviteLocal opens an invitation for the local region.
func inviteLocal(ctx context.Context, c client.Client, signs *bootstrap.Trust, namespace, name string, now time.Time) (join.Invitation, error) {
	region := &screeningv1.RegionalCluster{}
	if err := c.Get(ctx, types.NamespacedName{Name: name}, region); err != nil {
		return join.Invitation{}, fmt.Errorf("local region %s: %w; create its RegionalCluster with link Local", name, err)
	}
	if region.Spec.Link != screeningv1.LinkLocal {
		return join.Invitation{}, fmt.Errorf("RegionalCluster %s has link %s; only one with link Local runs in the hub's process", name, region.Spec.Link)
	}
	root, err := signs.Root(ctx, name)
	if err != nil {
		return join.Invitation{}, err
	}
	return openInvitation(ctx, c, namespace, region, root, now.Add(localInvitationLifetime))
}
