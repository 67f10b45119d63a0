// SPDX-License-Identifier: Apache-2.0

// Package smoke checks that running clusters do what the rig promises.
package smoke

import (
	"context"
	"io"

	"github.com/frontline-screening/frontline/hack/cluster/rig"
)

// Run checks clusters.
func Run(ctx context.Context, clusters []*rig.Cluster, out io.Writer) error { return nil }
