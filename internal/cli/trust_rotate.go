// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func newTrustRotateCommand() *cobra.Command {
	var o ceremonyOptions
	var holders holdersOptions
	cmd := &cobra.Command{
		Use:   "rotate REGION... | rotate --holders A.pem,B.pem,C.pem --threshold 2",
		Short: "Replace the online keys of regions, or the holders of all roots",
		Long: "With regions: makes new online keys for them and collects the roots that name them. Once\n" +
			"signed and imported, the old keys are worth nothing, and a new term begins: whatever a thief\n" +
			"signed with them, under however high a number, is passed over.\n" +
			"With --holders: names the holders anew. The roots of all regions then need the signatures of\n" +
			"the old holders and of the new ones, once.",
		Example: "  frontline trust rotate north\n  frontline trust rotate --holders anna.pem,ben.pem,dora.pem --threshold 2",
		RunE: func(cmd *cobra.Command, args []string) error {
			hub, err := o.open(cmd.Context())
			if err != nil {
				return err
			}
			return o.rotate(cmd.Context(), hub, args, holders, cmd.OutOrStdout())
		},
	}
	o.addFlags(cmd.Flags())
	holders.addFlags(cmd)
	return cmd
}

func (o *ceremonyOptions) rotate(ctx context.Context, hub *hubTrust, regions []string, holders holdersOptions, out io.Writer) error {
	if len(holders.files) > 0 || holders.threshold > 0 {
		if len(regions) > 0 {
			return errors.New("rotate takes regions or --holders, not both: one at a time is easier to look at")
		}
		before, err := hub.Hub(ctx)
		if err != nil {
			return err
		}
		if !before.Offline {
			return errors.New("no holders are named; begin with: frontline trust init --holders A.pem,B.pem,C.pem --threshold 2")
		}
		if err := holders.set(ctx, hub, out); err != nil {
			return err
		}
		return o.gather(ctx, hub, hub.regions, false, out)
	}
	if len(regions) == 0 {
		return errors.New("name the regions whose online keys are to be replaced, or give --holders")
	}
	regions, err := hub.choose(regions)
	if err != nil {
		return err
	}
	for _, region := range regions {
		if err := hub.RotateKeys(ctx, region); err != nil {
			return fmt.Errorf("region %s: %w", region, err)
		}
	}
	return o.gather(ctx, hub, regions, false, out)
}
