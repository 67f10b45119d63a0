// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is the release this binary was built as; the Makefile sets it by
// -ldflags "-X". A build without it falls back to the module's version.
var version string

// versionInfo is what `frontline version -o json` prints. Revision is the full
// commit hash, empty when the build knew none.
type versionInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func newVersionCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:     "version",
		Example: "  frontline version -o json",
		Short:   "Print the version of this binary",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			info := readVersion()
			switch output {
			case "text":
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "frontline %s (%s, %s)\n", info.Version, info.Go, info.Platform)
				return err
			case "json":
				return json.NewEncoder(cmd.OutOrStdout()).Encode(info)
			default:
				return fmt.Errorf("--output %q is not known: use text or json", output)
			}
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "text", "form of the output: text or json")
	return cmd
}

// readVersion says what this binary was built from.
func readVersion() versionInfo {
	info := versionInfo{
		Version:  version,
		Go:       runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	build, ok := debug.ReadBuildInfo()
	if ok {
		if info.Version == "" {
			info.Version = build.Main.Version
		}
		for _, setting := range build.Settings {
			if setting.Key == "vcs.revision" {
				info.Revision = setting.Value
			}
		}
	}
	if info.Version == "" {
		info.Version = "(devel)"
	}
	return info
}
