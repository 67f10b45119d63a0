// SPDX-License-Identifier: Apache-2.0

package level_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/level"
)

type document struct {
	Name  string           `json:"name"`
	Later int              `json:"later,omitempty" level:"2"`
	Inner inner            `json:"inner"`
	Many  []inner          `json:"many,omitempty"`
	By    map[string]inner `json:"by,omitempty"`
	To    *inner           `json:"to,omitempty" level:"3"`
	Raw   json.RawMessage  `json:"raw,omitempty"`
}

type inner struct {
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty" level:"2"`
}

func TestOfAndAt(t *testing.T) {
	old, both := inner{Old: "o"}, inner{Old: "o", New: "n"}
	tests := []struct {
		name string
		in   document
		// needs is the level of in; one and two are what readers of these levels get.
		needs    int64
		one, two document
	}{
		{"nothing", document{}, 1, document{}, document{}},
		{"first fields alone", document{Name: "n", Inner: old, Raw: json.RawMessage(`{}`)}, 1,
			document{Name: "n", Inner: old, Raw: json.RawMessage(`{}`)}, document{Name: "n", Inner: old, Raw: json.RawMessage(`{}`)}},
		{"a later field", document{Name: "n", Later: 7}, 2, document{Name: "n"}, document{Name: "n", Later: 7}},
		{"in a struct", document{Inner: both}, 2, document{Inner: old}, document{Inner: both}},
		{"in a list", document{Many: []inner{old, both}}, 2, document{Many: []inner{old, old}}, document{Many: []inner{old, both}}},
		{"in a map", document{By: map[string]inner{"k": both}}, 2, document{By: map[string]inner{"k": old}}, document{By: map[string]inner{"k": both}}},
		{"behind a pointer", document{Later: 7, To: &both}, 3, document{}, document{Later: 7}},
		{"an empty list stays one", document{Many: []inner{}, Later: 7}, 2, document{Many: []inner{}}, document{Many: []inner{}, Later: 7}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before, err := json.Marshal(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if got := level.Of(tt.in); got != tt.needs {
				t.Errorf("it needs level %d, want %d", got, tt.needs)
			}
			for reads, want := range map[int64]document{1: tt.one, 2: tt.two, 3: tt.in} {
				if diff := cmp.Diff(want, level.At(tt.in, reads)); diff != "" {
					t.Errorf("at level %d (-want +got):\n%s", reads, diff)
				}
			}
			if after, _ := json.Marshal(tt.in); string(after) != string(before) {
				t.Errorf("%s became %s by being read", before, after)
			}
		})
	}
}

func TestAtThroughPointers(t *testing.T) {
	in := &document{Inner: inner{Old: "o", New: "n"}}
	if got := level.At(in, 1); got.Inner.New != "" || in.Inner.New != "n" {
		t.Errorf("got %+v of %+v", got, in)
	}
	if level.At[*document](nil, 1) != nil || level.Of((*document)(nil)) != level.First {
		t.Error("nothing became something")
	}
}
