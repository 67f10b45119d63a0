// SPDX-License-Identifier: Apache-2.0

package xmlscan

import (
	"bytes"
	"strings"
)

// instruction passes a processing instruction, and checks the XML declaration.
func (s *Scanner) instruction() error {
	n, err := s.find(2, "?>")
	if err != nil {
		return broken(err)
	}
	body := s.buf[s.r+2 : s.r+n]
	if !valid(body) {
		return syntax("a character XML does not have")
	}
	size := nameLen(body)
	if size == 0 || size < len(body) && !isSpace(body[size]) {
		return syntax("a processing instruction without a name")
	}
	if strings.EqualFold(string(body[:size]), "xml") {
		if s.root || string(body[:size]) != "xml" || s.offset > 3 {
			return syntax("an XML declaration that is not at the beginning")
		}
		if err := declared(body[size:]); err != nil {
			return err
		}
	}
	s.pass(n + 2)
	return nil
}

// declared checks version and encoding of an XML declaration.
func declared(body []byte) error {
	for len(body) > 0 {
		rest := bytes.TrimLeft(body, " \t\r\n")
		if len(rest) == 0 {
			return nil
		}
		name, value, after, ok := attribute(rest)
		if !ok || len(rest) == len(body) {
			return syntax("the XML declaration")
		}
		switch string(name) {
		case "version":
			if string(value) != "1.0" {
				return syntax("the version of XML is not 1.0")
			}
		case "encoding":
			if !strings.EqualFold(string(value), "utf-8") {
				return ErrCharset
			}
		case "standalone":
		default:
			return syntax("the XML declaration")
		}
		body = after
	}
	return nil
}

func (s *Scanner) endTag() error {
	n, err := s.find(2, ">")
	if err != nil {
		return broken(err)
	}
	name := bytes.TrimRight(s.buf[s.r+2:s.r+n], " \t\r\n")
	top := len(s.open) - 1
	if top < 0 || string(name) != s.open[top] {
		return syntax("an end tag of an element that is not open")
	}
	s.name = s.local(s.open[top])
	s.open = s.open[:top]
	s.pass(n + 1)
	return nil
}

// tagEnd returns where the ">" of the start tag stands, which quotes may hold too.
func (s *Scanner) tagEnd() (int, error) {
	at, quote := 1, byte(0)
	for {
		have := s.buf[s.r:s.w]
		for ; at < len(have); at++ {
			switch c := have[at]; {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '"' || c == '\'':
				quote = c
			case c == '>':
				return at, nil
			case c == '<':
				return 0, syntax("a tag within a tag")
			}
		}
		if err := s.fill(); err != nil {
			return 0, broken(err)
		}
	}
}

func (s *Scanner) startTag() error {
	n, err := s.tagEnd()
	if err != nil {
		return err
	}
	body := s.buf[s.r+1 : s.r+n]
	if len(body) > 0 && body[len(body)-1] == '/' {
		s.empty = true
		body = body[:len(body)-1]
	}
	size := nameLen(body)
	switch {
	case size == 0:
		return syntax("a tag without a name of ASCII letters")
	case len(s.open) >= s.limits.Depth:
		return ErrDepth
	case len(s.open) == 0 && s.root:
		return syntax("a second root element")
	}
	full := s.intern(body[:size])
	spaces, err := s.attributes(body[size:])
	if err != nil {
		return err
	}
	if err := s.belongs(full, spaces); err != nil {
		return err
	}
	s.open = append(s.open, full)
	s.name = s.local(full)
	s.root = true
	s.pass(n + 1)
	return nil
}

