// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

const repository = "../.."

var drill = regexp.MustCompile("`(Test[A-Za-z]+)`")

// TestRunbooksAreRight: what people copy at night runs. Each command of a
// runbook exists with its flags and takes its arguments, and each drill that it
// names is a test.
func TestRunbooksAreRight(t *testing.T) {
	pages, err := filepath.Glob(repository + "/docs/runbooks/*.md")
	if err != nil {
		t.Fatal(err)
	}
	tests, kinds := testNames(t), kindNames(t)
	commands := 0
	for _, page := range pages {
		data, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		name, inCode := filepath.Base(page), false
		for line := range strings.Lines(string(data)) {
			if strings.HasPrefix(line, "```") {
				inCode = !inCode
			}
			command, _, _ := strings.Cut(line, " <")
			switch words := strings.Fields(command); {
			case !inCode || len(words) == 0:
			case words[0] == "frontline":
				commands++
				checkCommand(t, name, words[1:])
			case words[0] == "kubectl":
				checkKinds(t, name, words, kinds)
			}
			for _, named := range drill.FindAllStringSubmatch(line, -1) {
				if !tests[named[1]] {
					t.Errorf("%s names the drill %s, which does not exist", name, named[1])
				}
			}
		}
		if inCode {
			t.Errorf("%s ends within a block of commands", name)
		}
	}
	if len(pages) < 5 || commands < 20 {
		t.Errorf("%d pages with %d commands were found; these are not all", len(pages), commands)
	}
}

func checkCommand(t *testing.T, page string, words []string) {
	t.Helper()
	line := "frontline " + strings.Join(words, " ")
	cmd, args, err := newRootCommand().Find(words)
	if err != nil || !cmd.Runnable() {
		t.Errorf("%s: %s does not exist: %v", page, line, err)
		return
	}
	if err := cmd.ParseFlags(args); err != nil {
		t.Errorf("%s: %s: %v", page, line, err)
		return
	}
	if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
		t.Errorf("%s: %s: %v", page, line, err)
	}
}

// checkKinds looks at what a kubectl command gets.
func checkKinds(t *testing.T, page string, words []string, kinds map[string]bool) {
	t.Helper()
	at := slices.Index(words, "get")
	if at < 0 {
		return
	}
	for kind := range strings.SplitSeq(words[at+1], ",") {
		if !kinds[kind] {
			t.Errorf("%s: %s: no kind is called %s", page, strings.Join(words, " "), kind)
		}
	}
}

// kindNames are what kubectl calls the kinds of Frontline, and pods.
func kindNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{"pods": true}
	definitions, err := filepath.Glob(repository + "/config/crd/bases/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range definitions {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var definition apiextensionsv1.CustomResourceDefinition
		if err := yaml.Unmarshal(data, &definition); err != nil {
			t.Fatal(err)
		}
		called := definition.Spec.Names
		for _, name := range slices.Concat([]string{called.Plural, called.Singular}, called.ShortNames, called.Categories) {
			names[name] = true
		}
	}
	return names
}

// testNames are the tests of the repository.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	names := map[string]bool{}
	err := filepath.WalkDir(repository, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := os.ReadFile(path) //nolint:gosec // of this repository
		for _, match := range declared.FindAllSubmatch(data, -1) {
			names[string(match[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
