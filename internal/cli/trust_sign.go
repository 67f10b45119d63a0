// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"cmp"
	"crypto"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/internal/keyring"
	"github.com/frontline-screening/frontline/internal/trust"
)

// signOptions are the flags of a holder's signature.
type signOptions struct {
	key    string
	output string
	yes    bool
}

func newTrustSignCommand() *cobra.Command {
	var o signOptions
	cmd := &cobra.Command{
		Use:   "sign FILE --key KEY.pem",
		Short: "Sign a batch of trust roots as one of the holders, away from the hub",
		Long: "Shows what the file would change, region by region, read from the bytes that are signed, and\n" +
			"adds a holder's signature to it. It needs no cluster and no network.",
		Example: "  frontline trust sign roots.json --key anna.key\n  frontline trust sign roots.json --key anna.key -o roots-anna.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.sign(args[0], cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&o.key, "key", "", "file with the holder's private key (PKCS #8 in PEM)")
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "file to write; the one that was read if empty")
	cmd.Flags().BoolVar(&o.yes, "yes", false, "do not ask: what is signed was looked at before")
	return cmd
}

// errNotSigned says that the holder did not agree.
var errNotSigned = errors.New("nothing was signed")

func (o *signOptions) sign(path string, in io.Reader, out io.Writer) error {
	if o.key == "" {
		return errors.New("--key is missing: give the file with the holder's private key")
	}
	batch, err := readBatch(path)
	if err != nil {
		return err
	}
	key, err := keyring.ReadFile(o.key)
	if err != nil {
		return err
	}
	if err := showBatch(out, batch); err != nil {
		return err
	}
	if !o.yes {
		fmt.Fprint(out, "Sign all of this? Type yes: ")
		answer, err := bufio.NewReader(in).ReadString('\n')
		if strings.TrimSpace(answer) != "yes" {
			return errors.Join(errNotSigned, ignoreEOF(err))
		}
	}
	count, err := batch.Sign(key)
	if err != nil {
		return err
	}
	target := cmp.Or(o.output, path)
	if err := writeBatch(target, batch); err != nil {
		return err
	}
	fmt.Fprintf(out, "Signed %d of %d roots in %s.\n", count, len(batch.Roots), target)
	if err := batch.Complete(); err != nil {
		fmt.Fprintln(out, "More holders are to sign it, each with another key.")
		return nil //nolint:nilerr // signing is done; others go on
	}
	fmt.Fprintf(out, "It is complete. On the hub: frontline trust root import %s\n", target)
	return nil
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// showBatch prints what the roots would change, from the bytes to be signed.
func showBatch(out io.Writer, batch trust.Batch) error {
	fmt.Fprintf(out, "Hub %s, collected %s, %d regions\n", batch.HubUID, batch.Created.UTC().Format(time.RFC3339), len(batch.Roots))
	for _, root := range batch.Roots {
		change, err := root.Change(batch.HubUID)
		if err != nil {
			return fmt.Errorf("region %s: %w", root.Region, err)
		}
		after := change.After
		if change.Before == nil {
			fmt.Fprintf(out, "\nregion %s: NEW, version %d, term %d, until %s, %d of %d holders\n", root.Region,
				after.Version, after.Term, day(after.Expires), after.Threshold, len(after.Holders))
		} else {
			before := *change.Before
			fmt.Fprintf(out, "\nregion %s: version %d, term %s, until %s, threshold %s\n", root.Region, after.Version,
				step(before.Term, after.Term), step(day(before.Expires), day(after.Expires)), step(before.Threshold, after.Threshold))
		}
		var was trust.RootInfo
		if change.Before != nil {
			was = *change.Before
		}
		if err := showKeys(out, "holder", was.Holders, after.Holders); err != nil {
			return err
		}
		for _, role := range []string{"targets", "snapshot", "timestamp"} {
			var old []crypto.PublicKey
			if key, ok := was.Online[role]; ok {
				old = []crypto.PublicKey{key}
			}
			if err := showKeys(out, role, old, []crypto.PublicKey{after.Online[role]}); err != nil {
				return err
			}
		}
	}
	fmt.Fprintln(out)
	return nil
}

// showKeys prints keys that come with +, and those that go with -.
func showKeys(out io.Writer, role string, before, after []crypto.PublicKey) error {
	for _, side := range []struct {
		sign        string
		keys, other []crypto.PublicKey
	}{{"-", before, after}, {"+", after, before}} {
		for _, key := range side.keys {
			if slices.ContainsFunc(side.other, func(k crypto.PublicKey) bool { return keyring.Equal(k, key) }) {
				continue
			}
			fingerprint, err := keyring.Fingerprint(key)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "  %s %-9s sha256:%s\n", side.sign, role, fingerprint)
		}
	}
	return nil
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// step shows a value that changes as both, and one that does not as itself.
func step[T comparable](before, after T) string {
	if before == after {
		return fmt.Sprint(after)
	}
	return fmt.Sprintf("%v -> %v", before, after)
}
