// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/frontline-screening/frontline/internal/watchlist/xmlscan"
)

// tree is one record's element, read whole into memory that the next record uses
// again.
type tree struct {
	nodes []treeNode
	attrs []treeAttr
	runs  []textRun
	text  []byte
}

type treeNode struct {
	name                   string
	first, last, next      int32 // children; 0 is none, as the root is nobody's child
	attr, attrs, run, runs int32
	used                   bool
}

type treeAttr struct {
	name     string
	from, to int32
	used     bool
}

// textRun is a part of an element's text; next is 0 at the last.
type textRun struct{ from, to, next int32 }

// Sizes in memory, for the reckoning.
const (
	nodeSize = 64
	attrSize = 32
	runSize  = 12
)

// size is the memory the tree has claimed.
func (t *tree) size() int64 {
	return int64(cap(t.nodes))*nodeSize + int64(cap(t.attrs))*attrSize + int64(cap(t.runs))*runSize + int64(cap(t.text))
}

// elem is one element of a tree.
type elem struct {
	t *tree
	i int32
}

func (e elem) node() *treeNode { return &e.t.nodes[e.i] }

func (e elem) name() string { return e.node().name }

// text is the element's own text, its words joined by single spaces.
func (e elem) text() string {
	n := e.node()
	if n.run == 0 {
		return ""
	}
	r := e.t.runs[n.run]
	if r.next == 0 {
		return cleanBytes(e.t.text[r.from:r.to])
	}
	var b strings.Builder
	for i := n.run; i != 0; i = e.t.runs[i].next {
		b.Write(e.t.text[e.t.runs[i].from:e.t.runs[i].to])
	}
	return clean(b.String())
}

// blank reports whether the element's own text is only white space.
func (e elem) blank() bool {
	for i := e.node().run; i != 0; i = e.t.runs[i].next {
		if len(bytes.TrimSpace(e.t.text[e.t.runs[i].from:e.t.runs[i].to])) > 0 {
			return false
		}
	}
	return true
}

// each calls f for every child of that name.
func (e elem) each(name string, f func(elem)) {
	for i := e.node().first; i != 0; i = e.t.nodes[i].next {
		if e.t.nodes[i].name == name {
			f(elem{e.t, i})
		}
	}
}

// own returns the element's text and marks it used.
func (e elem) own() string {
	e.node().used = true
	return e.text()
}

// take returns the text of the first child of that name that has any, and marks it
// used; those after it are left over.
func (e elem) take(name string) string {
	for i := e.node().first; i != 0; i = e.t.nodes[i].next {
		if c := (elem{e.t, i}); e.t.nodes[i].name == name {
			if s := c.own(); s != "" {
				return s
			}
		}
	}
	return ""
}

// attr returns an attribute and marks it used.
func (e elem) attr(name string) string {
	n := e.node()
	for i := n.attr; i < n.attr+n.attrs; i++ {
		if a := &e.t.attrs[i]; a.name == name {
			a.used = true
			return cleanBytes(e.t.text[a.from:a.to])
		}
	}
	return ""
}

// xmlReader reads a list's XML, record by record.
type xmlReader struct {
	acc  *account
	scan *xmlscan.Scanner
	tree tree
}

func (a *account) newXML(r io.Reader) *xmlReader {
	return &xmlReader{acc: a, scan: xmlscan.New(r, xmlscan.Limits{Token: a.limits.RecordBytes, Depth: a.limits.Depth})}
}

// at names the line and reduces the cause.
func (x *xmlReader) at(err error) error {
	if errors.Is(err, xmlscan.ErrToken) || errors.Is(err, xmlscan.ErrDepth) {
		err = fmt.Errorf("%w: %w", err, ErrLimit)
	}
	return fmt.Errorf("line %d: %w", x.scan.Line(), err)
}

// record reads the element that was just opened, up to its end.
func (x *xmlReader) record() (elem, error) {
	t, s := &x.tree, x.scan
	t.nodes, t.attrs, t.runs, t.text = t.nodes[:0], t.attrs[:0], append(t.runs[:0], textRun{}), t.text[:0]
	x.open()
	stack, begin := []int32{0}, s.Offset()
	for len(stack) > 0 {
		kind, err := s.Next()
		if err != nil {
			return elem{}, err
		}
		top := stack[len(stack)-1]
		switch kind {
		case xmlscan.EOF:
			return elem{}, xmlscan.ErrEnd
		case xmlscan.Start:
			i := x.open()
			if parent := &t.nodes[top]; parent.first == 0 {
				parent.first, parent.last = i, i
			} else {
				t.nodes[parent.last].next, parent.last = i, i
			}
			stack = append(stack, i)
		case xmlscan.End:
			stack = stack[:len(stack)-1]
		case xmlscan.Text:
			x.append(top)
		}
		if s.Offset()-begin > int64(x.acc.limits.RecordBytes) {
			return elem{}, fmt.Errorf("a record of more than %d bytes: %w", x.acc.limits.RecordBytes, ErrLimit)
		}
		// A slice that grows stands there twice for a moment.
		if err := x.acc.room(2 * t.size()); err != nil {
			return elem{}, err
		}
	}
	return elem{t, 0}, nil
}

// open adds the element that starts.
func (x *xmlReader) open() int32 {
	t := &x.tree
	n := treeNode{name: x.scan.Name(), attr: int32(len(t.attrs))}
	for _, a := range x.scan.Attrs() {
		from := int32(len(t.text))
		t.text = append(t.text, a.Value...)
		t.attrs = append(t.attrs, treeAttr{name: a.Name, from: from, to: int32(len(t.text))})
	}
	n.attrs = int32(len(t.attrs)) - n.attr
	t.nodes = append(t.nodes, n)
	return int32(len(t.nodes) - 1)
}

// append adds text to an element. White space alone before any text is nothing.
func (x *xmlReader) append(to int32) {
	t, text := &x.tree, x.scan.Text()
	n := &t.nodes[to]
	if n.run == 0 && len(bytes.TrimSpace(text)) == 0 {
		return
	}
	from := int32(len(t.text))
	t.text = append(t.text, text...)
	if n.runs != 0 && t.runs[n.runs].to == from {
		t.runs[n.runs].to = int32(len(t.text))
		return
	}
	t.runs = append(t.runs, textRun{from: from, to: int32(len(t.text))})
	i := int32(len(t.runs) - 1)
	if n.run == 0 {
		n.run = i
	} else {
		t.runs[n.runs].next = i
	}
	n.runs = i
}

// leftOver counts elements and attributes that carry something and were not taken over.
func (a *account) leftOver(e elem, path []byte) {
	n := e.node()
	if !n.used && !e.blank() {
		a.ignore(string(path))
	}
	for i := n.attr; i < n.attr+n.attrs; i++ {
		if t := &e.t.attrs[i]; !t.used && t.to > t.from {
			a.ignore(string(path) + "/@" + t.name)
		}
	}
	for i := n.first; i != 0; i = e.t.nodes[i].next {
		c := elem{e.t, i}
		a.leftOver(c, append(append(path, '/'), c.name()...))
	}
}

// clean joins the words of a text by single spaces.
func clean(s string) string { return strings.Join(strings.Fields(s), " ") }

// cleanBytes is clean for bytes, most of which are clean.
func cleanBytes(b []byte) string {
	for i, c := range b {
		if c >= utf8.RuneSelf || c < ' ' || c == ' ' && (i == 0 || i == len(b)-1 || b[i+1] == ' ') {
			return clean(string(b))
		}
	}
	return string(b)
}
