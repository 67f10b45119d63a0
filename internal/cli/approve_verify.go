// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/approval"
)

func newApproveVerifyCommand() *cobra.Command {
	var feedFile string
	var complete bool
	cmd := &cobra.Command{
		Use:   "verify FILE…",
		Short: "Check approvals by the keys of a feed, without a cluster",
		Long: "Says of each Approval in the files who signed what, by the keys that the feed's file lists.\n" +
			"If that file has a status with a held release, as kubectl prints it, the statements must be\n" +
			"about that release; without, they must be about one and the same.\n\n" +
			"The command ends with 0 when every approval counts, and with 1 when one does not, or when\n" +
			"--complete is given and they are fewer than the feed's gates.approvals asks for.",
		Example: "  frontline approve verify approval-1.yaml approval-2.yaml --feed feed.yaml --complete",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if feedFile == "" {
				return errors.New("--feed is missing: give the file with the feed, whose spec.approvers lists the keys")
			}
			feed, err := readFeed(feedFile)
			if err != nil {
				return err
			}
			var approvals []screeningv1.Approval
			for _, path := range args {
				some, err := readApprovals(path)
				if err != nil {
					return err
				}
				approvals = append(approvals, some...)
			}
			return verifyApprovals(cmd.OutOrStdout(), feed, approvals, complete, time.Now())
		},
	}
	cmd.Flags().StringVar(&feedFile, "feed", "", "file with the feed as YAML")
	cmd.Flags().BoolVar(&complete, "complete", false, "fail unless the approvals suffice")
	return cmd
}

// verifyApprovals prints a line an approval and one on all of them.
func verifyApprovals(out io.Writer, feed *screeningv1.WatchlistFeed, approvals []screeningv1.Approval, complete bool, now time.Time) error {
	keys, err := approverKeys(feed)
	if err != nil {
		return err
	}
	carriers := make([]approval.Carrier, len(approvals))
	for i := range approvals {
		a := &approvals[i]
		if a.Namespace != feed.Namespace {
			return fmt.Errorf("approval %s/%s is not in the namespace of feed %s: a hub does not look at it", a.Namespace, a.Name, feed.ID())
		}
		carriers[i] = approval.Carrier{Name: a.Name, Created: a.CreationTimestamp.Time, Envelope: []byte(a.Spec.Envelope)}
	}
	verdicts := approval.Judge(offlineQuestion(feed, keys, carriers, now), carriers)
	refused := 0
	for _, v := range verdicts {
		if v.Reason != approval.Valid {
			refused++
		}
		fmt.Fprintf(out, "%s: %s: %s\n", v.Name, v.Reason, v.Message)
	}
	needed := approvalsNeeded(feed)
	signers := len(approval.Signers(verdicts))
	fmt.Fprintf(out, "%d of %d approvals\n", signers, needed)
	switch {
	case refused > 0:
		return fmt.Errorf("%d of %d approvals do not count", refused, len(approvals))
	case complete && signers < needed:
		return fmt.Errorf("%d more people of spec.approvers have to sign", needed-signers)
	}
	return nil
}

// offlineQuestion asks about the held release where the file tells of one. Where
// it tells of none, what the first readable statement names stands for it: a
// hub, the UID of the feed as it is there, and a digest.
func offlineQuestion(feed *screeningv1.WatchlistFeed, keys []approval.Key, carriers []approval.Carrier, now time.Time) approval.Question {
	q := approval.Question{Subject: subjectOf(feed), Action: approval.ReleaseStorm, Keys: keys, Now: now}
	if held := feed.Status.Held; held != nil {
		q.HubUID, q.Digest = held.HubUID, string(held.Digest)
		return q
	}
	for _, carrier := range carriers {
		if statement, err := approval.Read(carrier.Envelope); err == nil {
			q.HubUID, q.Digest = statement.HubUID, statement.Digest
			if q.Subject.UID == "" {
				q.Subject.UID = statement.Subject.UID
			}
			return q
		}
	}
	return q
}

// approvalsNeeded is gates.approvals, or its default where a file from Git
// leaves it out.
func approvalsNeeded(feed *screeningv1.WatchlistFeed) int {
	if gates := feed.Spec.Gates; gates != nil && gates.Approvals > 0 {
		return int(gates.Approvals)
	}
	return screeningv1.DefaultApprovals
}

func readApprovals(path string) ([]screeningv1.Approval, error) {
	data, err := os.ReadFile(path) //nolint:gosec // a person names their own file
	if err != nil {
		return nil, fmt.Errorf("read approvals: %w", err)
	}
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	var approvals []screeningv1.Approval
	for {
		var a screeningv1.Approval
		err := decoder.Decode(&a)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s is not YAML of Approvals: %w", path, err)
		}
		if a.Kind != "Approval" {
			return nil, fmt.Errorf("%s holds something else than Approvals: give the files that frontline approve printed", path)
		}
		approvals = append(approvals, a)
	}
	if len(approvals) == 0 {
		return nil, fmt.Errorf("%s is empty: give the files that frontline approve printed", path)
	}
	return approvals, nil
}
