// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/controllers/hub/bootstrap"
	"github.com/frontline-screening/frontline/internal/keyring"
	"github.com/frontline-screening/frontline/internal/trust"
)

// trustState is what trust show prints.
type trustState struct {
	HubUID    string        `json:"hubUID"`
	Mode      string        `json:"mode"`
	Threshold int           `json:"threshold"`
	Holders   []holderState `json:"holders"`
	Regions   []rootState   `json:"regions"`
}

type holderState struct {
	Name        string `json:"name"`
	Fingerprint string `json:"fingerprint"`
}

type rootState struct {
	Region string `json:"region"`
	// State is Signed, Pending, Changing or KeysLost.
	State   bootstrap.RootState `json:"state"`
	Version int64               `json:"version,omitempty"`
	Term    int64               `json:"term,omitempty"`
	Expires time.Time           `json:"expires,omitzero"`
	// Signers is "k of n" of the newest root.
	Signers string `json:"signers,omitempty"`
}

func newTrustShowCommand() *cobra.Command {
	var o trustOptions
	var output string
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show the holders, and how each region's trust root stands",
		Long: "STATE is Signed; Pending while a new region has no root; Changing while the next root, with\n" +
			"other keys or holders, waits to be signed; KeysLost where the hub was restored from a backup\n" +
			"older than the region's keys: run frontline trust rotate REGION.",
		Example: "  frontline trust show\n  frontline trust show -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			hub, err := o.open(cmd.Context())
			if err != nil {
				return err
			}
			state, err := showTrust(cmd.Context(), hub)
			if err != nil {
				return err
			}
			return printTrust(cmd.OutOrStdout(), state, output)
		},
	}
	o.addFlags(cmd.Flags())
	cmd.Flags().StringVarP(&output, "output", "o", "table", "form of the output: table or json")
	return cmd
}

func showTrust(ctx context.Context, hub *hubTrust) (trustState, error) {
	self, err := hub.Hub(ctx)
	if err != nil {
		return trustState{}, err
	}
	state := trustState{HubUID: self.UID, Mode: "Online", Threshold: self.Threshold.Int(), Regions: []rootState{}}
	if self.Offline {
		state.Mode = "Offline"
		if self.RootKey != nil {
			state.Mode = "Offline once all roots are signed"
		}
	}
	for _, holder := range self.Holders {
		fingerprint, err := keyring.Fingerprint(holder.Key)
		if err != nil {
			return trustState{}, err
		}
		state.Holders = append(state.Holders, holderState{Name: holder.Name, Fingerprint: "sha256:" + fingerprint})
	}
	for _, name := range hub.regions {
		region, err := hub.Region(ctx, name)
		if err != nil {
			return trustState{}, err
		}
		row := rootState{Region: name}
		if row.State, err = region.State(self); err != nil {
			return trustState{}, err
		}
		if len(region.Roots) > 0 {
			info, err := trust.CheckRoots(region.Roots)
			if err != nil {
				return trustState{}, fmt.Errorf("region %s: %w", name, err)
			}
			row.Version, row.Term, row.Expires = info.Version, info.Term, info.Expires
			row.Signers = fmt.Sprintf("%d of %d", info.Threshold, len(info.Holders))
		}
		state.Regions = append(state.Regions, row)
	}
	return state, nil
}

func printTrust(out io.Writer, state trustState, form string) error {
	switch form {
	case "json":
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(state)
	case "table":
	default:
		return fmt.Errorf("--output %q is not known: give table or json", form)
	}
	fmt.Fprintf(out, "hub %s, %s, %d of %d holders sign\n", state.HubUID, state.Mode, state.Threshold, len(state.Holders))
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	for _, holder := range state.Holders {
		fmt.Fprintf(w, "  %s\t%s\n", holder.Name, holder.Fingerprint)
	}
	fmt.Fprintln(w, "REGION\tSTATE\tROOT\tTERM\tEXPIRES\tSIGNERS")
	for _, row := range state.Regions {
		if row.Version == 0 {
			fmt.Fprintf(w, "%s\t%s\t-\t-\t-\t-\n", row.Region, row.State)
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%s\n", row.Region, row.State, row.Version, row.Term, day(row.Expires), row.Signers)
	}
	return w.Flush()
}
