// SPDX-License-Identifier: Apache-2.0

package reading

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io/fs"
	"regexp"
	"strings"
	"unicode"

	"github.com/frontline-screening/frontline/internal/watchlist"
	"github.com/frontline-screening/frontline/internal/watchlist/country"
)

func nameLand(s string) string {
	code, _ := country.FromName(s)
	return code
}

// table reads one file of a folder, whatever the case of its name; nil if there is none.
func table(folder fs.FS, name string) ([][]string, error) {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !strings.EqualFold(e.Name(), name) {
			continue
		}
		data, err := fs.ReadFile(folder, e.Name())
		if err != nil {
			return nil, err
		}
		data = regexp.MustCompile(`-0- ?`).ReplaceAll(bytes.TrimRight(data, "\x1a"), nil)
		return csv.NewReader(bytes.NewReader(data)).ReadAll()
	}
	return nil, nil
}

func ofacCSV(folder fs.FS) (map[string]Facts, error) {
	tables := map[string][][]string{}
	for _, name := range []string{"sdn", "alt", "sdn_comments"} {
		rows, err := table(folder, name+".csv")
		if err != nil {
			return nil, err
		}
		tables[name] = rows
	}
	out, persons := map[string]Facts{}, map[string]bool{}
	turn := func(id, name string) string {
		if family, given, ok := strings.Cut(clean(name), ", "); ok && persons[id] {
			return given + " " + family
		}
		return name
	}
	more := map[string]string{}
	for _, row := range tables["sdn_comments"] {
		more[row[0]] += row[1]
	}
	for _, row := range tables["sdn"] {
		f, id := Facts{}, clean(row[0])
		persons[id] = clean(row[2]) == "individual"
		kind, ok := map[string]string{"individual": "Person", "": "Entity", "vessel": "Object", "aircraft": "Object"}[clean(row[2])]
		if ok {
			f.add(fieldType, kind)
		}
		f.name(turn(id, row[1]), "", false)
		for _, p := range regexp.MustCompile(`[^\[\]]+`).FindAllString(row[3], -1) {
			f.add(fieldProgramme, p)
		}
		for item := range strings.SplitSeq(row[11]+more[id], ";") {
			ofacItem(f, strings.TrimPrefix(strings.TrimSuffix(clean(item), "."), "alt. "))
		}
		out[id] = f
	}
	for _, row := range tables["alt"] {
		id := clean(row[0])
		if f := out[id]; f != nil {
			f.name(turn(id, row[3]), map[string]watchlist.NameKind{"fka": watchlist.Former}[clean(row[2])], false)
		}
	}
	return out, nil
}

var (
	ofacWeak   = regexp.MustCompile(`^([af])\.k\.a\. ['"]?(.*?)['"]?$`)
	ofacNumber = regexp.MustCompile(`^#?(.+?)(?: issued .*)?(?: \(([^)]*)\).*)?$`)
)

// ofacItem reads one remark.
func ofacItem(f Facts, item string) {
	key, value, _ := strings.Cut(item, " ")
	switch key {
	case "DOB":
		ofacBirth(f, value)
		return
	case "POB":
		f.add(fieldPlace, placeLand(strings.Split(value, ", ")))
		return
	case "nationality", "citizen":
		f.add(fieldNationality, land(value))
		return
	case "Gender":
		f.add(fieldGender, map[string]string{"Male": "M", "Female": "F"}[value])
		return
	}
	if m := ofacWeak.FindStringSubmatch(item); m != nil {
		f.name(strings.Trim(m[2], `'" `), map[string]watchlist.NameKind{"f": watchlist.Former}[m[1]], true)
		return
	}
	if m := ofacKinds.FindString(item); m != "" {
		if n := ofacNumber.FindStringSubmatch(item[len(m):]); n != nil {
			f.document(strings.Contains(m, "Passport"), n[1], land(n[2]))
		}
	}
}

func latinless(s string) bool {
	return strings.ContainsFunc(s, unicode.IsLetter) && !strings.ContainsFunc(s, func(c rune) bool { return unicode.In(c, unicode.Latin) })
}

