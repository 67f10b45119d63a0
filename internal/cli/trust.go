// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/bootstrap"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/keyring"
	"github.com/frontline-screening/frontline/internal/trust"
)

// newTrustCommand groups the ceremonies by which holders sign regions' roots.
func newTrustCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "trust",
		Short: "Name who holds the hub's root keys, and have regions' trust roots signed",
		Long: "Each region obeys orders under a trust root of its own. At first the hub signs these roots\n" +
			"itself. Once holders are named, it cannot: a ceremony gathers their signatures in one file.\n\n" +
			"  on the hub      frontline trust root add -o roots.json\n" +
			"  each holder     frontline trust sign roots.json --key holder.pem\n" +
			"  on the hub      frontline trust root import roots.json\n\n" +
			"Exit code 0 means done, 1 that nothing or not all was done; the message says which.\n" +
			"The runbook is docs/trust.md.",
	}
	root := &cobra.Command{Use: "root", Short: "Collect the trust roots that are to be signed, and import the signed ones"}
	root.AddCommand(newTrustRootAddCommand(), newTrustRootRenewCommand(), newTrustRootImportCommand())
	cmd.AddCommand(newTrustInitCommand(), root, newTrustSignCommand(), newTrustRotateCommand(), newTrustShowCommand())
	return cmd
}

// trustOptions are the flags of every command that works on the hub.
type trustOptions struct {
	kube         kubeOptions
	keyNamespace string
}

func (o *trustOptions) addFlags(flags *pflag.FlagSet) {
	o.kube.addFlags(flags)
	addKeyNamespace(flags, &o.keyNamespace)
}

// hubTrust is the hub as these commands see it.
type hubTrust struct {
	*bootstrap.Trust
	// regions are the names of all RegionalClusters.
	regions []string
}

func (o *trustOptions) open(ctx context.Context) (*hubTrust, error) {
	c, err := o.kube.client()
	if err != nil {
		return nil, err
	}
	hub, err := o.openWith(ctx, c, time.Now)
	if err != nil {
		return nil, err
	}
	return hub, hub.Exists(ctx)
}

func (o *trustOptions) openWith(ctx context.Context, c client.Client, now func() time.Time) (*hubTrust, error) {
	list := &screeningv1.RegionalClusterList{}
	if err := c.List(ctx, list); err != nil {
		return nil, fmt.Errorf("list RegionalClusters: %w", err)
	}
	hub := &hubTrust{Trust: bootstrap.NewTrust(c, cmp.Or(o.keyNamespace, o.kube.namespace), now)}
	for i := range list.Items {
		hub.regions = append(hub.regions, list.Items[i].Name)
	}
	slices.Sort(hub.regions)
	return hub, nil
}

// choose returns the regions named, or all of them.
func (h *hubTrust) choose(names []string) ([]string, error) {
	for _, name := range names {
		if !slices.Contains(h.regions, name) {
			return nil, fmt.Errorf("region %s does not exist; create its RegionalCluster first", name)
		}
	}
	if len(names) == 0 {
		return h.regions, nil
	}
	return names, nil
}

// ceremonyOptions are the flags of a command that makes a batch.
type ceremonyOptions struct {
	trustOptions
	output   string
	lifetime time.Duration
}

func (o *ceremonyOptions) addFlags(flags *pflag.FlagSet) {
	o.trustOptions.addFlags(flags)
	flags.StringVarP(&o.output, "output", "o", "roots.json", "file for what the holders are to sign")
	flags.DurationVar(&o.lifetime, "lifetime", bootstrap.RootLifetime, "how long the roots are good")
}

// gather collects the roots of regions that are to be signed. What the hub's
// own key suffices for is taken at once; the rest goes to a file.
func (o *ceremonyOptions) gather(ctx context.Context, hub *hubTrust, regions []string, renew bool, out io.Writer) error {
	batch, err := hub.Collect(ctx, regions, renew, o.lifetime)
	if errors.Is(err, bootstrap.ErrNothingWaits) {
		fmt.Fprintln(out, "No region waits for a root to be signed.")
		return nil
	}
	if err != nil {
		return err
	}
	if batch.Complete() == nil {
		if err := hub.Import(ctx, batch, hub.regions); err != nil {
			return err
		}
		fmt.Fprintf(out, "The hub signed with its own root key, for: %s\n", strings.Join(regionsOf(batch), ", "))
		return nil
	}
	if err := writeBatch(o.output, batch); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s holds what the holders are to sign, for: %s\n", o.output, strings.Join(regionsOf(batch), ", "))
	fmt.Fprintf(out, "Each holder, away from the hub: frontline trust sign %s --key KEY.pem\n", filepath.Base(o.output))
	fmt.Fprintf(out, "Then, here: frontline trust root import %s\n", o.output)
	return nil
}

func regionsOf(batch trust.Batch) []string {
	var names []string
	for _, root := range batch.Roots {
		names = append(names, root.Region)
	}
	return names
}

func readBatch(path string) (trust.Batch, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return trust.Batch{}, fmt.Errorf("read the batch: %w", err)
	}
	batch, err := trust.ReadBatch(data)
	if err != nil {
		return batch, fmt.Errorf("file %s: %w", path, err)
	}
	return batch, nil
}

// writeBatch writes a batch, which holds nothing secret.
func writeBatch(path string, batch trust.Batch) error {
	data, err := canonical.Marshal(batch)
	if err == nil {
		err = os.WriteFile(path, append(data, '\n'), 0o644) //nolint:gosec // holders on other machines read it
	}
	if err != nil {
		return fmt.Errorf("write the batch: %w", err)
	}
	return nil
}

// readHolders reads holders' public keys; a file's name without its ending is
// the holder's.
func readHolders(paths []string) ([]bootstrap.Holder, error) {
	var holders []bootstrap.Holder
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read a holder's public key: %w", err)
		}
		key, err := keyring.ParsePublic(data)
		if err != nil {
			return nil, fmt.Errorf("file %s: %w; make it with: openssl pkey -in KEY.pem -pubout -out %s", path, err, path)
		}
		name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		holders = append(holders, bootstrap.Holder{Name: name, Key: key})
	}
	return holders, nil
}
