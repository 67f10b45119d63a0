// SPDX-License-Identifier: Apache-2.0

package dataset_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/level"
)

// A set in which nothing new is used keeps the bytes, and so the name, that it
// had at the first level, whatever level it was read with.
func TestLevel1SetKeepsItsName(t *testing.T) {
	const want = `{"feeds":[{"blocks":"b","content":"c","floor":2,"grade":"g","id":"intl.a","listDate":"d","markSeconds":6,` +
		`"nature":"n","purposes":["p"],"reason":"r","records":5,"release":3,"size":4,"state":"Serve","stopSeconds":7,"validUntil":"v"}],` +
		`"format":"frontline.set/v1","pool":"general","region":"north"}`
	data, digest, err := dataset.Encode(dataset.Set{Region: "north", Pool: "general", Level: level.Known + 1, Feeds: []dataset.Feed{{
		ID: "intl.a", State: dataset.Serve, Reason: "r", Release: 3, Floor: 2, Content: "c", Size: 4, Records: 5, ListDate: "d", Grade: "g",
		Nature: "n", Purposes: []string{"p"}, Blocks: "b", ValidUntil: "v", MarkSeconds: 6, StopSeconds: 7,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(data)); diff != "" || digest != canonical.Digest([]byte(want)) {
		t.Errorf("the set is called %s (-want +got):\n%s", digest, diff)
	}
}

// An engine reads sets of a newer loader and passes over what is new in them;
// at a level that it knows, what it does not know is a mistake.
func TestSetsOfANewerLoader(t *testing.T) {
	tests := []struct {
		name string
		// ahead is by how much the set is ahead of this build; data has a place for its level.
		ahead         int
		data, refused string
	}{
		{"of a later level", 1, `{"feeds":[{"id":"intl.a","new":{"a":1},"state":"Serve"}],"format":"frontline.set/v1","level":%d,"more":1,"pool":"general","region":"north"}`, ""},
		{"of this level", 0, `{"feeds":[{"id":"intl.a","new":1,"state":"Serve"}],"format":"frontline.set/v1","level":%d,"pool":"general","region":"north"}`, `unknown field "new"`},
		{"of the first level", 1 - level.Known, `{"feeds":[{"id":"intl.a","state":"Serve"}],"format":"frontline.set/v1","level":%d,"more":1,"pool":"general","region":"north"}`, `unknown field "more"`},
		{"of another format", 1, `{"feeds":[],"format":"frontline.set/v9","level":%d,"pool":"general","region":"north"}`, "its format is not"},
		{"no document", 1, `{"level":%d,"feeds":1}`, "cannot unmarshal"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := fmt.Sprintf(tt.data, level.Known+tt.ahead)
			d := open(t)
			name := filepath.Join("sets", strings.TrimPrefix(canonical.Digest([]byte(data)), "sha256:")+".json")
			if err := os.WriteFile(filepath.Join(d.Root(), name), []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(name, filepath.Join(d.Root(), "current")); err != nil {
				t.Fatal(err)
			}
			set, _, err := d.Current()
			switch {
			case tt.refused != "":
				if err == nil || !strings.Contains(err.Error(), tt.refused) {
					t.Errorf("error is %v, want one that contains %q", err, tt.refused)
				}
			case err != nil:
				t.Error(err)
			case len(set.Feeds) != 1 || set.Feeds[0].ID != "intl.a" || set.Pool != "general":
				t.Errorf("read %+v", set)
			}
		})
	}
}
