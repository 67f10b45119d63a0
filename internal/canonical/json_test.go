// SPDX-License-Identifier: Apache-2.0

package canonical_test

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/frontline-screening/frontline/internal/canonical"
)

func TestMarshal(t *testing.T) {
	tests := []struct {
		name string
		in   any
		want string
	}{
		{"keys sorted", map[string]any{"b": 1, "a": 2}, `{"a":2,"b":1}`},
		{"raw messages too", json.RawMessage(`{ "b" : [ 1, 2 ],  "a" : { "d":0, "c":null } }`), `{"a":{"c":null,"d":0},"b":[1,2]}`},
		{"no HTML escapes", "<a & b>", `"<a & b>"`},
		{"large integers exact", int64(9007199254740993), `9007199254740993`},
		{"struct fields sorted", struct {
			Z int `json:"z"`
			A int `json:"a"`
		}{1, 2}, `{"a":2,"z":1}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := canonical.Marshal(tt.in)
			if err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v; want %s", got, err, tt.want)
			}
		})
	}
}

// Canonical spelling is a fixed point.
func TestMarshalIsIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.MapOf(rapid.String(), rapid.SliceOf(rapid.String())).Draw(t, "value")
		once, err := canonical.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := canonical.Marshal(json.RawMessage(once))
		if err != nil || string(once) != string(twice) {
			t.Fatalf("%s became %s, %v", once, twice, err)
		}
	})
}

func TestUnmarshalStrict(t *testing.T) {
	type document struct {
		A int `json:"a"`
	}
	for in, ok := range map[string]bool{
		`{"a":1}`:       true,
		" {\"a\":1}\n ": true,
		`{"a":1,"b":2}`: false,
		`{"a":1}{}`:     false,
		`{"a":1}]`:      false,
		`{"a":"1"}`:     false,
		``:              false,
	} {
		var d document
		if err := canonical.UnmarshalStrict([]byte(in), &d); (err == nil) != ok {
			t.Errorf("%q: error is %v, accepted should be %v", in, err, ok)
		}
	}
}
