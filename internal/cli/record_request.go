// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
)

// requestOptions are the flags of a request.
type requestOptions struct {
	recordOptions
	reference, hash, name, output string
	print, yes                    bool
}

// verbs are the words of each action.
var verbs = map[screeningv1.RecordAction]struct{ use, short, long string }{
	screeningv1.RecordErase: {"erase", "Erase a record for ever",
		"The record is kept out of every release from now on, though the publisher lists it again,\n" +
			"and every copy of it is deleted. This cannot be undone; the command asks before."},
	screeningv1.RecordBlock: {"block", "Hide a record from every search",
		"Every connected region stops finding the record within seconds. It is lifted by unblock\n" +
			"alone: deleting the request lifts nothing."},
	screeningv1.RecordUnblock: {"unblock", "Lift the block of a record", "The record is found again. One that was erased stays erased."},
}

func newRecordRequestCommand(action screeningv1.RecordAction) *cobra.Command {
	var o requestOptions
	verb := verbs[action]
	sure := "" // an erasure asks first
	if action == screeningv1.RecordErase {
		sure = " --yes"
	}
	cmd := &cobra.Command{
		Use:   verb.use + " [ID]",
		Short: verb.short,
		Long: verb.long + "\n\nA RecordRequest is created in the feed's namespace, or printed with --print for Git. The id is\n" +
			"read from standard input when it is not an argument; --hash names the record without its id.\n\n" +
			"The command ends with 0 when the request was created or printed, and with 1 when it was not.\n" +
			"How far it has come, frontline record status says.",
		Example: fmt.Sprintf("  frontline record %[1]s --feed intl/un-sc --reference DPA-2026-0117%[2]s < id.txt\n"+
			"  frontline record %[1]s --feed intl/un-sc --reference DPA-2026-0117 --hash \"$HASH\" --print > request.yaml", verb.use, sure),
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd, action, args)
		},
	}
	o.addFlags(cmd.Flags())
	flags := cmd.Flags()
	flags.StringVar(&o.reference, "reference", "", "the authority's own case number, such as DPA-2026-0117; it must say nothing of the person")
	flags.StringVar(&o.hash, "hash", "", "the record's keyed hash, in the place of its id; with --print no cluster is needed")
	flags.StringVar(&o.name, "name", "", "name of the request; made of action and reference if empty")
	flags.BoolVar(&o.print, "print", false, "print the request instead of creating it")
	flags.StringVarP(&o.output, "output", "o", "text", "text, yaml or json")
	if action == screeningv1.RecordErase {
		flags.BoolVarP(&o.yes, "yes", "y", false, "erase without asking")
	}
	return cmd
}

func (o *requestOptions) run(cmd *cobra.Command, action screeningv1.RecordAction, args []string) error {
	namespace, feed, err := o.feedName()
	asks := action == screeningv1.RecordErase && !o.yes && !o.print
	switch {
	case err != nil:
		return err
	case o.output != "text" && o.output != "yaml" && o.output != "json":
		return fmt.Errorf("--output %q is not known: use text, yaml or json", o.output)
	case o.reference == "":
		return errors.New("--reference is missing: give the authority's case number")
	case o.hash != "" && len(args) > 0:
		return errors.New("the record is named twice: give its id or --hash")
	case o.hash != "" && !isHash(o.hash):
		return errors.New("--hash is no keyed hash of 22 characters: print one with frontline record hash")
	case asks && o.hash == "" && len(args) == 0:
		return errors.New("standard input has the id, so nobody can be asked: look at what you erase, then add --yes")
	}
	request := newRecordRequest(namespace, feed, action, o.reference)
	if o.name != "" {
		request.Name = o.name
	}
	var c client.Client
	if !o.print || o.hash == "" {
		if c, err = o.kube.client(); err != nil {
			return err
		}
	}
	request.Spec.Record = screeningv1.RecordHash(o.hash)
	if o.hash == "" {
		if request.Spec.Record, err = o.recordOptions.hash(cmd.Context(), c, cmd.InOrStdin(), args); err != nil {
			return err
		}
	}
	if o.print {
		if o.output == "text" {
			o.output = "yaml"
		}
		return printRequest(cmd.OutOrStdout(), request, o.output)
	}
	if asks {
		fmt.Fprintf(cmd.ErrOrStderr(), "Record %s of feed %s is erased for ever, for %s.\n", request.Spec.Record, o.feed, o.reference)
		if err := confirmErasure(cmd.InOrStdin(), cmd.ErrOrStderr()); err != nil {
			return err
		}
	}
	if err := createRequest(cmd.Context(), c, request); err != nil {
		return err
	}
	return printRequest(cmd.OutOrStdout(), request, o.output)
}

func confirmErasure(in io.Reader, out io.Writer) error {
	fmt.Fprint(out, "Erase it? Type yes: ")
	var answer string
	if _, err := fmt.Fscanln(in, &answer); err != nil || answer != "yes" {
		return errors.New("nothing was erased: the answer was not yes")
	}
	return nil
}

// unnamed are the characters of a reference that a name does not take.
var unnamed = regexp.MustCompile(`[^a-z0-9]+`)

func newRecordRequest(namespace, feed string, action screeningv1.RecordAction, reference string) *screeningv1.RecordRequest {
	name := strings.ToLower(string(action)) + "-" + unnamed.ReplaceAllString(strings.ToLower(reference), "-")
	return &screeningv1.RecordRequest{
		TypeMeta:   metav1.TypeMeta{APIVersion: screeningv1.GroupVersion.String(), Kind: "RecordRequest"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: strings.Trim(name, "-")},
		Spec:       screeningv1.RecordRequestSpec{FeedRef: screeningv1.FeedReference{Name: feed}, Action: action, Reference: reference},
	}
}

func createRequest(ctx context.Context, c client.Client, request *screeningv1.RecordRequest) error {
	err := c.Create(ctx, request)
	if apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("RecordRequest %s/%s exists already; look at it with frontline record status %s -n %s, or give another --name", request.Namespace, request.Name, request.Name, request.Namespace)
	}
	if err != nil {
		return fmt.Errorf("create RecordRequest %s/%s: %w", request.Namespace, request.Name, err)
	}
	return nil
}

// printRequest leaves out what only a cluster writes.
func printRequest(out io.Writer, request *screeningv1.RecordRequest, output string) error {
	object := map[string]any{
		"apiVersion": screeningv1.GroupVersion.String(), "kind": "RecordRequest",
		"metadata": map[string]string{"namespace": request.Namespace, "name": request.Name},
		"spec":     request.Spec,
	}
	switch output {
	case "json":
		return printJSON(out, object)
	case "yaml":
		data, err := yaml.Marshal(object)
		if err == nil {
			_, err = out.Write(data)
		}
		return err
	}
	_, err := fmt.Fprintf(out, "recordrequest %s/%s created\n", request.Namespace, request.Name)
	return err
}

func printJSON(out io.Writer, v any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}
