// SPDX-License-Identifier: Apache-2.0

package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/hack/cluster/rig"
)

func newStatus(o *options) *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "status",
		Short: "Show the clusters and whether they are healthy",
		Long: `Show the clusters, what of them runs, and their memory in MiB (components, and
beside them containers with their shims).

Exit code 1 when a cluster is not healthy.`,
		Example: `  go run ./hack/cluster status
  go run ./hack/cluster status -o json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if format != "" && format != "json" {
				return usageError{fmt.Errorf("output format %q: json is the only one beside the table", format)}
			}
			clusters, err := rig.Load(o.state)
			if err != nil {
				return err
			}
			statuses := []*rig.Status{}
			for _, cluster := range clusters {
				status, err := cluster.Status(c.Context())
				if err != nil {
					return err
				}
				statuses = append(statuses, status)
			}
			if format == "json" {
				err = writeJSON(c.OutOrStdout(), statuses)
			} else {
				err = writeTable(c.OutOrStdout(), statuses)
			}
			return errors.Join(err, unhealthy(statuses))
		},
	}
	c.Flags().StringVarP(&format, "output", "o", "", "json, or nothing for a table")
	return c
}

func writeJSON(out io.Writer, statuses []*rig.Status) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(statuses)
}

func writeTable(out io.Writer, statuses []*rig.Status) error {
	if len(statuses) == 0 {
		_, err := fmt.Fprintln(out, "No clusters are up.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "NAME\tAPI\tNODE\tLINK\tADDRESS\tCOMPONENTS\tPODS\tNOT RUNNING")
	for _, s := range statuses {
		var memory uint64
		var down []string
		for _, part := range s.Components {
			memory += part.Memory
			if part.State != "Running" {
				down = append(down, part.Name+" ("+part.State+")")
			}
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\n",
			s.Name, short(s.API), short(s.Node), s.Link, s.NodeIP, memory>>20, s.PodMemory>>20, strings.Join(down, ", "))
	}
	return table.Flush()
}

// short keeps a long reason from bursting the table; JSON has it whole.
func short(reason string) string {
	const limit = 40
	if runes := []rune(reason); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return reason
}

func unhealthy(statuses []*rig.Status) error {
	var names []string
	for _, s := range statuses {
		if !s.Healthy {
			names = append(names, s.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("not healthy: %s; see the logs named by status -o json, or run up to make them anew", strings.Join(names, ", "))
}
