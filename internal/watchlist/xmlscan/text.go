// SPDX-License-Identifier: Apache-2.0

package xmlscan

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// special marks the bytes that need a closer look: controls, "&", "]" and what is not
// ASCII.
var special = func() (t [256]bool) {
	for c := range t {
		t[c] = c < ' ' && c != '\t' && c != '\n' || c == '&' || c == ']' || c >= utf8.RuneSelf
	}
	return t
}()

// isChar is production Char of XML 1.0, 2.2.
func isChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd || r >= 0x10000 && r <= 0x10ffff
}

// resolve returns text with its references resolved, if it may have any, and line ends
// as XML 1.0, 2.11 wants them. The result is a part of raw or of the scratch.
func (s *Scanner) resolve(raw []byte, references bool) ([]byte, error) {
	if plain(raw) {
		return raw, nil
	}
	s.scratch = s.scratch[:0]
	out, err := appendResolved(s.scratch, raw, references, references)
	s.scratch = out
	return out, err
}

// resolveInto is resolve for attributes, several of which share the scratch.
func (s *Scanner) resolveInto(raw []byte) ([]byte, error) {
	if plain(raw) {
		return raw, nil
	}
	from := len(s.scratch)
	out, err := appendResolved(s.scratch, raw, true, false)
	if err != nil {
		return nil, err
	}
	s.scratch = out
	return out[from:len(out):len(out)], nil
}

func plain(raw []byte) bool {
	for _, c := range raw {
		if special[c] {
			return false
		}
	}
	return true
}

// appendResolved never appends more bytes than raw has.
func appendResolved(to, raw []byte, references, text bool) ([]byte, error) {
	for i := 0; i < len(raw); {
		c := raw[i]
		switch {
		case !special[c]:
			to = append(to, c)
			i++
		case c == '\r':
			// CR LF and CR alone are one line feed.
			if i++; i == len(raw) || raw[i] != '\n' {
				to = append(to, '\n')
			}
		case c == '&' && references:
			r, n := reference(raw[i:])
			if n == 0 {
				return to, syntax("invalid character entity; lists with entities of their own are refused")
			}
			to = utf8.AppendRune(to, r)
			i += n
		case c == ']' && text && bytes.HasPrefix(raw[i:], []byte("]]>")):
			return to, syntax("]]> in text")
		case c == ']' || c == '&':
			to = append(to, c)
			i++
		case c < utf8.RuneSelf:
			return to, syntax("a character XML does not have")
		default:
			r, n := utf8.DecodeRune(raw[i:])
			if r == utf8.RuneError && n == 1 {
				return to, syntax("invalid UTF-8")
			}
			if !isChar(r) {
				return to, syntax("a character XML does not have")
			}
			to = append(to, raw[i:i+n]...)
			i += n
		}
	}
	return to, nil
}

// reference reads a predefined entity (XML 1.0, 4.6) or a character reference and its
// length, or 0.
func reference(raw []byte) (rune, int) {
	end := bytes.IndexByte(raw[:min(len(raw), 16)], ';')
	if end < 2 {
		return 0, 0
	}
	name := string(raw[1:end])
	switch name {
	case "lt":
		return '<', end + 1
	case "gt":
		return '>', end + 1
	case "amp":
		return '&', end + 1
	case "apos":
		return '\'', end + 1
	case "quot":
		return '"', end + 1
	}
	if name[0] != '#' {
		return 0, 0
	}
	digits, base := name[1:], 10
	if len(digits) > 0 && digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n > utf8.MaxRune || !isChar(rune(n)) {
		return 0, 0
	}
	return rune(n), end + 1
}
