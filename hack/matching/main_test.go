// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

func TestParse(t *testing.T) {
	t.Setenv("MATCHER_DATA", "")
	for _, tc := range []struct {
		name   string
		args   []string
		fails  bool
		chosen int
	}{
		{"all without data", nil, true, 0},
		{"quick without data", []string{"-quick"}, false, len(measures)},
		{"what needs no data", []string{"-only", "speed,ready"}, false, 2},
		{"what needs data", []string{"-only", "pairs"}, true, 0},
		{"data", []string{"-only", "pairs", "-data", "folder"}, false, 1},
		{"no such measure", []string{"-quick", "-only", "speed,none"}, true, 0},
		{"format", []string{"-quick", "-o", "yaml"}, true, 0},
		{"argument", []string{"-quick", "more"}, true, 0},
	} {
		_, chosen, err := parse(tc.args)
		if (err != nil) != tc.fails || len(chosen) != tc.chosen {
			t.Errorf("%s: %d measures, %v", tc.name, len(chosen), err)
		}
	}
}
