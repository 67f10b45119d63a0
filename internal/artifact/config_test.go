// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestConfigRoundTrip(t *testing.T) {
	c := chained(5)
	c.Records, c.ListDate = 7, "2026-02-27T00:00:00Z"
	data, err := c.encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeConfig(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	if s := got.snapshot(); !s.ListDate.Equal(time.Date(2026, 2, 27, 0, 0, 0, 0, time.UTC)) || s.Version != 5 || s.Epoch != 3 {
		t.Errorf("snapshot %+v", s)
	}
}

func TestConfigRefusals(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Config)
		want   error
	}{
		{"another format", func(c *Config) { c.Format = "frontline.artifact/v2" }, ErrMalformed},
		{"no feed", func(c *Config) { c.Feed = "" }, ErrMalformed},
		{"no epoch", func(c *Config) { c.Epoch = 0 }, ErrMalformed},
		{"no size", func(c *Config) { c.Size = 0 }, ErrMalformed},
		{"endless size", func(c *Config) { c.Size = MaxSnapshot + 1 }, ErrTooLarge},
		{"no digest", func(c *Config) { c.Content = "sha512:x" }, ErrMalformed},
		{"no date", func(c *Config) { c.ListDate = "yesterday" }, ErrMalformed},
		{"groups shorter than the base", func(c *Config) { c.Groups = c.Groups[:1] }, ErrMalformed},
		{"groups longer than the base", func(c *Config) { c.Groups = append(c.Groups, c.Groups...) }, ErrMalformed},
		{"negative group", func(c *Config) { c.Groups[0].Size, c.Groups[1].Size = -1, 1001 }, ErrMalformed},
		{"a link is missing", func(c *Config) { c.Deltas = append(c.Deltas[:1:1], c.Deltas[2:]...) }, ErrMalformed},
		{"delta to itself", func(c *Config) { c.Deltas[0].To = c.Deltas[0].From }, ErrMalformed},
		{"endless delta", func(c *Config) { c.Deltas[0].ToSize = MaxSnapshot + 1 }, ErrMalformed},
		{"two sizes", func(c *Config) { c.Size++ }, ErrMalformed},
		{"too many deltas", func(c *Config) { c.Deltas = append(c.Deltas, make([]Edge, MaxDeltas)...) }, ErrTooLarge},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := chained(5)
			test.change(&c)
			if _, err := c.encode(); !errors.Is(err, test.want) {
				t.Errorf("encode() = %v, want %v", err, test.want)
			}
		})
	}
	for _, text := range []string{"", "{}", "[]", `{"format":"frontline.artifact/v1","more":1}`} {
		if _, err := decodeConfig([]byte(text)); !errors.Is(err, ErrMalformed) {
			t.Errorf("decode %q: %v", text, err)
		}
	}
	if _, err := decodeConfig(make([]byte, MaxConfig+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a large one: %v", err)
	}
}

// FuzzDecodeConfig: what is accepted is sound and has one spelling.
func FuzzDecodeConfig(f *testing.F) {
	for _, to := range []int64{1, 2, 17} {
		data, err := chained(to).encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"format":"frontline.artifact/v1","deltas":[{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := decodeConfig(data)
		if err != nil {
			return
		}
		once, err := c.encode()
		if err != nil {
			t.Fatalf("accepted and not written again: %v", err)
		}
		again, err := decodeConfig(once)
		if err != nil {
			t.Fatal(err)
		}
		if twice, err := again.encode(); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("two spellings: %v", err)
		}
		if _, ok := c.route(costs{}); !ok {
			t.Fatal("no way to the content")
		}
	})
}
