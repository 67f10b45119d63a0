// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/internal/keyring"
	"github.com/frontline-screening/frontline/internal/trust"
)

// holdersOptions are the flags that name holders.
type holdersOptions struct {
	files     []string
	threshold int
}

func newTrustInitCommand() *cobra.Command {
	var o trustOptions
	var holders holdersOptions
	cmd := &cobra.Command{
		Use:   "init --holders A.pem,B.pem,C.pem --threshold 2",
		Short: "Name the holders of the hub's root keys",
		Long: "Gives the hub the public keys of those who sign regions' trust roots from now on, and how\n" +
			"many of them must. Their private keys never come near the hub. Roots that the hub signed\n" +
			"itself stay good until the holders have signed the next; then the hub's own key is deleted.",
		Example: "  openssl genpkey -algorithm ed25519 -out anna.key        # each holder, on a machine of his own\n" +
			"  openssl pkey -in anna.key -pubout -out anna.pem\n" +
			"  frontline trust init --holders anna.pem,ben.pem,cleo.pem --threshold 2",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			hub, err := o.open(cmd.Context())
			if err != nil {
				return err
			}
			return initTrust(cmd.Context(), hub, holders, cmd.OutOrStdout())
		},
	}
	o.addFlags(cmd.Flags())
	holders.addFlags(cmd)
	return cmd
}

func (o *holdersOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&o.files, "holders", nil, "files with the holders' public keys (PEM), separated by commas")
	cmd.Flags().IntVar(&o.threshold, "threshold", 0, "how many holders must sign")
}

func initTrust(ctx context.Context, hub *hubTrust, o holdersOptions, out io.Writer) error {
	before, err := hub.Hub(ctx)
	if err != nil {
		return err
	}
	if before.Offline {
		return errors.New("holders are named already; replace one with: frontline trust rotate --holders A.pem,B.pem,C.pem --threshold 2")
	}
	if err := o.set(ctx, hub, out); err != nil {
		return err
	}
	fmt.Fprintln(out, "Compare these fingerprints with the holders, each over a line of its own. Then: frontline trust root add")
	return nil
}

// set names the holders on the hub and prints them.
func (o *holdersOptions) set(ctx context.Context, hub *hubTrust, out io.Writer) error {
	if len(o.files) == 0 || o.threshold == 0 {
		return errors.New("--holders and --threshold are both needed: --holders A.pem,B.pem,C.pem --threshold 2")
	}
	holders, err := readHolders(o.files)
	if err != nil {
		return err
	}
	threshold, err := trust.NewThreshold(o.threshold)
	if err != nil {
		return fmt.Errorf("--threshold: %w", err)
	}
	if err := hub.SetHolders(ctx, holders, threshold); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d of these %d holders sign trust roots from now on:\n", o.threshold, len(holders))
	for _, holder := range holders {
		fingerprint, err := keyring.Fingerprint(holder.Key)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "  %-20s sha256:%s\n", holder.Name, fingerprint)
	}
	return nil
}
