// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

// row is what the hub shows of one replica.
func row(region, feed, wanted, held string) string {
	return strings.Join([]string{region, feed, wanted, held}, "\t") + "\n"
}

func TestCheckCopies(t *testing.T) {
	releases := map[string]int64{"north": 2, "south": 2}
	for _, tc := range []struct{ name, lines, want string }{
		{"all held", row("region-north", "intl.un-sc", "v2", "v2") + row("region-south", "intl.un-sc", "v2", "v2"), ""},
		{"newer than answered", row("region-north", "intl.un-sc", "v3", "v3") + row("region-south", "intl.un-sc", "v2", "v2"), ""},
		{"not held yet", row("region-north", "intl.un-sc", "v2", "") + row("region-south", "intl.un-sc", "v2", "v2"), "of region-north as held in release \"\""},
		{"older held", row("region-north", "intl.un-sc", "v2", "v2") + row("region-south", "intl.un-sc", "v2", "v1"), "of region-south as held"},
		{"older wanted", row("region-north", "intl.un-sc", "v2", "v2") + row("region-south", "intl.un-sc", "v1", "v1"), "region south answers from v2"},
		{"none", "", "does not show that it holds it"},
	} {
		t.Run(tc.name, func(t *testing.T) { wantError(t, checkCopies(tc.lines, releases), tc.want) })
	}
}

func TestCheckPath(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "list")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, path, want string
		format           watchlist.Format
	}{
		{"a folder of files", folder, "", watchlist.OFACCSV},
		{"a file", file, "", watchlist.UNXML},
		{"none named", "", "", watchlist.OFACCSV},
		{"a file for a folder", file, "ofac-csv needs a folder with sdn.csv, alt.csv and add.csv; " + file + " is a file", watchlist.OFACCSV},
		{"a folder for a file", folder, "un-xml needs a file; " + folder + " is a folder", watchlist.UNXML},
		{"missing", file + "x", "no such file", watchlist.UNXML},
	} {
		t.Run(tc.name, func(t *testing.T) { wantError(t, checkPath(tc.format, tc.path), tc.want) })
	}
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Error(err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("got %v, want %q", err, want)
	}
}
