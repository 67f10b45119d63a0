// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/duration"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/report"
)

// copyRow is one copy of one feed, with the times that statuses leave out.
type copyRow struct {
	Region       string    `json:"region"`
	Jurisdiction string    `json:"jurisdiction"`
	Feed         string    `json:"feed,omitempty"`
	State        string    `json:"state,omitempty"`
	Wanted       string    `json:"wanted,omitempty"`
	Held         string    `json:"held,omitempty"`
	Digest       string    `json:"digest,omitempty"`
	ListDate     string    `json:"listDate,omitempty"`
	ServedBy     string    `json:"servedBy,omitempty"`
	Link         string    `json:"link"`
	LinkSince    time.Time `json:"linkSince,omitzero"`
	LastReport   time.Time `json:"lastReport,omitzero"`
	Order        int64     `json:"order,omitempty"`
	Observed     int64     `json:"observed,omitempty"`
}

func newInventoryCommand() *cobra.Command {
	var kube kubeOptions
	var output string
	cmd := &cobra.Command{
		Use: "inventory",
		Example: `  frontline inventory --context hub
  frontline inventory -o json`,
		Short: "List every copy of every feed that regions hold, on the hub",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != "table" && output != "json" {
				return fmt.Errorf("--output %q is not known: use table or json", output)
			}
			c, err := kube.client()
			if err != nil {
				return err
			}
			rows, err := inventory(cmd.Context(), c, kube.namespace)
			if err != nil {
				return err
			}
			if output == "json" {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				return encoder.Encode(map[string]any{"copies": rows})
			}
			return printInventory(cmd.OutOrStdout(), rows, time.Now())
		},
	}
	kube.addFlags(cmd.Flags())
	cmd.Flags().StringVarP(&output, "output", "o", "table", "form of the list: table or json")
	return cmd
}

// inventory joins regions, their Leases and their replicas. A region without a
// copy has one row of its own.
func inventory(ctx context.Context, c client.Client, namespace string) ([]copyRow, error) {
	regions, replicas := &screeningv1.RegionalClusterList{}, &screeningv1.WatchlistReplicaList{}
	if err := c.List(ctx, regions); err != nil {
		return nil, fmt.Errorf("list regions: %w", err)
	}
	if err := c.List(ctx, replicas); err != nil {
		return nil, fmt.Errorf("list replicas: %w", err)
	}
	rows := []copyRow{}
	for i := range regions.Items {
		region := &regions.Items[i]
		base := copyRow{Region: region.Name, Jurisdiction: string(region.Spec.Jurisdiction), Link: string(screeningv1.LinkNotJoined)}
		if link := region.Status.Link; link != nil {
			base.Link, base.LinkSince = string(link.State), link.Since.UTC()
		}
		if order := region.Status.Order; order != nil {
			base.Order = order.PublishedSequence
		}
		if observed := region.Status.Observed; observed != nil {
			base.Observed = observed.Sequence
		}
		lease := &coordinationv1.Lease{}
		err := c.Get(ctx, types.NamespacedName{Namespace: namespace, Name: report.LeaseName(region.Name)}, lease)
		if err == nil {
			base.LastReport = report.BeatsOf(lease).Last.UTC()
		} else if !apierrors.IsNotFound(err) {
			return nil, fmt.Errorf("read the Lease of region %s: %w", region.Name, err)
		}
		found := false
		for j := range replicas.Items {
			replica := &replicas.Items[j]
			if replica.Namespace != screeningv1.RegionNamespace(region.Name) {
				continue
			}
			found = true
			row := base
			row.Feed, row.State, row.Wanted = string(replica.Spec.Feed), string(replica.Spec.State), string(replica.Spec.Release)
			row.ServedBy = replica.Status.ServedBy
			if held := replica.Status.Held; held != nil {
				row.Held, row.Digest, row.ListDate = string(held.Release), string(held.Digest), held.ListDate
			}
			rows = append(rows, row)
		}
		if !found {
			rows = append(rows, base)
		}
	}
	slices.SortFunc(rows, func(a, b copyRow) int { return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.Feed, b.Feed)) })
	return rows, nil
}

func printInventory(out io.Writer, rows []copyRow, now time.Time) error {
	w := tabwriter.NewWriter(out, 0, 4, 3, ' ', 0)
	fmt.Fprintln(w, strings.Join([]string{
		"REGION", "JURISDICTION", "FEED", "STATE", "WANTED", "HELD", "LIST DATE", "SERVED BY", "LINK", "SINCE", "LAST REPORT", "ORDER",
	}, "\t"))
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join([]string{
			r.Region, r.Jurisdiction, dash(r.Feed), dash(r.State), dash(r.Wanted), dash(r.Held), dash(r.ListDate), dash(r.ServedBy),
			r.Link, age(r.LinkSince, now), age(r.LastReport, now), fmt.Sprintf("%d/%d", r.Observed, r.Order),
		}, "\t"))
	}
	return w.Flush()
}

func dash(s string) string { return cmp.Or(s, "-") }

func age(since, now time.Time) string {
	if since.IsZero() {
		return "-"
	}
	return duration.HumanDuration(now.Sub(since))
}
