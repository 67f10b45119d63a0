// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// target is one fuzz target; folder is relative to the module.
type target struct{ folder, name string }

func (t target) String() string { return t.folder + "." + t.name }

var declaration = regexp.MustCompile(`(?m)^func (Fuzz[A-Z]\w*)\(`)

// find lists the targets below a folder, by folder and name. Folders with a
// module of their own are another's.
func find(root string) ([]target, error) {
	var targets []target
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			_, foreign := os.Stat(filepath.Join(path, "go.mod"))
			if path != root && (foreign == nil || entry.Name() == "testdata" || strings.HasPrefix(entry.Name(), ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, m := range declaration.FindAllSubmatch(source, -1) {
			targets = append(targets, target{filepath.ToSlash(folder), string(m[1])})
		}
		return nil
	})
	slices.SortFunc(targets, func(a, b target) int { return strings.Compare(a.String(), b.String()) })
	return targets, err
}
