// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Source of the format: the consolidated list of the United Nations Security Council,
// schema https://www.un.org/sc/resources/sc-sanctions.xsd.

// node is an element read whole. used marks what the record took over.
type node struct {
	name     string
	text     string
	children []*node
	used     bool
}

// parseUN streams over the list, one INDIVIDUAL or ENTITY in memory at a time.
func (a *account) parseUN(r io.Reader) error {
	dec := xml.NewDecoder(r)
	at := func(err error) error {
		line, _ := dec.InputPos()
		return fmt.Errorf("line %d: %w", line, err)
	}
	var path []string
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) && len(path) == 0 && a.Format != "" && dec.InputOffset() > 0 {
			return a.finishUN()
		}
		if err != nil {
			return at(xmlCause(err))
		}
		switch t := tok.(type) {
		case xml.Directive:
			return at(errors.New("a document type declaration; lists with DTD or entities are refused"))
		case xml.StartElement:
			if err := a.startUN(dec, &path, t); err != nil {
				return at(err)
			}
		case xml.EndElement:
			path = path[:len(path)-1]
		}
	}
}

// finishUN refuses a document that ended well and was no list.
func (a *account) finishUN() error {
	if a.ListDate.IsZero() {
		return errors.New("no CONSOLIDATED_LIST element; this is not the list's XML")
	}
	return nil
}

func (a *account) startUN(dec *xml.Decoder, path *[]string, t xml.StartElement) error {
	name := t.Name.Local
	switch {
	case len(*path) == 0:
		if name != "CONSOLIDATED_LIST" {
			return errors.New("the first element is not CONSOLIDATED_LIST; this is not the list's XML")
		}
		for _, attr := range t.Attr {
			if attr.Name.Local == "dateGenerated" {
				date, err := parseListDate(attr.Value)
				if err != nil {
					return err
				}
				a.ListDate = date
			}
		}
		if a.ListDate.IsZero() {
			return errors.New("CONSOLIDATED_LIST has no dateGenerated; the list's date is unknown")
		}
	case len(*path) == 2 && (*path)[1] == "INDIVIDUALS" && name == "INDIVIDUAL",
		len(*path) == 2 && (*path)[1] == "ENTITIES" && name == "ENTITY":
		a.next()
		n, err := a.readNode(dec, name, len(*path)+1)
		if err != nil {
			return err
		}
		record, err := a.unRecord(n)
		if err != nil {
			return err
		}
		a.leftOver(n, name)
		return a.put(record)
	case len(*path) == 1 && (name == "INDIVIDUALS" || name == "ENTITIES"):
	default:
		return errors.New("an element the schema does not have at this place")
	}
	*path = append(*path, name)
	return nil
}

// parseListDate reads xs:dateTime with or without a zone; without one it is UTC.
func parseListDate(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02"} {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errors.New("dateGenerated is not an ISO 8601 date")
}

// readNode reads the element that was just opened, up to its end.
func (a *account) readNode(dec *xml.Decoder, name string, depth int) (*node, error) {
	if depth > a.limits.Depth {
		return nil, fmt.Errorf("elements nested deeper than %d: %w", a.limits.Depth, ErrLimit)
	}
	n := &node{name: name}
	var text strings.Builder
	for {
		tok, err := dec.Token()
		if err != nil {
			return nil, xmlCause(err)
		}
		switch t := tok.(type) {
		case xml.Directive:
			return nil, errors.New("a document type declaration; lists with DTD or entities are refused")
		case xml.CharData:
			text.Write(t)
		case xml.StartElement:
			child, err := a.readNode(dec, t.Name.Local, depth+1)
			if err != nil {
				return nil, err
			}
			n.children = append(n.children, child)
		case xml.EndElement:
			n.text = clean(text.String())
			return n, nil
		}
	}
}

// xmlCause reduces an XML error to what does not quote the document.
func xmlCause(err error) error {
	var syntax *xml.SyntaxError
	switch {
	case errors.As(err, &syntax):
		for _, known := range []string{"unexpected EOF", "invalid UTF-8", "invalid character entity", "illegal character code"} {
			if strings.HasPrefix(syntax.Msg, known) {
				return errors.New("not well-formed: " + known)
			}
		}
		return errors.New("not well-formed XML")
	case errors.Is(err, io.EOF):
		return errors.New("the document ends before the list does")
	case strings.HasPrefix(err.Error(), "xml: encoding"):
		return errors.New("only UTF-8 is read")
	}
	return err
}

// leftOver counts elements that carry text and were not taken over.
func (a *account) leftOver(n *node, path string) {
	if n.text != "" && !n.used {
		a.Ignored[path]++
	}
	for _, c := range n.children {
		a.leftOver(c, path+"/"+c.name)
	}
}

// clean joins the words of a text by single spaces.
func clean(s string) string { return strings.Join(strings.Fields(s), " ") }

// take returns the text of the first child of that name and marks all of them used.
func (n *node) take(name string) string {
	text := ""
	for _, c := range n.children {
		if c.name == name {
			c.used = true
			if text == "" {
				text = c.text
			}
		}
	}
	return text
}

// each calls f for every child of that name.
func (n *node) each(name string, f func(*node)) {
	for _, c := range n.children {
		if c.name == name {
			f(c)
		}
	}
}
