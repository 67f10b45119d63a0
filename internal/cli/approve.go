// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/approval"
)

// approveOptions are the flags of an approval.
type approveOptions struct {
	kube      kubeOptions
	namespace string
	feedFile  string
	keyFile   string
	digest    string
	lifetime  time.Duration
	apply     bool
	yes       bool
}

func newApproveCommand() *cobra.Command {
	var o approveOptions
	cmd := &cobra.Command{
		Use:   "approve [FEED]",
		Short: "Sign that a held release of a feed may be published",
		Long: "Shows what is held, asks, and signs a statement about its digest with your key. The statement\n" +
			"is printed as an Approval, for `kubectl apply` or for Git, or created with --apply. As many\n" +
			"people as the feed's gates.approvals says have to sign, each with a key of their own.\n\n" +
			"With --feed the feed is read from a file (kubectl get feed NAME -o yaml), so that the machine\n" +
			"with the key needs no cluster; FEED is then left out.\n\n" +
			"The command ends with 0 when the approval was printed or created, and with 1 when it was not.",
		Example: "  frontline approve un-sc -n intl --key officer-1.pem > approval.yaml\n" +
			"  frontline approve un-sc -n intl --key officer-2.pem --apply\n" +
			"  frontline approve --feed feed.yaml --key officer-1.pem --lifetime 24h > approval.yaml\n" +
			"  openssl genpkey -algorithm ed25519 -out officer-1.pem && openssl pkey -in officer-1.pem -pubout",
		Args: cobra.MaximumNArgs(1),
		RunE: o.run,
	}
	o.kube.addFlags(cmd.Flags())
	flags := cmd.Flags()
	flags.StringVarP(&o.namespace, "namespace", "n", "", "namespace of the feed")
	flags.StringVar(&o.feedFile, "feed", "", "file with the feed as YAML, in the place of a cluster")
	flags.StringVar(&o.keyFile, "key", "", "file with your private key in PEM, Ed25519 or P-256; - for standard input, which needs --yes")
	flags.StringVar(&o.digest, "digest", "", "sign only if what is held has this digest, such as one read out over the telephone")
	flags.DurationVar(&o.lifetime, "lifetime", 0, "how long the statement lets something through; without end when left out")
	flags.BoolVar(&o.apply, "apply", false, "create the Approval in the cluster instead of printing it")
	flags.BoolVarP(&o.yes, "yes", "y", false, "sign without asking")
	cmd.AddCommand(newApproveVerifyCommand())
	return cmd
}

func (o *approveOptions) run(cmd *cobra.Command, args []string) error {
	switch {
	case o.keyFile == "":
		return errors.New("--key is missing: give the file with your private key")
	case o.keyFile == "-" && !o.yes:
		return errors.New("--key - takes standard input, so nobody can be asked: look at what is held, then add --yes")
	case o.lifetime < 0:
		return fmt.Errorf("--lifetime %s is negative: give for instance 24h, or leave it out", o.lifetime)
	case o.apply && o.feedFile != "":
		return errors.New("--apply needs the feed of a cluster: give FEED and --namespace in the place of --feed")
	}
	var c client.Client
	var feed *screeningv1.WatchlistFeed
	var err error
	if o.feedFile != "" {
		if len(args) > 0 {
			return errors.New("FEED and --feed name the feed twice: give one of them")
		}
		feed, err = readFeed(o.feedFile)
	} else if c, err = o.kube.client(); err == nil {
		feed, err = o.get(cmd.Context(), c, args)
	}
	if err != nil {
		return err
	}
	key, err := readPrivateKey(cmd.InOrStdin(), o.keyFile)
	if err != nil {
		return err
	}
	signer, statement, err := o.prepare(feed, key, time.Now())
	if err != nil {
		return err
	}
	showHeld(cmd.ErrOrStderr(), feed, signer, statement)
	if !o.yes {
		if err := confirm(cmd.InOrStdin(), cmd.ErrOrStderr()); err != nil {
			return err
		}
	}
	envelope, err := approval.Sign(statement, key)
	if err != nil {
		return err
	}
	object := newApproval(feed, signer.Name, statement.Digest, envelope)
	if !o.apply {
		fmt.Fprintln(cmd.ErrOrStderr(), "Signed. It counts once it is applied: kubectl apply -f FILE, or a commit; --apply does it at once.")
		return printApproval(cmd.OutOrStdout(), object)
	}
	if err := c.Create(cmd.Context(), object); err != nil {
		if apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("approval %s/%s exists already: this person has signed; another one has to", object.Namespace, object.Name)
		}
		return fmt.Errorf("create Approval %s/%s: %w", object.Namespace, object.Name, err)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "approval %s/%s created\n", object.Namespace, object.Name)
	return nil
}

