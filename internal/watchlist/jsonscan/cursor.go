// SPDX-License-Identifier: Apache-2.0

// Package jsonscan walks one JSON value (RFC 8259) strictly and without copying it: a
// key given twice in one object, text that is not UTF-8, half of a surrogate pair, the
// character NUL and anything behind the value are refused. What it accepts,
// encoding/json accepts too; a fuzz target holds it to that. No error quotes the text.
package jsonscan

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// Errors of a walk.
var (
	ErrSyntax  = errors.New("not one JSON value")
	ErrTwice   = errors.New("a field is given twice")
	ErrDepth   = errors.New("values nested deeper than the limit")
	ErrFields  = errors.New("an object of more fields than the limit")
	ErrUnicode = errors.New("text that is not Unicode: invalid UTF-8, half of a surrogate pair or NUL")
	ErrMore    = errors.New("more than one JSON value")
)

// maxFields bounds the fields of one object, which are remembered to tell repeated ones.
const maxFields = 4096

// Cursor stands before a value. Each method but Kind, Null and End reads one whole value.
type Cursor struct {
	text    []byte
	at      int
	depth   int
	scratch []byte
	keys    [][]byte // of the open objects, innermost last
}

// Reset goes to the beginning of another text, whose values may nest depth deep.
func (c *Cursor) Reset(text []byte, depth int) {
	c.text, c.at, c.depth, c.keys = text, 0, depth, c.keys[:0]
}

// Kind is the first byte of the value: '{', '[', '"', 't', 'f', 'n', '-' or a digit; 0
// at the end.
func (c *Cursor) Kind() byte {
	for c.at < len(c.text) {
		switch b := c.text[c.at]; b {
		case ' ', '\t', '\n', '\r':
			c.at++
		default:
			return b
		}
	}
	return 0
}

// End refuses what follows the value.
func (c *Cursor) End() error {
	if c.Kind(); c.at < len(c.text) {
		return ErrMore
	}
	return nil
}

// want is an error of a value of another kind.
func (c *Cursor) want(kind string) error {
	names := map[byte]string{'{': "an object", '[': "an array", '"': "a string", 't': "a boolean", 'f': "a boolean", 'n': "null"}
	is, ok := names[c.Kind()]
	switch {
	case c.Kind() == 0:
		return ErrSyntax
	case !ok:
		is = "a number"
	}
	return fmt.Errorf("%s where %s belongs", is, kind)
}

func (c *Cursor) enter() error {
	if c.depth == 0 {
		return ErrDepth
	}
	c.depth--
	c.at++
	return nil
}

// Object calls value for each field, which must read the field's value. The key is
// valid as long as the text.
func (c *Cursor) Object(value func(key []byte) error) error {
	if c.Kind() != '{' {
		return c.want("an object")
	}
	if err := c.enter(); err != nil {
		return err
	}
	base := len(c.keys)
	var many map[string]bool
	for first := true; ; first = false {
		if c.Kind() == '}' && first {
			break
		}
		if c.Kind() != '"' {
			return ErrSyntax
		}
		key, err := c.key()
		if err != nil {
			return err
		}
		if many, err = c.once(base, many, key); err != nil {
			return err
		}
		if c.Kind() != ':' {
			return ErrSyntax
		}
		c.at++
		if err := value(key); err != nil {
			return err
		}
		if c.Kind() != ',' {
			break
		}
		c.at++
	}
	if c.Kind() != '}' {
		return ErrSyntax
	}
	c.at++
	c.depth++
	c.keys = c.keys[:base]
	return nil
}

// once refuses a key the object already has. Few keys are compared one by one.
func (c *Cursor) once(base int, many map[string]bool, key []byte) (map[string]bool, error) {
	const few = 24
	if many == nil {
		for _, k := range c.keys[base:] {
			if bytes.Equal(k, key) {
				return nil, ErrTwice
			}
		}
		c.keys = append(c.keys, key)
		if len(c.keys)-base < few {
			return nil, nil
		}
		many = make(map[string]bool, 2*few)
		for _, k := range c.keys[base:] {
			many[string(k)] = true
		}
		return many, nil
	}
	switch {
	case many[string(key)]:
		return many, ErrTwice
	case len(many) >= maxFields:
		return many, ErrFields
	}
	many[string(key)] = true
	return many, nil
}

