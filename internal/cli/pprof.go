// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"

	"github.com/spf13/pflag"

	"github.com/frontline-screening/frontline/internal/httpserver"
)

func addPprofFlag(flags *pflag.FlagSet, bind *string) {
	flags.StringVar(bind, "pprof-bind", "", "loopback address that serves /debug/pprof, reached by a forwarded port; empty for none")
}

// checkPprof refuses an address that others reach: a profile of the heap shows
// what is in memory.
func checkPprof(bind string) error {
	if bind == "" {
		return nil
	}
	if err := httpserver.CheckLoopback(bind); err != nil {
		return fmt.Errorf("--pprof-bind: %w", err)
	}
	return nil
}
