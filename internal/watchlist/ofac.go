// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
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
	// Aliases and comments are joined to their entities, so they are held.
	aliases := map[string][]ofacAlias{}
	err = a.eachRow(files["alt.csv"], "alt.csv", 5, func(row []string) error {
		aliases[row[0]] = append(aliases[row[0]], ofacAlias{kind: row[2], name: row[3], remark: row[4]})
		return a.hold(ofacHeld + rowSize(row))
	})
	if err != nil {
		return err
	}
	comments := map[string]string{}
	if files["sdn_comments.csv"] != nil {
		err = a.eachRow(files["sdn_comments.csv"], "sdn_comments.csv", 2, func(row []string) error {
			comments[row[0]] += row[1]
			if len(comments[row[0]]) > a.limits.RecordBytes {
				return errLongRow
			}
			return a.hold(ofacHeld + rowSize(row))
		})
		if err != nil {
			return err
		}
	}
	err = a.eachRow(files["add.csv"], "add.csv", 6, func([]string) error {
		a.ignore("add.csv/address")
		return nil
	})
	if err != nil {
		return err
	}
	err = a.eachRow(files["sdn.csv"], "sdn.csv", 12, func(row []string) error {
		// Long remarks go on in the comments file, in the middle of a word.
		row[11] += comments[row[0]]
		r, err := a.ofacRecord(row, aliases[row[0]])
		if err != nil {
			return err
		}
		delete(aliases, row[0])
		delete(comments, row[0])
		return a.put(r)
	})
	for _, left := range aliases {
		a.Ignored["alt.csv/of no entity"] += len(left)
	}
	if len(comments) > 0 {
		a.Ignored["sdn_comments.csv/of no entity"] += len(comments)
	}
	return err
}

// ofacAlias is a row of alt.csv.
type ofacAlias struct{ kind, name, remark string }

// ofacHeld is what an alias or comment takes in memory beside its text.
const ofacHeld = 160

// eachRow calls f for every row, with nulls emptied and blanks at the ends of the
// fields removed, except a remark's trailing blank, which a continuation may need.
func (a *account) eachRow(open member, file string, columns int, f func([]string) error) error {
	in, err := open()
	if err != nil {
		return err
	}
	defer in.Close()
	rows := a.newRows(meter{a, in}, file)
	for {
		row, line, err := rows.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(row) == 1 && strings.Trim(row[0], "\x1a ") == "" {
			continue
		}
		if len(row) != columns {
			return rows.at(line, fmt.Errorf("%d columns, want %d", len(row), columns))
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
			return rows.at(line, errors.New("no ent_num"))
		}
		if err := f(row); err != nil {
			return rows.at(line, err)
		}
	}
}

// rowSize is what a row takes in memory when a part of it is kept: the fields of a row
// are parts of one text, and cleaned ones texts of their own.
func rowSize(row []string) (n int64) {
	for _, field := range row {
		n += 2 * int64(len(field))
	}
	return n
}

func (a *account) ofacRecord(row []string, aliases []ofacAlias) (Record, error) {
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
		if alias.remark != "" {
			a.ignore("alt.csv/alt_remarks")
		}
		if alias.name == "" {
			continue
		}
		n := ofacName(r.Type, alias.name)
		n.Kind = Alias
		if alias.kind == "fka" {
			n.Kind = Former
		}
		addUnique(&r.Names, n)
	}
	for p := range strings.SplitSeq(row[3], "] [") {
		addUnique(&r.Programmes, strings.Trim(p, "[] "))
	}
	for i, name := range ofacLeft {
		if row[i] != "" {
			a.ignore("sdn.csv/" + name)
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
