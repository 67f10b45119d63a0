// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Source of the format: OFAC, "SDN list data formats and data schemas": sdn.csv,
// alt.csv, add.csv and sdn_comments.csv without header rows, null as -0-, lines ended
// by CR LF, the file by the DOS end mark 0x1A.

// Columns of sdn.csv that carry something the record does not take over.
var ofacLeft = map[int]string{
	4: "title", 5: "call_sign", 6: "vess_type", 7: "tonnage", 8: "grt", 9: "vess_flag", 10: "vess_owner",
}

func (a *account) parseOFACCSV(src Source) error {
	files, err := a.ofacFiles(src)
	if err != nil {
		return err
	}
	if files["sdn.csv"] == nil || files["alt.csv"] == nil || files["add.csv"] == nil {
		return errors.New("the folder must hold sdn.csv, alt.csv and add.csv (and may hold sdn_comments.csv)")
	}
	aliases := map[string][][]string{}
	err = eachRow(files["alt.csv"], "alt.csv", 5, func(row []string) error {
		aliases[row[0]] = append(aliases[row[0]], row)
		return nil
	})
	if err != nil {
		return err
	}
	comments := map[string]string{}
	if files["sdn_comments.csv"] != nil {
		err = eachRow(files["sdn_comments.csv"], "sdn_comments.csv", 2, func(row []string) error {
			comments[row[0]] += row[1]
			return nil
		})
		if err != nil {
			return err
		}
	}
	err = eachRow(files["add.csv"], "add.csv", 6, func([]string) error {
		a.Ignored["add.csv/address"]++
		return nil
	})
	if err != nil {
		return err
	}
	return eachRow(files["sdn.csv"], "sdn.csv", 12, func(row []string) error {
		// Long remarks go on in the comments file, in the middle of a word.
		row[11] += comments[row[0]]
		r, err := a.ofacRecord(row, aliases[row[0]])
		if err != nil {
			return err
		}
		return a.put(r)
	})
}

// eachRow calls f for every row, with nulls emptied and blanks at the ends of the
// fields removed, except a remark's trailing blank, which a continuation may need.
func eachRow(r io.Reader, file string, columns int, f func([]string) error) error {
	dec := csv.NewReader(r)
	dec.FieldsPerRecord = -1
	for {
		row, err := dec.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file, csvCause(err))
		}
		line, _ := dec.FieldPos(0)
		if len(row) == 1 && strings.Trim(row[0], "\x1a ") == "" {
			continue
		}
		if len(row) != columns {
			return fmt.Errorf("%s: line %d: %d columns, want %d", file, line, len(row), columns)
		}
		for i := range row {
			if strings.TrimSpace(row[i]) == "-0-" {
				row[i] = ""
			}
			if i != columns-1 {
				row[i] = clean(row[i])
			}
		}
		if row[0] == "" {
			return fmt.Errorf("%s: line %d: no ent_num", file, line)
		}
		if err := f(row); err != nil {
			return fmt.Errorf("%s: line %d: %w", file, line, err)
		}
	}
}

// csvCause reduces a CSV error to line and cause.
func csvCause(err error) error {
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		return fmt.Errorf("line %d: %w", parse.Line, parse.Err)
	}
	return err
}

func (a *account) ofacRecord(row []string, aliases [][]string) (Record, error) {
	r := Record{ID: row[0]}
	switch row[2] {
	case "individual":
		r.Type = Person
	case "vessel", "aircraft":
		r.Type = Object
	case "", "entity":
		r.Type = Entity
	default:
		return r, errors.New("sdn_type is none of individual, vessel, aircraft and null")
	}
	if row[1] == "" {
		return r, errors.New("no sdn_name")
	}
	r.Names = append(r.Names, ofacName(r.Type, row[1]))
	for _, alias := range aliases {
		if alias[3] == "" {
			continue
		}
		n := ofacName(r.Type, alias[3])
		n.Kind = Alias
		if alias[2] == "fka" {
			n.Kind = Former
		}
		addUnique(&r.Names, n)
	}
	for p := range strings.SplitSeq(row[3], "] [") {
		addUnique(&r.Programmes, strings.Trim(p, "[] "))
	}
	for i, name := range ofacLeft {
		if row[i] != "" {
			a.Ignored["sdn.csv/"+name]++
		}
	}
	a.ofacRemarks(&r, row[11])
	return r, nil
}

// ofacName splits the name of a person at the first comma: FAMILY, Given.
func ofacName(t Type, s string) Name {
	family, given, ok := strings.Cut(s, ", ")
	if t != Person || !ok {
		return Name{Full: s}
	}
	return Name{Given: clean(given), Family: clean(family)}
}