// get reads the feed that is named, as NAME or feed/NAME.
func (o *approveOptions) get(ctx context.Context, c client.Client, args []string) (*screeningv1.WatchlistFeed, error) {
	if len(args) != 1 || o.namespace == "" {
		return nil, errors.New("which feed? give its name and --namespace, or a file with --feed")
	}
	name := strings.TrimPrefix(strings.TrimPrefix(args[0], "watchlistfeed/"), "feed/")
	feed := &screeningv1.WatchlistFeed{}
	if err := c.Get(ctx, types.NamespacedName{Namespace: o.namespace, Name: name}, feed); err != nil {
		return nil, fmt.Errorf("read WatchlistFeed %s/%s: %w", o.namespace, name, err)
	}
	return feed, nil
}

// prepare says what would be signed and refuses what could not count.
func (o *approveOptions) prepare(feed *screeningv1.WatchlistFeed, key crypto.Signer, now time.Time) (approval.Signer, approval.Statement, error) {
	var none approval.Signer
	held := feed.Status.Held
	if held == nil {
		return none, approval.Statement{}, fmt.Errorf("nothing of feed %s is held: there is nothing to approve", feed.ID())
	}
	if o.digest != "" && o.digest != string(held.Digest) {
		return none, approval.Statement{}, fmt.Errorf("feed %s holds %s and not the digest given: find out which file is meant before you sign", feed.ID(), held.Digest)
	}
	digest, err := approval.KeyDigest(key)
	if err != nil {
		return none, approval.Statement{}, err
	}
	keys, err := approverKeys(feed)
	if err != nil {
		return none, approval.Statement{}, err
	}
	i := slices.IndexFunc(keys, func(k approval.Key) bool { return k.Digest() == digest })
	if i < 0 {
		return none, approval.Statement{}, fmt.Errorf("spec.approvers of feed %s does not list the public half of this key: sign with one that is listed", feed.ID())
	}
	if slices.Contains(held.Approvals, screeningv1.ApproverName(keys[i].Name)) {
		return none, approval.Statement{}, fmt.Errorf("%s has signed already: another person has to sign, with a key of their own", keys[i].Name)
	}
	statement := approval.Statement{
		Format: approval.Format, HubUID: held.HubUID, Subject: subjectOf(feed), Action: approval.ReleaseStorm, Digest: string(held.Digest),
	}
	if o.lifetime > 0 {
		until := now.Add(o.lifetime).UTC().Truncate(time.Second)
		statement.Expires = &until
	}
	return approval.Signer{Name: keys[i].Name, KeyDigest: digest}, statement, statement.Validate()
}

func subjectOf(feed *screeningv1.WatchlistFeed) approval.Subject {
	return approval.Subject{Kind: "WatchlistFeed", Namespace: feed.Namespace, Name: feed.Name, UID: string(feed.UID)}
}

// approverKeys reads the keys that a feed lists.
func approverKeys(feed *screeningv1.WatchlistFeed) ([]approval.Key, error) {
	keys := make([]approval.Key, len(feed.Spec.Approvers))
	for i, approver := range feed.Spec.Approvers {
		key, err := approval.ParseKey(string(approver.Name), approver.PublicKey)
		if err != nil {
			return nil, fmt.Errorf("spec.approvers of feed %s: %w", feed.ID(), err)
		}
		keys[i] = key
	}
	return keys, nil
}

