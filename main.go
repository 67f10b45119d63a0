// SPDX-License-Identifier: Apache-2.0

// Command frontline is the operator, the data plane and the command line of
// Frontline in one binary; its subcommands are in internal/cli.
package main

import (
	"os"

	"github.com/frontline-screening/frontline/internal/cli"
)

func main() {
	os.Exit(cli.Execute())
}
