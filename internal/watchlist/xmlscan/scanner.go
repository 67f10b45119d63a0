// SPDX-License-Identifier: Apache-2.0

// Package xmlscan reads the part of XML 1.0 (W3C, fifth edition) that publishers of
// lists use, as a stream of tokens: elements, attributes, text, CDATA, comments,
// processing instructions, the five predefined entities and character references, in
// UTF-8. Document type declarations and every other entity are refused, and so are
// names outside ASCII, which no schema of a list has.
//
// It exists because lists are large: with encoding/xml a million records of un-xml took
// 23 s of one core, with this package they take 7 s. What it accepts, encoding/xml accepts with the same tokens; a
// fuzz target holds it to that. Memory is one token, which is at most Limits.Token.
package xmlscan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// Kind is what Next came to.
type Kind uint8

// The kinds of tokens. End follows every Start, of empty elements too.
const (
	EOF Kind = iota
	Start
	End
	Text
)

// Errors of documents over the limits, or of a part of XML that is refused.
var (
	ErrToken   = errors.New("a tag or text longer than the limit")
	ErrDepth   = errors.New("elements nested deeper than the limit")
	ErrDTD     = errors.New("a document type declaration; lists with DTD or entities are refused")
	ErrCharset = errors.New("only UTF-8 is read")
	ErrEnd     = errors.New("the document ends before its elements do")
	ErrEmpty   = errors.New("the document has no element")
	// ErrSyntax is wrapped by all errors of well-formedness.
	ErrSyntax = errors.New("not well-formed")
)

func syntax(cause string) error { return fmt.Errorf("%w: %s", ErrSyntax, cause) }

// Limits bound one document.
type Limits struct {
	// Token is the most bytes of one tag, comment or run of text.
	Token int
	// Depth is the most elements open at one time.
	Depth int
}

const (
	maxAttrs = 256
	maxNames = 4096
	firstBuf = 64 << 10
)

// Attr is one attribute. Value is valid until the next token. Declarations of
// namespaces are not attributes.
type Attr struct {
	Name  string
	Value []byte
}

// Scanner reads one document. Its slices are valid until the next call of Next.
type Scanner struct {
	in     io.Reader
	limits Limits
	buf    []byte
	r, w   int
	eof    bool
	err    error

	offset int64 // of buf[r]
	line   int

	names map[string]string
	open  []string // as written, with prefix
	root  bool     // the root was there
	empty bool     // an empty element's end is due
	// prefix of the root, which every element must have, and its namespace.
	prefix, space string

	name    string
	attrs   []Attr
	text    []byte
	scratch []byte
}

// New reads from in.
func New(in io.Reader, limits Limits) *Scanner {
	return &Scanner{in: in, limits: limits, line: 1, names: map[string]string{}, buf: make([]byte, min(firstBuf, max(limits.Token, 512)))}
}

// Name is the local name of the element that starts or ends.
func (s *Scanner) Name() string { return s.name }

// Attrs are the attributes of the element that starts.
func (s *Scanner) Attrs() []Attr { return s.attrs }

// Text is a run of character data: references resolved, line ends as line feeds. What
// stands between two tags may come in several runs.
func (s *Scanner) Text() []byte { return s.text }

// Space is the namespace of the root element, empty if it has none.
func (s *Scanner) Space() string { return s.space }

// Depth is the number of open elements.
func (s *Scanner) Depth() int { return len(s.open) }

// Line is the line of the next token, from 1.
func (s *Scanner) Line() int { return s.line }

// Offset is how many bytes stand before the next token.
func (s *Scanner) Offset() int64 { return s.offset }

// Next reads one token. EOF comes with a nil error and only after a whole document.
func (s *Scanner) Next() (Kind, error) {
	if s.err != nil {
		return EOF, s.err
	}
	k, err := s.next()
	s.err = err
	return k, err
}

func (s *Scanner) next() (Kind, error) {
	if s.empty {
		s.empty = false
		s.open = s.open[:len(s.open)-1]
		return End, nil
	}
	for {
		if s.r == s.w {
			if err := s.fill(); err != nil {
				return EOF, s.end(err)
			}
		}
		if s.buf[s.r] != '<' {
			some, err := s.characters()
			if err != nil || some {
				return Text, err
			}
			continue
		}
		k, err := s.markup()
		if err != nil || k != EOF {
			return k, err
		}
	}
}

// end tells the end of a whole document from others.
func (s *Scanner) end(err error) error {
	switch {
	case !errors.Is(err, io.EOF):
		return err
	case len(s.open) > 0:
		return ErrEnd
	case !s.root:
		return ErrEmpty
	}
	return nil
}