// showHeld tells the person what the signature is about, before it is made.
func showHeld(out io.Writer, feed *screeningv1.WatchlistFeed, signer approval.Signer, s approval.Statement) {
	held := feed.Status.Held
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(table, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	count := func(n *int64) int64 {
		if n == nil {
			return 0
		}
		return *n
	}
	row("Feed:", "%s (UID %s)", feed.ID(), feed.UID)
	row("Installation:", "%s", s.HubUID)
	row("Allows:", "publishing a release past the feed's limit (%s)", s.Action)
	row("Digest:", "%s", s.Digest)
	row("Held since:", "%s", held.Since.UTC().Format(time.RFC3339))
	row("Records:", "%d, against %s", count(held.Records), held.Base)
	row("Added:", "%d (%d%%)", count(held.Added), count(held.AddedPercent))
	row("Removed:", "%d (%d%%)", count(held.Removed), count(held.RemovedPercent))
	expires := "never"
	if s.Expires != nil {
		expires = s.Expires.Format(time.RFC3339)
	}
	row("Ends:", "%s", expires)
	row("Signed by:", "%s (key %s)", signer.Name, approval.Short(signer.KeyDigest))
	_ = table.Flush()
}

func confirm(in io.Reader, out io.Writer) error {
	fmt.Fprint(out, "Sign this? Type yes: ")
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the answer: %w", err)
	}
	if strings.TrimSpace(answer) != "yes" {
		return errors.New("nothing was signed: the answer was not yes")
	}
	return nil
}

func newApproval(feed *screeningv1.WatchlistFeed, approver, digest string, envelope []byte) *screeningv1.Approval {
	return &screeningv1.Approval{
		TypeMeta: metav1.TypeMeta{APIVersion: screeningv1.GroupVersion.String(), Kind: "Approval"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: feed.Namespace,
			Name:      fmt.Sprintf("%s-%s-%s", feed.Name, strings.TrimPrefix(approval.Short(digest), "sha256:"), approver),
		},
		Spec: screeningv1.ApprovalSpec{Envelope: string(envelope)},
	}
}

// printApproval leaves out what only a cluster writes.
func printApproval(out io.Writer, object *screeningv1.Approval) error {
	data, err := yaml.Marshal(map[string]any{
		"apiVersion": object.APIVersion, "kind": object.Kind,
		"metadata": map[string]string{"namespace": object.Namespace, "name": object.Name},
		"spec":     object.Spec,
	})
	if err != nil {
		return err
	}
	_, err = out.Write(data)
	return err
}

func readPrivateKey(in io.Reader, path string) (crypto.Signer, error) {
	var data []byte
	var err error
	if path == "-" {
		data, err = io.ReadAll(io.LimitReader(in, 64<<10))
	} else {
		data, err = os.ReadFile(path) //nolint:gosec // a person names their own file
	}
	if err != nil {
		return nil, fmt.Errorf("--key: %w", err)
	}
	key, err := approval.ParsePrivateKey(data)
	if err != nil {
		return nil, fmt.Errorf("--key %s: %w", path, err)
	}
	return key, nil
}

// readFeed reads a feed as kubectl prints it. A server takes no unknown field,
// but one of a newer server may have more fields than this program knows.
func readFeed(path string) (*screeningv1.WatchlistFeed, error) {
	data, err := os.ReadFile(path) //nolint:gosec // a person names their own file
	if err != nil {
		return nil, fmt.Errorf("--feed: %w", err)
	}
	feed := &screeningv1.WatchlistFeed{}
	if err := yaml.Unmarshal(data, feed); err != nil || feed.Kind != "WatchlistFeed" || feed.Name == "" || feed.Namespace == "" {
		return nil, fmt.Errorf("--feed %s is not one WatchlistFeed with its name and namespace: print it with kubectl get feed NAME -n NAMESPACE -o yaml", path)
	}
	return feed, nil
}
