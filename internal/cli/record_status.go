// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
)

func newRecordStatusCommand() *cobra.Command {
	var kube kubeOptions
	var namespace, output string
	cmd := &cobra.Command{
		Use:   "status NAME",
		Short: "Show which copies have followed a request",
		Long: "Lists each copy that a request concerns: the hub's own, that of each region, and bundles that\n" +
			"are still valid. A receipt is named by its digest; status.erasure of the WatchlistReplica holds it.\n\n" +
			"The command ends with 0 when the request is Done or Superseded, and with 1 when it is not, or\n" +
			"cannot be read.",
		Example: "  frontline record status erase-dpa-2026-0117 -n intl\n" +
			"  frontline record status erase-dpa-2026-0117 -n intl -o json",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "table" && output != "json" {
				return fmt.Errorf("--output %q is not known: use table or json", output)
			}
			c, err := kube.client()
			if err != nil {
				return err
			}
			return recordStatus(cmd.Context(), c, types.NamespacedName{Namespace: namespace, Name: args[0]}, output, cmd.OutOrStdout())
		},
	}
	kube.addFlags(cmd.Flags())
	cmd.Flags().StringVarP(&namespace, "namespace", "n", "", "namespace of the request")
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	return cmd
}

// recordStatus prints a request; the error says that it is not done.
func recordStatus(ctx context.Context, c client.Client, key types.NamespacedName, output string, out io.Writer) error {
	request := &screeningv1.RecordRequest{}
	if err := c.Get(ctx, key, request); err != nil {
		return fmt.Errorf("read RecordRequest %s: %w", key, err)
	}
	status := request.Status
	var message string
	for _, condition := range status.Conditions {
		if condition.Type == screeningv1.ConditionReady {
			message = condition.Message
		}
	}
	var err error
	if output == "json" {
		err = printJSON(out, map[string]any{"namespace": key.Namespace, "name": key.Name, "spec": request.Spec, "status": status})
	} else {
		err = printCopies(out, request, message)
	}
	if err != nil {
		return err
	}
	if status.State != screeningv1.RequestDone && status.State != screeningv1.RequestSuperseded {
		return fmt.Errorf("RecordRequest %s is not done: %s", key, message)
	}
	return nil
}

func printCopies(out io.Writer, request *screeningv1.RecordRequest, message string) error {
	status := request.Status
	fmt.Fprintf(out, "%s of a record of feed %s for %s: %s, %s copies. %s\n",
		request.Spec.Action, request.Spec.FeedRef.Name, request.Spec.Reference, dash(string(status.State)), dash(status.Progress), message)
	if len(status.Copies) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PLACE\tREGION\tSTATE\tAT\tENDS\tRECEIPT")
	for _, one := range status.Copies {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", one.Place, one.Region, one.State, timeOrNone(one.At.Time), timeOrNone(one.Until.Time), dash(string(one.ReceiptDigest)))
	}
	return table.Flush()
}

func timeOrNone(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}
