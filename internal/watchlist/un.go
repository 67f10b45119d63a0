// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/frontline-screening/frontline/internal/watchlist/xmlscan"
)

// Source of the format: the consolidated list of the United Nations Security Council,
// schema https://www.un.org/sc/resources/sc-sanctions.xsd.

// parseUN streams over the list, one INDIVIDUAL or ENTITY in memory at a time.
func (a *account) parseUN(r io.Reader) error {
	x := a.newXML(r)
	section := ""
	for {
		kind, err := x.scan.Next()
		switch {
		case err != nil:
			return x.at(err)
		case kind == xmlscan.EOF:
			return nil
		case kind == xmlscan.Text:
			if strings.TrimSpace(string(x.scan.Text())) != "" {
				return x.at(errors.New("text where the schema has none"))
			}
			continue
		case kind == xmlscan.End:
			section = ""
			continue
		}
		name := x.scan.Name()
		switch depth := x.scan.Depth(); {
		case depth == 1:
			err = a.startUN(x.scan)
		case depth == 2 && (name == "INDIVIDUALS" || name == "ENTITIES"):
			section = name
		case depth == 3 && (section == "INDIVIDUALS" && name == "INDIVIDUAL" || section == "ENTITIES" && name == "ENTITY"):
			err = a.nextXML(x, a.unRecord)
		default:
			err = errors.New("an element the schema does not have at this place")
		}
		if err != nil {
			return x.at(err)
		}
	}
}

// startUN checks the root element and takes the list's date from it.
func (a *account) startUN(s *xmlscan.Scanner) error {
	if s.Name() != "CONSOLIDATED_LIST" {
		return errors.New("the first element is not CONSOLIDATED_LIST; this is not the list's XML")
	}
	return a.takeListDate(s, "dateGenerated")
}

// takeListDate takes the list's date from an attribute of the root element.
func (a *account) takeListDate(s *xmlscan.Scanner, name string) error {
	for _, attr := range s.Attrs() {
		if attr.Name == name {
			date, ok := parseListDate(string(attr.Value))
			if !ok {
				return errors.New(name + " is not an ISO 8601 date")
			}
			a.ListDate = date
		}
	}
	if a.ListDate.IsZero() {
		return fmt.Errorf("%s has no %s; the list's date is unknown", s.Name(), name)
	}
	return nil
}

// nextXML reads the element the scanner is at as a record.
func (a *account) nextXML(x *xmlReader, read func(elem) (Record, error)) error {
	e, err := x.record()
	if err != nil {
		return err
	}
	record, err := read(e)
	if err != nil {
		return err
	}
	a.leftOver(e, []byte(e.name()))
	return a.put(record)
}

// parseListDate reads xs:dateTime with or without a zone; without one it is UTC.
func parseListDate(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02"} {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
