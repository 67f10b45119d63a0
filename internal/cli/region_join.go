// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/region/agent"
	"github.com/frontline-screening/frontline/internal/join"
)

// The Secret by which the agent is told to join.
const (
	invitationSecret = "frontline-invitation"
	invitationFile   = "invitation.json"
)

// joinManager is the field manager of what joining applies.
const joinManager = "frontline-region-join"

// joinOptions are the flags of joining.
type joinOptions struct {
	kube      kubeOptions
	feeds     []string
	acceptAll bool
	purposes  []string
}

func newRegionJoinCommand() *cobra.Command {
	var o joinOptions
	cmd := &cobra.Command{
		Use:     "join FILE",
		Example: "  frontline region join north.invitation --context north --feeds intl.un-sc",
		Short:   "Join a hub with an invitation, in the region",
		Long: "Hands the invitation to the region's agent, makes the namespace region-NAME, and writes the\n" +
			"region's terms: which feeds and purposes it accepts. A region without terms needs --feeds or\n" +
			"--accept-all; terms that exist stay as they are but for what a flag names. FILE is - for\n" +
			"standard input.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := readFile(cmd.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			c, err := o.kube.client()
			if err != nil {
				return err
			}
			region, err := o.join(cmd.Context(), c, data, time.Now())
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Region %s is about to join; see on the hub: kubectl get rgn %s\n", region, region)
			return nil
		},
	}
	o.kube.addFlags(cmd.Flags())
	cmd.Flags().StringSliceVar(&o.feeds, "feeds", nil, "feeds the region accepts: ids or NAMESPACE.*")
	cmd.Flags().BoolVar(&o.acceptAll, "accept-all", false, "accept every feed that the hub sends, those of later too")
	cmd.MarkFlagsMutuallyExclusive("feeds", "accept-all")
	cmd.Flags().StringSliceVar(&o.purposes, "purposes", nil, "purposes the region accepts (default BorderControl for a region without terms)")
	return cmd
}

func readFile(in io.Reader, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(io.LimitReader(in, join.MaxBytes+1))
	}
	data, err := os.ReadFile(name) //nolint:gosec // the user's own file
	if err != nil {
		return nil, fmt.Errorf("read the invitation: %w", err)
	}
	return data, nil
}

// join writes what the agent joins with and returns the region's name.
func (o *joinOptions) join(ctx context.Context, c client.Client, data []byte, now time.Time) (string, error) {
	invitation, err := join.ReadInvitation(data, now)
	if err != nil {
		return "", err
	}
	if err := agent.CheckNotTheHubs(ctx, c, invitation.Region); err != nil {
		return "", err
	}
	terms, err := o.terms(ctx, c, invitation.Region)
	if err != nil {
		return "", err
	}
	if err := o.ensureNamespace(ctx, c, invitation.Region); err != nil {
		return "", err
	}
	if err := o.writeTerms(ctx, c, terms); err != nil {
		return "", err
	}
	// The Secret comes last: the agent joins as soon as it is there.
	secret := corev1ac.Secret(invitationSecret, o.kube.namespace).
		WithLabels(map[string]string{screeningv1.LabelRegion: invitation.Region}).
		WithType(corev1.SecretTypeOpaque).
		WithData(map[string][]byte{invitationFile: data})
	if err := c.Apply(ctx, secret, client.FieldOwner(joinManager), client.ForceOwnership); err != nil {
		return "", fmt.Errorf("write Secret %s/%s: %w", o.kube.namespace, invitationSecret, err)
	}
	return invitation.Region, nil
}

func (o *joinOptions) ensureNamespace(ctx context.Context, c client.Client, region string) error {
	name := screeningv1.RegionNamespace(region)
	existing := &corev1.Namespace{}
	err := c.Get(ctx, types.NamespacedName{Name: name}, existing)
	switch {
	case err == nil && existing.Labels[screeningv1.LabelRegion] == region:
		return nil
	case err == nil:
		return fmt.Errorf("namespace %s stands but is not marked as this region's; if it may be used, run: kubectl label namespace %s %s=%s",
			name, name, screeningv1.LabelRegion, region)
	case !apierrors.IsNotFound(err):
		return fmt.Errorf("read namespace %s: %w", name, err)
	}
	desired := corev1ac.Namespace(name).WithLabels(screeningv1.RegionNamespaceLabels(region))
	if err := c.Apply(ctx, desired, client.FieldOwner(joinManager)); err != nil {
		return fmt.Errorf("make namespace %s: %w", name, err)
	}
	return nil
}

// terms are the region's as the flags want them. They are the region's own:
// existing ones change only in what a flag names, and new ones accept no feed
// that nobody named.
func (o *joinOptions) terms(ctx context.Context, c client.Client, region string) (*screeningv1.RegionTerms, error) {
	terms := &screeningv1.RegionTerms{ObjectMeta: metav1.ObjectMeta{
		Namespace: screeningv1.RegionNamespace(region), Name: screeningv1.RegionTermsName,
	}}
	feeds := o.feeds
	if o.acceptAll {
		feeds = []string{"*"}
	}
	err := c.Get(ctx, client.ObjectKeyFromObject(terms), terms)
	switch {
	case apierrors.IsNotFound(err) && len(feeds) == 0:
		return nil, fmt.Errorf("region %s has no terms: name the feeds that it accepts, as --feeds intl.un-sc or --feeds 'intl.*', or take all that the hub sends with --accept-all", region)
	case apierrors.IsNotFound(err):
		terms.Spec.Purposes = []screeningv1.Purpose{screeningv1.PurposeBorderControl}
	case err != nil:
		return nil, fmt.Errorf("read the region's terms: %w", err)
	}
	if len(feeds) > 0 {
		terms.Spec.Feeds = convert[screeningv1.FeedPattern](feeds)
	}
	if len(o.purposes) > 0 {
		terms.Spec.Purposes = convert[screeningv1.Purpose](o.purposes)
	}
	return terms, nil
}

// writeTerms writes the region's terms where a flag says something of them.
func (o *joinOptions) writeTerms(ctx context.Context, c client.Client, terms *screeningv1.RegionTerms) error {
	var err error
	switch {
	case terms.ResourceVersion == "":
		err = c.Create(ctx, terms)
	case o.acceptAll || len(o.feeds)+len(o.purposes) > 0:
		err = c.Update(ctx, terms)
	}
	if apierrors.IsInvalid(err) {
		return errors.Join(errors.New("--feeds or --purposes is not valid"), err)
	}
	if err != nil {
		return fmt.Errorf("write the region's terms: %w", err)
	}
	return nil
}

func convert[T ~string](list []string) []T {
	out := make([]T, 0, len(list))
	for _, v := range list {
		out = append(out, T(v))
	}
	return out
}
