// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Source of the format: OpenSanctions, "Simplified tabular format": targets.simple.csv,
// UTF-8 with a header row; several values of a cell are separated by semicolons.

// parseOpenSanctions streams over the table. Columns are found by name.
func (a *account) parseOpenSanctions(r io.Reader) error {
	rows := a.newRows(r, "")
	head, _, err := rows.next()
	if errors.Is(err, io.EOF) {
		return errors.New("the file is empty; it needs the header row")
	}
	if err != nil {
		return err
	}
	columns := map[string]int{}
	names := make([]string, len(head))
	for i, name := range head {
		name = strings.Clone(clean(name))
		if _, twice := columns[name]; twice {
			return errors.New("line 1: the header has a column twice")
		}
		columns[name], names[i] = i, name
	}
	for _, name := range []string{"id", "schema", "name"} {
		if _, ok := columns[name]; !ok {
			return errors.New("line 1: the header has no column " + name + "; this is not targets.simple.csv")
		}
	}
	for {
		row, line, err := rows.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(row) != len(head) {
			return rows.at(line, fmt.Errorf("%d columns, want %d", len(row), len(head)))
		}
		if err := a.openSanctionsRow(names, columns, row); err != nil {
			return rows.at(line, err)
		}
	}
}

// simpleRow is one row of the table.
type simpleRow struct {
	columns map[string]int
	row     []string
}

// one is a cell with one value.
func (s simpleRow) one(name string) string {
	if i, ok := s.columns[name]; ok {
		return clean(s.row[i])
	}
	return ""
}

// each calls f for the values of a cell.
func (s simpleRow) each(name string, f func(string)) {
	i, ok := s.columns[name]
	if !ok {
		return
	}
	for v := range strings.SplitSeq(s.row[i], ";") {
		if v = clean(v); v != "" {
			f(v)
		}
	}
}

// openSanctionsTaken are the columns a record takes over.
var openSanctionsTaken = map[string]bool{
	"id": true, "schema": true, "name": true, "aliases": true, "birth_date": true, "countries": true,
	"identifiers": true, "sanctions": true, "program_ids": true, "last_seen": true,
}

func (a *account) openSanctionsRow(names []string, columns map[string]int, cells []string) error {
	s := simpleRow{columns, cells}
	r := Record{ID: s.one("id")}
	if r.ID == "" {
		return errors.New("no id")
	}
	a.newest(s.one("last_seen"))
	schema := s.one("schema")
	kind, ok := ftmTypes[schema]
	if !ok {
		a.ignore("schema/" + schemaName(schema))
		return nil
	}
	r.Type = kind
	name := s.one("name")
	if name == "" {
		return errors.New("no name")
	}
	r.Names = append(r.Names, Name{Full: name})
	s.each("aliases", func(v string) { addUnique(&r.Names, aliasOf(v)) })
	s.each("birth_date", func(v string) { addUnique(&r.BirthDates, a.date("birth_date", ftmDate(v))) })
	if r.Type == Person {
		// The column does not tell nationality from other ties to a country.
		s.each("countries", func(v string) { addUnique(&r.Nationalities, a.ftmCountry("countries", v)) })
	} else {
		s.each("countries", func(string) { a.ignore("countries of no person") })
	}
	s.each("identifiers", func(v string) { addUnique(&r.Documents, Document{Number: v}) })
	for _, column := range []string{"sanctions", "program_ids"} {
		s.each(column, func(v string) { addUnique(&r.Programmes, v) })
	}
	for i, cell := range cells {
		if !openSanctionsTaken[names[i]] && strings.TrimSpace(cell) != "" {
			a.ignore(names[i])
		}
	}
	return a.put(r)
}

// aliasOf is an alias, or a name in the script of its own language.
func aliasOf(s string) Name {
	if foreignScript(s) {
		return Name{Full: s, Kind: Original}
	}
	return Name{Full: s, Kind: Alias}
}

// newest keeps the latest day or time the publisher saw any of its records as the
// list's date.
func (a *account) newest(s string) {
	if s == "" {
		return
	}
	for _, layout := range []string{"2006-01-02T15:04:05", time.RFC3339, "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			if t = t.UTC(); t.After(a.ListDate) {
				a.ListDate = t
			}
			return
		}
	}
	a.Unresolved["last_seen"]++
}