// types are FollowTheMoney's schemata.
var types = map[string]string{
	"Person": "Person", "Organization": "Entity", "Company": "Entity", "LegalEntity": "Entity", "PublicBody": "Entity",
	"Vessel": "Object", "Airplane": "Object", "Vehicle": "Object",
}

func simple(data []byte) (map[string]Facts, error) {
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		return nil, err
	}
	out := map[string]Facts{}
	for _, row := range rows[1:] {
		cell, f := map[string]string{}, Facts{}
		for i, name := range rows[0] {
			cell[name] = row[i]
		}
		if types[cell["schema"]] == "" {
			continue
		}
		f.add(fieldType, types[cell["schema"]])
		f.name(cell["name"], "", false)
		for v := range strings.SplitSeq(cell["aliases"], ";") {
			f.name(v, map[bool]watchlist.NameKind{true: watchlist.Original}[latinless(v)], false)
		}
		for v := range strings.SplitSeq(cell["birth_date"], ";") {
			f.birth(v, false)
		}
		for v := range strings.SplitSeq(cell["countries"], ";") {
			if cell["schema"] == "Person" {
				f.add(fieldNationality, land(v))
			}
		}
		for v := range strings.SplitSeq(cell["identifiers"], ";") {
			f.document(false, v, "")
		}
		for v := range strings.SplitSeq(cell["sanctions"], ";") {
			f.add(fieldProgramme, v)
		}
		out[cell["id"]] = f
	}
	return out, nil
}

func ftm(data []byte) (map[string]Facts, error) {
	type entity struct {
		ID, Schema, Caption string
		Target              *bool
		Properties          map[string][]string
	}
	out := map[string]Facts{}
	var linked []entity
	dec := json.NewDecoder(bytes.NewReader(data))
	for dec.More() {
		var e entity
		if err := dec.Decode(&e); err != nil {
			return nil, err
		}
		if types[e.Schema] == "" || e.Target != nil && !*e.Target {
			linked = append(linked, e)
			continue
		}
		f := Facts{}
		f.add(fieldType, types[e.Schema])
		for _, property := range []string{"name", "alias", "weakAlias"} {
			for _, v := range e.Properties[property] {
				kind := watchlist.NameKind("")
				if latinless(v) && v != e.Caption {
					kind = watchlist.Original
				}
				f.name(v, kind, property == "weakAlias")
			}
		}
		for _, v := range e.Properties["previousName"] {
			f.name(v, watchlist.Former, false)
		}
		for _, v := range e.Properties["birthDate"] {
			f.birth(v, false)
		}
		for _, v := range append(e.Properties["nationality"], e.Properties["citizenship"]...) {
			f.add(fieldNationality, land(v))
		}
		for _, v := range e.Properties["gender"] {
			f.add(fieldGender, map[string]string{"male": "M", "female": "F", "other": "X"}[v])
		}
		for _, v := range e.Properties["imoNumber"] {
			f.document(false, v, "")
		}
		out[e.ID] = f
	}
	for _, e := range linked {
		for _, holder := range e.Properties["holder"] {
			for _, number := range e.Properties["number"] {
				issuer := ""
				for _, v := range e.Properties["country"] {
					issuer = land(v)
				}
				out[holder].document(e.Schema == "Passport", number, issuer)
			}
		}
		for _, holder := range e.Properties["entity"] {
			for _, v := range e.Properties["program"] {
				out[holder].add(fieldProgramme, v)
			}
			for _, v := range e.Properties["listingDate"] {
				out[holder].add(fieldIssued, v)
			}
		}
	}
	return out, nil
}

func jsonl(data []byte) (map[string]Facts, error) {
	out := map[string]Facts{}
	dec := json.NewDecoder(bytes.NewReader(data))
	for dec.More() {
		var r watchlist.Record
		if err := dec.Decode(&r); err != nil {
			return nil, err
		}
		out[r.ID] = Of(&r)
	}
	return out, nil
}
