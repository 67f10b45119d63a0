// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/bootstrap"
	"github.com/frontline-screening/frontline/controllers/hub/regionalcluster"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/join"
	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/trust"
)

// inviteOptions are the flags of an invitation.
type inviteOptions struct {
	kube         kubeOptions
	keyNamespace string
	gateways     []string
	lifetime     time.Duration
	output       string
}

func newRegionInviteCommand() *cobra.Command {
	var o inviteOptions
	cmd := &cobra.Command{
		Use:     "invite REGION",
		Example: "  frontline region invite north --gateway-address hub.example:8443 -o north.invitation",
		Short:   "Make a one-time invitation for a region, on the hub",
		Long: "Makes an invitation that one cluster can join with, once, as the region. The file holds a\n" +
			"secret token and what the region pins; carry it to the region and run there: frontline region join FILE\n" +
			"A new invitation replaces an unused one.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := o.kube.client()
			if err != nil {
				return err
			}
			invitation, err := o.invite(cmd.Context(), c, args[0], time.Now())
			if err != nil {
				return err
			}
			return o.write(cmd.OutOrStdout(), cmd.ErrOrStderr(), invitation)
		},
	}
	o.kube.addFlags(cmd.Flags())
	addKeyNamespace(cmd.Flags(), &o.keyNamespace)
	cmd.Flags().StringArrayVar(&o.gateways, "gateway-address", nil, "HOST:PORT by which the region reaches the hub's gateway; may be repeated; those the hub was started with when left out")
	cmd.Flags().DurationVar(&o.lifetime, "lifetime", 24*time.Hour, "how long the invitation can be used")
	cmd.Flags().StringVarP(&o.output, "output", "o", "-", "file to write the invitation to; - for standard output")
	return cmd
}

// invite opens an invitation on the hub and returns the file for the region.
func (o *inviteOptions) invite(ctx context.Context, c client.Client, name string, now time.Time) (join.Invitation, error) {
	var none join.Invitation
	region := &screeningv1.RegionalCluster{}
	if err := c.Get(ctx, types.NamespacedName{Name: name}, region); err != nil {
		if apierrors.IsNotFound(err) {
			return none, fmt.Errorf("region %s does not exist; create its RegionalCluster first", name)
		}
		return none, fmt.Errorf("read RegionalCluster %s: %w", name, err)
	}
	ca, err := o.secret(ctx, c, bootstrap.CASecret, corev1.TLSCertKey)
	if err != nil {
		return none, err
	}
	urls, err := o.gatewayURLs(ctx, c)
	if err != nil {
		return none, err
	}
	signs := bootstrap.NewTrust(c, cmp.Or(o.keyNamespace, o.kube.namespace), func() time.Time { return now })
	root, err := signs.Root(ctx, name)
	if err != nil {
		return none, err
	}
	invitation, err := openInvitation(ctx, c, o.kube.namespace, region, root, now.Add(o.lifetime).UTC().Truncate(time.Second))
	invitation.Gateways, invitation.GatewayCA = urls, string(ca)
	return invitation, err
}

// openInvitation notes on the hub that a region may join with a new token, in
// the place of an unused one, and returns what the region is told, but for
// where the gateway is.
func openInvitation(ctx context.Context, c client.Client, namespace string, region *screeningv1.RegionalCluster, root []byte, expires time.Time) (join.Invitation, error) {
	info, err := trust.DescribeRoot(root)
	if err != nil {
		return join.Invitation{}, err
	}
	token, err := join.NewToken()
	if err != nil {
		return join.Invitation{}, err
	}
	record, err := regionalcluster.ReadRecord(ctx, c, namespace, region.Name)
	if err != nil {
		return join.Invitation{}, err
	}
	record.Invitation = &regionalcluster.Invitation{TokenHash: join.HashToken(token), Expires: expires}
	if err := record.Write(ctx, c); err != nil {
		return join.Invitation{}, err
	}
	return join.Invitation{
		Format: join.InvitationFormat, HubUID: info.HubUID, Term: info.Term,
		Region: region.Name, RegionUID: string(record.UID(region)), Jurisdiction: string(region.Spec.Jurisdiction),
		Root: root, Token: token, Expires: expires,
	}, nil
}

// gatewayURLs are the addresses given, or those the hub was started with. One
// that the region would not accept the gateway's certificate for is refused.
func (o *inviteOptions) gatewayURLs(ctx context.Context, c client.Client) ([]string, error) {
	secret, err := o.read(ctx, c, bootstrap.GatewaySecret)
	if err != nil {
		return nil, err
	}
	certificate, err := pki.ParseCertificate(secret.Data[corev1.TLSCertKey])
	if err != nil {
		return nil, fmt.Errorf("secret %s/%s: %w", o.kube.namespace, bootstrap.GatewaySecret, err)
	}
	addresses := o.gateways
	if len(addresses) == 0 {
		addresses = bootstrap.GatewayAddresses(secret)
	}
	if len(addresses) == 0 {
		return nil, errors.New("--gateway-address is missing and the hub was started without one: give HOST:PORT by which the region reaches the hub")
	}
	var urls []string
	for _, address := range addresses {
		host, port, err := net.SplitHostPort(address)
		if err != nil || host == "" || port == "" {
			return nil, fmt.Errorf("--gateway-address %q has not the form HOST:PORT", address)
		}
		if certificate.VerifyHostname(host) != nil {
			return nil, fmt.Errorf("the gateway's certificate does not name %s; start the hub with --gateway-address=%s as well", host, address)
		}
		urls = append(urls, "https://"+address)
	}
	return urls, nil
}

func (o *inviteOptions) read(ctx context.Context, c client.Client, name string) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	if err := c.Get(ctx, types.NamespacedName{Namespace: o.kube.namespace, Name: name}, secret); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, fmt.Errorf("secret %s/%s does not exist; start the hub once, it makes it", o.kube.namespace, name)
		}
		return nil, fmt.Errorf("read Secret %s/%s: %w", o.kube.namespace, name, err)
	}
	return secret, nil
}

func (o *inviteOptions) secret(ctx context.Context, c client.Client, name, key string) ([]byte, error) {
	secret, err := o.read(ctx, c, name)
	if err != nil {
		return nil, err
	}
	data, ok := secret.Data[key]
	if !ok {
		return nil, fmt.Errorf("secret %s/%s has no key %s; restore it from its backup", o.kube.namespace, name, key)
	}
	return data, nil
}

func (o *inviteOptions) write(out, errOut io.Writer, invitation join.Invitation) error {
	data, err := canonical.Marshal(invitation)
	if err != nil {
		return err
	}
	data = append(data, '\n')
	if o.output == "-" {
		_, err := out.Write(data)
		return err
	}
	// It holds a secret: nobody else may read it.
	if err := os.WriteFile(o.output, data, 0o600); err != nil {
		return fmt.Errorf("write the invitation: %w", err)
	}
	fmt.Fprintf(errOut, "Invitation for region %s written to %s, good once until %s.\nIn the region, run: frontline region join %s\n",
		invitation.Region, o.output, invitation.Expires.Format(time.RFC3339), o.output)
	return nil
}
