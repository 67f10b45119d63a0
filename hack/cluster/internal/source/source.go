// SPDX-License-Identifier: Apache-2.0

// Package source finds the repository the rig is run from and reads the
// versions of the test clusters' programs from the modules that pin them, so
// that no version is written down twice.
package source

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// modulePath is the module at the root of the repository.
const modulePath = "github.com/frontline-screening/frontline"

// Root returns the absolute path of the repository: the nearest parent of the
// working directory whose go.mod declares the project's module.
func Root() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		content, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && Module(string(content)) == modulePath {
			return dir, nil
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("find the repository: %w", err)
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("find the repository: no go.mod of module %s in %s or above it; run this inside a clone of the project", modulePath, start)
		}
	}
}

// Module returns the path in the module directive of a go.mod file, or "".
func Module(gomod string) string {
	for line := range strings.Lines(gomod) {
		if path, found := strings.CutPrefix(stripComment(line), "module "); found {
			return strings.TrimSpace(path)
		}
	}
	return ""
}

// Version returns the version at which a go.mod file (the Go Modules
// Reference, "require directive") requires a module, for example "v1.37.1".
func Version(gomod, module string) (string, error) {
	inBlock := false
	scanner := bufio.NewScanner(strings.NewReader(gomod))
	for scanner.Scan() {
		line := strings.TrimSpace(stripComment(scanner.Text()))
		switch {
		case line == "require (":
			inBlock = true
			continue
		case line == ")":
			inBlock = false
			continue
		case !inBlock:
			single, found := strings.CutPrefix(line, "require ")
			if !found {
				continue
			}
			line = single
		}
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == module {
			return fields[1], nil
		}
	}
	if err := scanner.Err(); err != nil {
		return "", fmt.Errorf("read go.mod: %w", err)
	}
	return "", fmt.Errorf("go.mod of module %s requires no %s", Module(gomod), module)
}

func stripComment(line string) string {
	before, _, _ := strings.Cut(line, "//")
	return strings.TrimRight(before, " \t\r\n")
}
