// SPDX-License-Identifier: Apache-2.0

package block_test

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/block"
	"github.com/frontline-screening/frontline/internal/feedkey"
)

func key(seed byte) feedkey.RecordKey {
	return feedkey.Key(bytes.Repeat([]byte{seed}, feedkey.Size)).RecordKey()
}

func overlay(ids ...string) block.Overlay {
	o := block.Overlay{Feed: "intl.sample", Version: 3, Key: key(1), Records: []string{}}
	for _, id := range ids {
		o.Records = append(o.Records, o.Key.Hash(id))
	}
	return o
}

func encode(t testing.TB, o block.Overlay) []byte {
	t.Helper()
	data, err := block.Encode(o)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestOverlayIsReadBack(t *testing.T) {
	for _, ids := range [][]string{nil, {"t-1"}, {"t-9", "t-1", "t-5", "t-1"}} {
		in := overlay(ids...)
		got, err := block.Decode(encode(t, in))
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(in.Records)
		in.Records = slices.Compact(in.Records)
		if diff := cmp.Diff(in.Records, got.Records); diff != "" || got.Feed != in.Feed || got.Version != in.Version || got.Key != in.Key {
			t.Errorf("overlay of %d ids differs (-want +got):\n%s", len(ids), diff)
		}
		for _, id := range []string{"t-1", "t-2", "t-5", "t-9"} {
			if got.Blocks(id) != slices.Contains(ids, id) {
				t.Errorf("with %v blocked, Blocks(%s) is %v", ids, id, got.Blocks(id))
			}
		}
	}
	var none *block.Overlay
	if none.Blocks("t-1") {
		t.Error("no overlay blocks a record")
	}
}

func TestEncodeRefuses(t *testing.T) {
	many := overlay()
	for i := range 3000 {
		many.Records = append(many.Records, many.Key.Hash(strconv.Itoa(i)))
	}
	if _, err := block.Encode(many); !errors.Is(err, block.ErrTooLarge) {
		t.Errorf("3,000 records: %v, want %v", err, block.ErrTooLarge)
	}
	many.Records = many.Records[:2500]
	if data := encode(t, many); len(data) > block.MaxBytes {
		t.Errorf("2,500 records take %d bytes", len(data))
	}
	for name, change := range map[string]func(*block.Overlay){
		"no feed":        func(o *block.Overlay) { o.Feed = "" },
		"long feed":      func(o *block.Overlay) { o.Feed = strings.Repeat("f", block.MaxFeedBytes+1) },
		"version 0":      func(o *block.Overlay) { o.Version = 0 },
		"id in the open": func(o *block.Overlay) { o.Records = []string{"t-1"} },
	} {
		o := overlay("t-1")
		change(&o)
		if _, err := block.Encode(o); err == nil {
			t.Errorf("%s: encoded", name)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := string(encode(t, overlay("t-1", "t-2")))
	records := overlay("t-1", "t-2").Records
	slices.Sort(records)
	swap := func(old, to string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the overlay lacks %q", old)
		}
		return strings.Replace(good, old, to, 1)
	}
	for _, tc := range []struct{ name, data, want string }{
		{"nothing", "", "no document"},
		{"cut short", good[:len(good)-1], "no document"},
		{"something after it", good + " {}", "no document"},
		{"white space", good + "\n", "canonical"},
		{"unknown field", swap(`{"feed"`, `{"also":1,"feed"`), "no document"},
		{"field twice", swap(`{"feed"`, `{"feed":"intl.other","feed"`), "canonical"},
		{"another format", swap("blocks/v1", "blocks/v2"), "differ in version"},
		{"short key", swap(key(1).Text(), "AAAA"), "want 32"},
		{"key that is no base64", swap(key(1).Text(), "?"), "base64"},
		{"records out of order", swap(records[0]+`","`+records[1], records[1]+`","`+records[0]), "canonical"},
		{"record twice", swap(records[1], records[0]), "canonical"},
		{"id in the open", swap(records[1], "t-2"), "no keyed hash"},
		{"records null", swap(`["`+records[0]+`","`+records[1]+`"]`, "null"), "canonical"},
		{"version 0", swap(`"version":3`, `"version":0`), "start at 1"},
		{"too large", good + strings.Repeat(" ", block.MaxBytes), "64 KiB"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := block.Decode([]byte(tc.data)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error is %v, want one that contains %q", err, tc.want)
			} else if strings.Contains(err.Error(), records[0]) || strings.Contains(err.Error(), key(1).Text()) {
				t.Errorf("the error quotes the overlay: %v", err)
			}
		})
	}
}

// What is decoded must encode to the same bytes, and stay within the limits.
func FuzzDecode(f *testing.F) {
	f.Add(encode(f, overlay()))
	f.Add(encode(f, overlay("t-1", "t-2", "t-3")))
	f.Add([]byte(`{"feed":"intl.sample","format":"frontline.blocks/v1","key":"","records":[],"version":1}`))
	f.Add([]byte(`{"format":"frontline.blocks/v1","records":[[[[`))
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := block.Decode(data)
		if err != nil {
			return
		}
		if again := encode(t, o); !bytes.Equal(again, data) {
			t.Errorf("%d bytes became %d", len(data), len(again))
		}
		for _, r := range o.Records {
			if len(r) != 22 {
				t.Errorf("a record's hash has %d characters", len(r))
			}
		}
	})
}
