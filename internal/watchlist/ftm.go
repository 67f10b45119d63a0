// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"errors"
	"io"
)

// Source of the format: FollowTheMoney entities as JSON lines, as OpenSanctions
// publishes them: entities.ftm.json, where documents and sanctions are entities of
// their own that name their holder, and targets.nested.json, where they stand within
// it. The model is https://followthemoney.tech/explorer/.

// parseFTM reads the file twice: what is joined to a record may stand before or behind
// it, so the first reading collects documents and sanctions, the second emits.
func (a *account) parseFTM(src Source) error {
	file, ok := src.Reader.(io.Seeker)
	if !ok {
		return errors.New("the format is read twice and needs a file, neither a folder nor a stream")
	}
	begin, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return errors.New("the file cannot be read twice")
	}
	f := &ftmJoin{acc: a, links: map[string]*ftmLinked{}}
	if err := f.pass(src, f.collect); err != nil {
		return err
	}
	if _, err := file.Seek(begin, io.SeekStart); err != nil {
		return errors.New("the file cannot be read twice")
	}
	a.Bytes = 0 // what is accounted for is one reading
	if err := f.pass(src, f.emit); err != nil {
		return err
	}
	for _, l := range f.links {
		a.Ignored["linked to no record"] += l.entities
	}
	return nil
}

// ftmJoin joins linked entities to their records.
type ftmJoin struct {
	acc   *account
	links map[string]*ftmLinked // by holder
}

// ftmLinked is what linked entities add to their holder.
type ftmLinked struct {
	documents  []Document
	programmes []string
	issued     string // the earliest day
	entities   int
}

// pass calls each for every entity of the file.
func (f *ftmJoin) pass(src Source, each func(*ftmEntity) error) error {
	r := ftmReader{acc: f.acc, words: words{}}
	return f.acc.fromReader(src, func(in io.Reader) error {
		return f.acc.eachLine(in, func(text []byte) error {
			e, err := r.read(text)
			if err != nil {
				return jsonCause(err)
			}
			return each(e)
		})
	})
}

// linkedSize is what a holder's entry takes in memory beside its texts.
const linkedSize = 400

// collect keeps what a linked entity adds to its holders.
func (f *ftmJoin) collect(e *ftmEntity) error {
	property, ok := ftmLinks[e.schema]
	if !ok {
		return nil
	}
	holders := e.get(property)
	for _, holder := range holders {
		l := f.links[holder]
		if l == nil {
			l = &ftmLinked{}
			f.links[holder] = l
			if err := f.acc.hold(linkedSize + int64(len(holder))); err != nil {
				return err
			}
		}
		// Their texts are kept once, but may be listed for each holder.
		if err := f.acc.hold(e.size); err != nil {
			return err
		}
		f.acc.ftmLink(l, e)
	}
	return nil
}

// ftmLink adds a Passport, Identification or Sanction.
func (a *account) ftmLink(l *ftmLinked, e *ftmEntity) {
	l.entities++
	if e.schema == "Sanction" {
		for _, property := range []string{"program", "programId"} {
			for _, v := range e.get(property) {
				addUnique(&l.programmes, v)
			}
		}
		for _, property := range []string{"listingDate", "startDate"} {
			for _, v := range e.get(property) {
				if day := a.day("Sanction/"+property, ftmDate(v)); day != "" && (l.issued == "" || day < l.issued) {
					l.issued = day
				}
			}
		}
		return
	}
	issuer := ""
	for _, v := range e.get("country") {
		if issuer == "" {
			issuer = a.ftmCountry(e.schema+"/country", v)
		}
	}
	kind := ""
	if e.schema == "Passport" {
		kind = "passport"
	}
	for _, v := range e.get("type") {
		if kind == "" {
			kind = documentType(v)
		}
	}
	for _, property := range []string{"number", "passportNumber"} {
		for _, v := range e.get(property) {
			addUnique(&l.documents, Document{Type: kind, Number: v, Country: issuer})
		}
	}
}

// emit turns a target into a record.
func (f *ftmJoin) emit(e *ftmEntity) error {
	a := f.acc
	if _, linked := ftmLinks[e.schema]; linked {
		a.ftmLeft(e, nil)
		if len(e.get(ftmLinks[e.schema])) == 0 {
			a.ignore("linked to no record")
		}
		return nil
	}
	kind, ok := ftmTypes[e.schema]
	switch {
	case !ok:
		a.ignore("schema/" + schemaName(e.schema))
		return nil
	case !e.target:
		a.ignore("not a target")
		return nil
	}
	a.newest(e.lastSeen)
	linked := ftmLinked{}
	for _, p := range e.properties {
		for _, n := range p.nested {
			if _, ok := ftmLinks[n.schema]; ok {
				a.ftmLink(&linked, n)
				a.ftmLeft(n, nil)
			} else {
				a.ignore(e.schema + "/" + p.name)
			}
		}
	}
	if l := f.links[e.id]; l != nil {
		for _, d := range l.documents {
			addUnique(&linked.documents, d)
		}
		for _, p := range l.programmes {
			addUnique(&linked.programmes, p)
		}
		if linked.issued == "" || l.issued != "" && l.issued < linked.issued {
			linked.issued = l.issued
		}
		delete(f.links, e.id)
	}
	r, err := a.ftmRecord(e, kind, &linked)
	if err != nil {
		return err
	}
	return a.put(r)
}
