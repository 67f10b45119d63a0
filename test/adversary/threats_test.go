// SPDX-License-Identifier: Apache-2.0

package adversary_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestThreatsNameWhatIs: every test and every file that docs/threats.md names
// is there.
func TestThreatsNameWhatIs(t *testing.T) {
	root := filepath.Join("..", "..")
	data, err := os.ReadFile(filepath.Join(root, "docs", "threats.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests := regexp.MustCompile("`((?:internal|controllers|test)/[a-z0-9/]+) (Test[A-Za-z0-9]+)`").FindAllStringSubmatch(string(data), -1)
	if len(tests) < 50 {
		t.Errorf("the page names %d tests; has its form changed?", len(tests))
	}
	for _, m := range tests {
		if !defined(t, filepath.Join(root, m[1]), m[2]) {
			t.Errorf("the page names %s of %s, which is not there", m[2], m[1])
		}
	}
	for _, m := range regexp.MustCompile("`((?:internal|controllers|docs)/[a-z0-9/._-]+)`").FindAllStringSubmatch(string(data), -1) {
		if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
			t.Errorf("the page names %s: %v", m[1], err)
		}
	}
}

func defined(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "\nfunc "+name+"(t *testing.T) {") {
			return true
		}
	}
	return false
}
