// SPDX-License-Identifier: Apache-2.0

package cli

import "github.com/spf13/pflag"

// addKeyNamespace adds the flag that says where the hub's keys are.
func addKeyNamespace(flags *pflag.FlagSet, into *string) {
	flags.StringVar(into, "key-namespace", "", "namespace of the hub's keys of feeds and regions; that of the installation if empty")
}