// fill reads more behind buf[w]; io.EOF says that there is none.
func (s *Scanner) fill() error {
	if s.eof {
		return io.EOF
	}
	if s.r > 0 {
		s.w = copy(s.buf, s.buf[s.r:s.w])
		s.r = 0
	}
	if s.w == len(s.buf) {
		if len(s.buf) >= s.limits.Token {
			return ErrToken
		}
		grown := make([]byte, min(2*len(s.buf), max(s.limits.Token, 512)))
		copy(grown, s.buf)
		s.buf = grown
	}
	for range 100 {
		n, err := s.in.Read(s.buf[s.w:])
		s.w += n
		switch {
		case errors.Is(err, io.EOF):
			s.eof = true
			if n == 0 {
				return io.EOF
			}
		case err != nil:
			return err
		}
		if n > 0 {
			return nil
		}
	}
	return io.ErrNoProgress
}

// need has at least n bytes stand in the buffer.
func (s *Scanner) need(n int) error {
	for s.w-s.r < n {
		if err := s.fill(); err != nil {
			return err
		}
	}
	return nil
}

// find returns where sep begins, counted from buf[r], at or behind from.
func (s *Scanner) find(from int, sep string) (int, error) {
	for {
		have := s.buf[s.r:s.w]
		if from < len(have) {
			if i := bytes.Index(have[from:], []byte(sep)); i >= 0 {
				return from + i, nil
			}
			from = max(from, len(have)-len(sep)+1)
		}
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
}

// pass goes n bytes on.
func (s *Scanner) pass(n int) {
	s.line += bytes.Count(s.buf[s.r:s.r+n], []byte{'\n'})
	s.r += n
	s.offset += int64(n)
}

// broken makes the end of the document within a token an error of it.
func broken(err error) error {
	if errors.Is(err, io.EOF) {
		return ErrEnd
	}
	return err
}

// characters reads the text up to the next tag. It reports whether there is a token:
// white space around the root is none.
func (s *Scanner) characters() (bool, error) {
	n, err := s.find(0, "<")
	if errors.Is(err, io.EOF) && len(s.open) == 0 {
		n = s.w - s.r
	} else if err != nil {
		return false, broken(err)
	}
	raw := s.buf[s.r : s.r+n]
	if s.offset == 0 {
		raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	}
	if len(s.open) == 0 {
		if len(bytes.Trim(raw, " \t\r\n")) > 0 {
			return false, syntax("text outside the root element")
		}
		s.pass(n)
		return false, nil
	}
	s.text, err = s.resolve(raw, true)
	if err == nil {
		s.pass(n)
	}
	return true, err
}

// markup reads what begins with "<". EOF stands for what is no token.
func (s *Scanner) markup() (Kind, error) {
	if err := s.need(2); err != nil {
		return EOF, broken(err)
	}
	switch s.buf[s.r+1] {
	case '!':
		return s.declaration()
	case '?':
		return EOF, s.instruction()
	case '/':
		return End, s.endTag()
	}
	return Start, s.startTag()
}

// declaration reads a comment or CDATA section.
func (s *Scanner) declaration() (Kind, error) {
	const comment, cdata = "<!--", "<![CDATA["
	if err := s.need(len(comment)); err != nil {
		return EOF, broken(err)
	}
	if bytes.HasPrefix(s.buf[s.r:s.w], []byte(comment)) {
		n, err := s.find(len(comment), "--")
		if err == nil {
			err = s.need(n + 3)
		}
		switch {
		case err != nil:
			return EOF, broken(err)
		case s.buf[s.r+n+2] != '>':
			return EOF, syntax("two hyphens within a comment")
		case !valid(s.buf[s.r : s.r+n]):
			return EOF, syntax("a character XML does not have")
		}
		s.pass(n + 3)
		return EOF, nil
	}
	if err := s.need(len(cdata)); err != nil || !bytes.HasPrefix(s.buf[s.r:s.w], []byte(cdata)) {
		if err != nil && !errors.Is(err, io.EOF) {
			return EOF, err
		}
		return EOF, ErrDTD
	}
	n, err := s.find(len(cdata), "]]>")
	switch {
	case err != nil:
		return EOF, broken(err)
	case len(s.open) == 0:
		return EOF, syntax("text outside the root element")
	}
	s.text, err = s.resolve(s.buf[s.r+len(cdata):s.r+n], false)
	if err == nil {
		s.pass(n + 3)
	}
	return Text, err
}

// valid reports whether text is UTF-8 of characters that XML has.
func valid(text []byte) bool {
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 || !isChar(r) {
			return false
		}
		i += n
	}
	return true
}
