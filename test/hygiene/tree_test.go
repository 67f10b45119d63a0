// SPDX-License-Identifier: Apache-2.0

// Package hygiene holds the repository to one promise: nobody in it exists. It
// reads every file that is, or would be, committed and looks for
//
//   - machine-readable zones other than the specimens of ICAO Doc 9303,
//   - references and numbers of list entries outside the ranges reserved here,
//   - files in a format that data comes in.
//
// That is what can be told by form. Names cannot: whether one is that of a
// listed person is only seen beside the list. With FRONTLINE_REAL_LISTS naming a
// folder of published lists, which never enters the repository, each listed
// person's names, document numbers and references are looked for as well:
//
//	FRONTLINE_REAL_LISTS=/path/to/lists go test ./test/hygiene
//
// Names of fewer than seven letters and those of companies are left out, since
// they are words as well. A finding names a file and a line and never repeats what
// was found.
package hygiene

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

const repository = "../.."

// file is one file of the repository.
type file struct {
	path string
	data []byte
}

// finding is where something stands that must not be there.
type finding struct {
	path string
	line int
	what string
}

func (f finding) String() string { return fmt.Sprintf("%s:%d: %s", f.path, f.line, f.what) }

// tree reads what git tracks or would track.
func tree(t *testing.T) []file {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
	cmd.Dir = repository
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("list the files of the repository: %v", err)
	}
	var files []file
	for path := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		// Looking at the folder, go test runs again when a file was added to it.
		if _, err := os.Stat(filepath.Join(repository, filepath.Dir(path))); err != nil {
			continue // removed and not yet committed
		}
		data, err := os.ReadFile(filepath.Join(repository, path))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file{path: path, data: data})
	}
	if len(files) < 100 {
		t.Fatalf("found %d files; this is not the whole repository", len(files))
	}
	return files
}

// scan applies a rule to each line of each file.
func scan(files []file, rule func(line string) string) []finding {
	var found []finding
	for _, f := range files {
		number := 0
		for line := range strings.Lines(string(f.data)) {
			number++
			if what := rule(line); what != "" {
				found = append(found, finding{path: f.path, line: number, what: what})
			}
		}
	}
	return found
}

// tables are the committed files in a format that data comes in, each with what
// is in it.
var tables = map[string]string{
	"internal/watchlist/country/countries.csv": "names and codes of countries",
}

// Lists, images and templates come in files; whatever has their form is named
// above with its reason, so that adding one is a decision.
func TestNoDataFiles(t *testing.T) {
	for _, found := range dataFiles(tree(t)) {
		t.Error(found)
	}
}

func dataFiles(files []file) []finding {
	forms := map[string]bool{}
	for ext := range strings.FieldsSeq(`.csv .tsv .xml .jsonl .ndjson .ftm .parquet .xls .xlsx .db .sqlite
		.png .jpg .jpeg .jp2 .bmp .tif .tiff .pgm .wsq .an2 .eft .nist .fir .fmr .iso .bin .dat
		.gz .tgz .zip .tar .zst .xz .bz2 .7z .pdf`) {
		forms[ext] = true
	}
	var found []finding
	for _, f := range files {
		_, known := tables[f.path]
		switch {
		case known:
		case forms[strings.ToLower(filepath.Ext(f.path))]:
			found = append(found, finding{path: f.path, line: 1, what: "a file of data; make it in the test from synthetic people"})
		case !utf8.Valid(f.data) || bytes.IndexByte(f.data, 0) >= 0:
			found = append(found, finding{path: f.path, line: 1, what: "not text, so nobody can see what is in it"})
		}
	}
	return found
}

func TestDataFilesAreFound(t *testing.T) {
	for _, tc := range []struct {
		name string
		file file
		want int
	}{
		{name: "source", file: file{path: "a.go", data: []byte("package a\n")}},
		{name: "known table", file: file{path: "internal/watchlist/country/countries.csv", data: []byte("UTO,Utopia\n")}},
		{name: "table", file: file{path: "testdata/list.CSV", data: []byte("a,b\n")}, want: 1},
		{name: "list", file: file{path: "testdata/list.xml", data: []byte("<a/>\n")}, want: 1},
		{name: "disguised", file: file{path: "testdata/template.txt", data: []byte("FMR\x00 20\x00")}, want: 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := dataFiles([]file{tc.file}); len(got) != tc.want {
				t.Errorf("got %v, want %d", got, tc.want)
			}
		})
	}
}
