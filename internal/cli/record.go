// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/keystore"
	"github.com/frontline-screening/frontline/internal/feedkey"
)

// maxRecordID is the longest id of a record that is read, in bytes.
const maxRecordID = 4096

func newRecordCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "record",
		Short: "Erase or block single records of a feed, on the hub",
		Long: "Requests name a record by a keyed hash, so that neither they nor audit logs say who is\n" +
			"meant. The record's id is the publisher's own reference, such as the value of DATAID. It\n" +
			"is read from standard input, or from an argument, which others on the machine can see\n" +
			"and the shell may keep. It is hashed here; nothing prints or sends it.",
		Args: cobra.NoArgs,
	}
	cmd.AddCommand(
		newRecordHashCommand(),
		newRecordRequestCommand(screeningv1.RecordErase), newRecordRequestCommand(screeningv1.RecordBlock), newRecordRequestCommand(screeningv1.RecordUnblock),
		newRecordStatusCommand(),
	)
	return cmd
}

// recordOptions say which record of which feed is meant.
type recordOptions struct {
	kube         kubeOptions
	keyNamespace string
	feed         string
}

func (o *recordOptions) addFlags(flags *pflag.FlagSet) {
	o.kube.addFlags(flags)
	addKeyNamespace(flags, &o.keyNamespace)
	flags.StringVar(&o.feed, "feed", "", "the feed, as NAMESPACE/NAME")
}

// feedName splits what --feed says.
func (o *recordOptions) feedName() (namespace, name string, err error) {
	namespace, name, ok := strings.Cut(o.feed, "/")
	if !ok || namespace == "" || name == "" || strings.Contains(name, "/") {
		return "", "", errors.New("--feed is not NAMESPACE/NAME: give for instance intl/un-sc")
	}
	return namespace, name, nil
}

// hash names the record of the id by the feed's key. No error repeats the id.
func (o *recordOptions) hash(ctx context.Context, c client.Client, in io.Reader, args []string) (screeningv1.RecordHash, error) {
	namespace, name, err := o.feedName()
	if err != nil {
		return "", err
	}
	id, err := readRecordID(in, args)
	if err != nil {
		return "", err
	}
	keyNamespace := o.keyNamespace
	if keyNamespace == "" {
		keyNamespace = o.kube.namespace
	}
	keys, err := keystore.New(c, keyNamespace, time.Now).Lookup(ctx, screeningv1.NewFeedID(namespace, name))
	switch {
	case apierrors.IsNotFound(err):
		return "", fmt.Errorf("feed %s has no keys in namespace %s: give its namespace and name as kubectl get feed -A shows them, and --key-namespace as the hub has it", o.feed, keyNamespace)
	case err != nil:
		return "", err
	}
	return screeningv1.RecordHash(keys.Key.RecordHash(id)), nil
}

// readRecordID takes the one argument, or the one line of in.
func readRecordID(in io.Reader, args []string) (string, error) {
	var id string
	if len(args) > 0 {
		id = args[0]
	} else {
		data, err := bufio.NewReader(io.LimitReader(in, maxRecordID+2)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the record's id: %w", err)
		}
		id = strings.TrimRight(data, "\r\n")
	}
	switch {
	case id == "":
		return "", errors.New("no id was given: write the record's id to standard input, or give it as an argument")
	case len(id) > maxRecordID:
		return "", fmt.Errorf("the id has more than %d bytes: give the publisher's own reference of one record", maxRecordID)
	case strings.TrimSpace(id) != id:
		return "", errors.New("the id begins or ends with a space, and ids are compared as they are: leave it out")
	}
	return id, nil
}

func newRecordHashCommand() *cobra.Command {
	var o recordOptions
	var output string
	cmd := &cobra.Command{
		Use:   "hash [ID]",
		Short: "Print the keyed hash that requests name a record by",
		Long: "Reads the feed's key on the hub and prints the hash of the record's id. The id is read\n" +
			"from standard input when it is not an argument.\n\n" +
			"The command ends with 0 when the hash was printed, and with 1 when it was not.",
		Example: "  frontline record hash --feed intl/un-sc < id.txt\n" +
			"  frontline record hash --feed intl/un-sc -o json < id.txt",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "text" && output != "json" {
				return fmt.Errorf("--output %q is not known: use text or json", output)
			}
			c, err := o.kube.client()
			if err != nil {
				return err
			}
			hash, err := o.hash(cmd.Context(), c, cmd.InOrStdin(), args)
			if err != nil {
				return err
			}
			if output == "json" {
				return printJSON(cmd.OutOrStdout(), map[string]string{"feed": o.feed, "record": string(hash)})
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), hash)
			return err
		},
	}
	o.addFlags(cmd.Flags())
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	return cmd
}

// isHash reports whether a text is what newRecordHashCommand prints.
func isHash(text string) bool { return feedkey.IsRecordHash(text) }
