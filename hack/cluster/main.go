// SPDX-License-Identifier: Apache-2.0

// Command cluster runs complete Kubernetes clusters on one Linux machine; see
// package rig for what they are made of.
package main

import (
	"os"

	"github.com/frontline-screening/frontline/hack/cluster/internal/command"
)

func main() {
	os.Exit(command.Execute())
}
