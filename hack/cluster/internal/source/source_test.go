// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/frontline-screening/frontline/hack/cluster/internal/source"
)

func TestVersion(t *testing.T) {
	const gomod = `// A comment naming require example.org/a v9.9.9.
module example.org/tools // trailing

go 1.26.0

require example.org/single v0.1.0

require (
	example.org/a v1.2.3 // indirect
	example.org/ab v2.0.0
)

replace (
	example.org/replaced v1.0.0 => example.org/other v3.0.0
)
`
	tests := []struct {
		name, module, want, wantErr string
	}{
		{name: "in a block, indirect", module: "example.org/a", want: "v1.2.3"},
		{name: "longer path with the same prefix", module: "example.org/ab", want: "v2.0.0"},
		{name: "single line", module: "example.org/single", want: "v0.1.0"},
		{name: "a replacement is no requirement", module: "example.org/replaced", wantErr: "requires no example.org/replaced"},
		{name: "absent", module: "example.org/none", wantErr: "module example.org/tools requires no example.org/none"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := source.Version(gomod, test.module)
			if test.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), test.wantErr) {
					t.Fatalf("error %v, want one with %q", err, test.wantErr)
				}
				return
			}
			if err != nil || got != test.want {
				t.Fatalf("got %q, %v; want %q", got, err, test.want)
			}
		})
	}
}

func TestRootIsFoundFromBelow(t *testing.T) {
	root, err := source.Root()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "hack", "tools", "kubernetes", "go.mod")); err != nil {
		t.Fatal(err)
	}
}

func TestRootOutsideTheRepositorySaysWhatToDo(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := source.Root()
	if err == nil || !strings.Contains(err.Error(), "inside a clone of the project") {
		t.Fatalf("error %v", err)
	}
}
