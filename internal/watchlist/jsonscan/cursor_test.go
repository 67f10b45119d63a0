// SPDX-License-Identifier: Apache-2.0

package jsonscan

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// read builds the value as encoding/json would; numbers are left as zero.
func read(c *Cursor) (any, error) {
	switch c.Kind() {
	case '{':
		out := map[string]any{}
		err := c.Object(func(key []byte) (err error) {
			k := string(key)
			out[k], err = read(c)
			return err
		})
		return out, err
	case '[':
		out := []any{}
		err := c.Array(func() error {
			v, err := read(c)
			out = append(out, v)
			return err
		})
		return out, err
	case '"':
		s, err := c.String()
		return string(s), err
	case 't', 'f':
		return c.Bool()
	}
	null := c.Kind() == 'n'
	if err := c.Skip(); err != nil || null {
		return nil, err
	}
	return 0.0, nil
}

func zeroNumbers(v any) any {
	switch t := v.(type) {
	case float64:
		return 0.0
	case map[string]any:
		for k := range t {
			t[k] = zeroNumbers(t[k])
		}
	case []any:
		for i := range t {
			t[i] = zeroNumbers(t[i])
		}
	}
	return v
}

func walk(text string) (any, error) {
	var c Cursor
	c.Reset([]byte(text), 32)
	v, err := read(&c)
	if err == nil {
		err = c.End()
	}
	return v, err
}

func manyKeys(n int, last string) string {
	var b strings.Builder
	b.WriteString("{")
	for i := range n {
		fmt.Fprintf(&b, "\"k%d\":%d,", i, i)
	}
	return b.String() + last + ":null}"
}

var values = []string{
	`{}`, `[]`, ` { "a" : [ 1 , -0.5e+7 , true , false , null , {} ] , "b\u0041" : "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00 日本" } `, `"x"`, `0`, manyKeys(200, `"last"`),
}

func TestWalkAgreesWithTheStandardLibrary(t *testing.T) {
	for _, text := range values {
		got, err := walk(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		var want any
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(zeroNumbers(want), got); d != "" {
			t.Error(d)
		}
	}
}

func TestWalkRefuses(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want error
	}{
		{``, ErrSyntax}, {`{`, ErrSyntax}, {`{"a"`, ErrSyntax}, {`{"a":1,}`, ErrSyntax}, {`{a:1}`, ErrSyntax}, {`[1,]`, ErrSyntax}, {`[1 2]`, ErrSyntax},
		{`"a`, ErrSyntax}, {`"\x"`, ErrSyntax}, {`"\u12"`, ErrSyntax}, {"\"\n\"", ErrSyntax}, {`tru`, ErrSyntax}, {`nul`, ErrSyntax}, {`-`, ErrSyntax}, {`1.`, ErrSyntax}, {`1e`, ErrSyntax},
		{`01`, ErrMore}, {`{} {}`, ErrMore},
		{`{"a":1,"\u0061":2}`, ErrTwice}, {manyKeys(200, `"k7"`), ErrTwice}, {`[{"a":1,"a":2}]`, ErrTwice},
		{`"\ud800"`, ErrUnicode}, {`"\ud800\u0041"`, ErrUnicode}, {`"\udc00"`, ErrUnicode}, {"\"\xff\"", ErrUnicode}, {"\"\\n\xff\"", ErrUnicode}, {`"\u0000"`, ErrUnicode},
		{strings.Repeat("[", 33), ErrDepth}, {manyKeys(5000, `"last"`), ErrFields},
	} {
		if _, err := walk(tc.in); !errors.Is(err, tc.want) {
			t.Errorf("%.20q: got %v, want %v", tc.in, err, tc.want)
		}
	}
}

func TestWrongKind(t *testing.T) {
	var c Cursor
	for in, want := range map[string]string{
		`1`: "a number where a string belongs", `{}`: "an object where a string belongs", `[]`: "an array where a string belongs", `null`: "null where a string belongs",
	} {
		c.Reset([]byte(in), 4)
		if _, err := c.String(); err == nil || err.Error() != want {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func FuzzCursor(f *testing.F) {
	for _, v := range values {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, err := walk(in)
		if err != nil {
			return
		}
		var want any
		if err := json.Unmarshal([]byte(in), &want); err != nil {
			if strings.Contains(err.Error(), "float64") {
				return // a number out of its range
			}
			t.Fatalf("encoding/json refuses: %v", err)
		}
		if d := cmp.Diff(zeroNumbers(want), got); d != "" {
			t.Error(d)
		}
	})
}