// Array calls value before each item, which it must read.
func (c *Cursor) Array(value func() error) error {
	if c.Kind() != '[' {
		return c.want("an array")
	}
	if err := c.enter(); err != nil {
		return err
	}
	for first := true; ; first = false {
		if c.Kind() == ']' && first {
			break
		}
		if err := value(); err != nil {
			return err
		}
		if c.Kind() != ',' {
			break
		}
		c.at++
	}
	if c.Kind() != ']' {
		return ErrSyntax
	}
	c.at++
	c.depth++
	return nil
}

// Null reads a null, if there is one.
func (c *Cursor) Null() bool {
	if c.Kind() == 'n' && c.word("null") {
		return true
	}
	return false
}

// Bool reads true or false.
func (c *Cursor) Bool() (bool, error) {
	switch c.Kind() {
	case 't':
		if c.word("true") {
			return true, nil
		}
	case 'f':
		if c.word("false") {
			return false, nil
		}
	default:
		return false, c.want("a boolean")
	}
	return false, ErrSyntax
}

func (c *Cursor) word(w string) bool {
	if len(c.text)-c.at < len(w) || string(c.text[c.at:c.at+len(w)]) != w {
		return false
	}
	c.at += len(w)
	return true
}

// key is a string that lasts as long as the text.
func (c *Cursor) key() ([]byte, error) {
	from := c.at
	key, err := c.String()
	if err == nil && c.at-from != len(key)+2 {
		key = append([]byte(nil), key...) // it had escapes, and stands in the scratch
	}
	return key, err
}

// String reads a string. It is valid until the next one is read.
func (c *Cursor) String() ([]byte, error) {
	if c.Kind() != '"' {
		return nil, c.want("a string")
	}
	from := c.at + 1
	for i := from; i < len(c.text); {
		switch b := c.text[i]; {
		case b == '"':
			c.at = i + 1
			return c.text[from:i], nil
		case b == '\\':
			return c.escaped(from, i)
		case b < ' ':
			return nil, ErrSyntax
		case b < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRune(c.text[i:])
			if r == utf8.RuneError && n == 1 {
				return nil, ErrUnicode
			}
			i += n
		}
	}
	return nil, ErrSyntax
}

// escaped reads the string from its first escape on.
func (c *Cursor) escaped(from, i int) ([]byte, error) {
	out := c.scratch[:0]
	defer func() { c.scratch = out }()
	out = append(out, c.text[from:i]...)
	for i < len(c.text) {
		switch b := c.text[i]; {
		case b == '"':
			c.at = i + 1
			return out, nil
		case b == '\\':
			r, n, err := escape(c.text[i:])
			if err != nil {
				return nil, err
			}
			out = utf8.AppendRune(out, r)
			i += n
		case b < ' ':
			return nil, ErrSyntax
		default:
			r, n := utf8.DecodeRune(c.text[i:])
			if r == utf8.RuneError && n == 1 {
				return nil, ErrUnicode
			}
			out = append(out, c.text[i:i+n]...)
			i += n
		}
	}
	return nil, ErrSyntax
}

// escape reads one escape and its length.
func escape(b []byte) (rune, int, error) {
	if len(b) < 2 {
		return 0, 0, ErrSyntax
	}
	switch b[1] {
	case '"', '\\', '/':
		return rune(b[1]), 2, nil
	case 'b':
		return '\b', 2, nil
	case 'f':
		return '\f', 2, nil
	case 'n':
		return '\n', 2, nil
	case 'r':
		return '\r', 2, nil
	case 't':
		return '\t', 2, nil
	case 'u':
	default:
		return 0, 0, ErrSyntax
	}
	r, ok := hex(b)
	switch {
	case !ok:
		return 0, 0, ErrSyntax
	case r == 0:
		return 0, 0, ErrUnicode
	case !utf16.IsSurrogate(r):
		return r, 6, nil
	}
	low, ok := hex(b[6:])
	if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
		return 0, 0, ErrUnicode
	}
	return r, 12, nil
}

// hex reads \uXXXX.
func hex(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