// belongs holds every element to the prefix and the namespace of the root, so that
// local names suffice.
func (s *Scanner) belongs(full string, spaces []Attr) error {
	prefix, _, found := strings.Cut(full, ":")
	if !found {
		prefix = ""
	}
	if !qualified(full) {
		return syntax("a name with a colon out of place")
	}
	if !s.root {
		s.prefix = prefix
	}
	if prefix != s.prefix {
		return syntax("an element of another namespace")
	}
	own := "xmlns"
	if prefix != "" {
		own += ":" + prefix
	}
	for _, a := range spaces {
		if a.Name != own {
			continue
		}
		if !s.root {
			s.space = string(a.Value)
		} else if string(a.Value) != s.space {
			return syntax("an element of another namespace")
		}
	}
	return nil
}

// attributes reads the rest of a start tag into s.attrs; declarations of namespaces
// are returned.
func (s *Scanner) attributes(body []byte) (spaces []Attr, err error) {
	s.attrs, s.scratch = s.attrs[:0], s.scratch[:0]
	if cap(s.scratch) < len(body) {
		s.scratch = make([]byte, 0, 2*len(body)) // values never grow, so slices of it stay
	}
	for len(body) > 0 {
		rest := bytes.TrimLeft(body, " \t\r\n")
		if len(rest) == 0 {
			break
		}
		name, value, after, ok := attribute(rest)
		if !ok || len(rest) == len(body) {
			return nil, syntax("an attribute")
		}
		if bytes.IndexByte(value, '<') >= 0 {
			return nil, syntax("a tag within an attribute")
		}
		a := Attr{Name: s.intern(name)}
		if !qualified(a.Name) {
			return nil, syntax("a name with a colon out of place")
		}
		if a.Value, err = s.resolveInto(value); err != nil {
			return nil, err
		}
		if len(s.attrs)+len(spaces) >= maxAttrs {
			return nil, ErrToken
		}
		for _, b := range s.attrs {
			if a.Name == b.Name {
				return nil, syntax("an attribute given twice")
			}
		}
		for _, b := range spaces {
			if a.Name == b.Name {
				return nil, syntax("an attribute given twice")
			}
		}
		if a.Name == "xmlns" || strings.HasPrefix(a.Name, "xmlns:") {
			spaces = append(spaces, a)
		} else {
			s.attrs = append(s.attrs, a)
		}
		body = after
	}
	return spaces, nil
}

// attribute cuts name="value" off the beginning of b.
func attribute(b []byte) (name, value, after []byte, ok bool) {
	n := nameLen(b)
	name, b = b[:n], bytes.TrimLeft(b[n:], " \t\r\n")
	if n == 0 || len(b) == 0 || b[0] != '=' {
		return nil, nil, nil, false
	}
	b = bytes.TrimLeft(b[1:], " \t\r\n")
	if len(b) == 0 || b[0] != '"' && b[0] != '\'' {
		return nil, nil, nil, false
	}
	end := bytes.IndexByte(b[1:], b[0])
	if end < 0 {
		return nil, nil, nil, false
	}
	return name, b[1 : 1+end], b[end+2:], true
}

// intern returns the name as a string, the same for the same name while there are few.
func (s *Scanner) intern(name []byte) string {
	if n, ok := s.names[string(name)]; ok {
		return n
	}
	n := string(name)
	if len(s.names) < maxNames && len(n) <= 64 {
		s.names[n] = n
	}
	return n
}

// local is the name without the root's prefix.
func (s *Scanner) local(full string) string {
	if s.prefix == "" {
		return full
	}
	return full[len(s.prefix)+1:]
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// qualified reports whether a colon, if there is one, parts a prefix from a local
// name: QName of Namespaces in XML 1.0, section 4.
func qualified(name string) bool {
	prefix, local, found := strings.Cut(name, ":")
	return !found || prefix != "" && local != "" && !strings.Contains(local, ":")
}

// nameLen is the length of the name at the beginning of b: the part of XML's Name that
// is ASCII.
func nameLen(b []byte) int {
	for i, c := range b {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == ':':
		case i > 0 && (c >= '0' && c <= '9' || c == '-' || c == '.'):
		default:
			return i
		}
	}
	return len(b)
}
