// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/frontline-screening/frontline/internal/watchlist/jsonscan"
)

// recordDecoder reads canonical records one after the other.
type recordDecoder struct {
	cur   jsonscan.Cursor
	words words
}

var errUnknownField = errors.New("a field the format does not have")

func (d *recordDecoder) decode(text []byte, depth int) (Record, error) {
	var r Record
	d.cur.Reset(text, depth)
	if d.cur.Kind() != '{' {
		if err := d.cur.Skip(); err != nil {
			return r, jsonCause(err)
		}
		return r, errors.New("not a JSON object")
	}
	err := d.cur.Object(func(key []byte) error {
		name := d.words.get(key)
		if d.cur.Null() {
			return nil
		}
		if err := d.field(&r, name); err != nil {
			return in(name, err)
		}
		return nil
	})
	if err == nil {
		err = d.cur.End()
	}
	if err != nil {
		return r, jsonCause(err)
	}
	return r, r.Validate()
}

// in names the field of an error, unless the field is one no record has, whose name
// could be content.
func in(name string, err error) error {
	if errors.Is(err, errUnknownField) || errors.Is(err, jsonscan.ErrSyntax) || errors.Is(err, jsonscan.ErrTwice) {
		return err
	}
	return fmt.Errorf("field %s: %w", name, err)
}

// jsonCause marks what is over a limit as such.
func jsonCause(err error) error {
	if errors.Is(err, jsonscan.ErrDepth) || errors.Is(err, jsonscan.ErrFields) {
		return fmt.Errorf("%w: %w", err, ErrLimit)
	}
	return err
}

func (d *recordDecoder) field(r *Record, name string) error {
	switch name {
	case "id":
		return d.text(&r.ID)
	case "type":
		return d.word((*string)(&r.Type))
	case "nature":
		return d.word(&r.Nature)
	case "names":
		return list(d, &r.Names, d.name)
	case "birthDates":
		return list(d, &r.BirthDates, d.text)
	case "birthPlaces":
		return list(d, &r.BirthPlaces, d.place)
	case "nationalities":
		return list(d, &r.Nationalities, d.word)
	case "gender":
		return d.word(&r.Gender)
	case "documents":
		return list(d, &r.Documents, d.document)
	case "programmes":
		return list(d, &r.Programmes, d.word)
	case "fingerprints":
		return list(d, &r.Fingerprints, d.fingerprint)
	case "faces":
		return list(d, &r.Faces, d.face)
	case "handling":
		r.Handling = &Handling{}
		return d.handling(r.Handling)
	case "issued":
		return d.text(&r.Issued)
	case "expires":
		return d.text(&r.Expires)
	}
	return errUnknownField
}

func (d *recordDecoder) text(to *string) error {
	b, err := d.cur.String()
	*to = string(b)
	return err
}

func (d *recordDecoder) word(to *string) error {
	b, err := d.cur.String()
	*to = d.words.get(b)
	return err
}

func (d *recordDecoder) base64(to *[]byte) error {
	b, err := d.cur.String()
	if err != nil {
		return err
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(len(b)))
	n, err := base64.StdEncoding.Strict().Decode(out, b)
	if err != nil {
		return errors.New("a template or vector that is not base64")
	}
	*to = out[:n]
	return nil
}

// list reads an array of what one reads.
func list[T any](d *recordDecoder, to *[]T, one func(*T) error) error {
	*to = []T{}
	return d.cur.Array(func() error {
		if len(*to) >= maxItems {
			return fmt.Errorf("more than %d items: %w", maxItems, ErrLimit)
		}
		var v T
		err := one(&v)
		*to = append(*to, v)
		return err
	})
}

// object reads an object of the fields that have a reader.
func (d *recordDecoder) object(field func(key string) error) error {
	return d.cur.Object(func(key []byte) error {
		if d.cur.Null() {
			return nil
		}
		return field(d.words.get(key))
	})
}

func (d *recordDecoder) name(n *Name) error {
	return d.object(func(key string) error {
		switch key {
		case "full":
			return d.text(&n.Full)
		case "given":
			return d.text(&n.Given)
		case "family":
			return d.text(&n.Family)
		case "quality":
			return d.word((*string)(&n.Quality))
		case "kind":
			return d.word((*string)(&n.Kind))
		}
		return errUnknownField
	})
}

func (d *recordDecoder) place(p *Place) error {
	return d.object(func(key string) error {
		switch key {
		case "text":
			return d.text(&p.Text)
		case "country":
			return d.word(&p.Country)
		}
		return errUnknownField
	})
}

func (d *recordDecoder) document(doc *Document) error {
	return d.object(func(key string) error {
		switch key {
		case "type":
			return d.word(&doc.Type)
		case "number":
			return d.text(&doc.Number)
		case "country":
			return d.word(&doc.Country)
		}
		return errUnknownField
	})
}

func (d *recordDecoder) fingerprint(f *Fingerprint) error {
	return d.object(func(key string) error {
		switch key {
		case "position":
			return d.word(&f.Position)
		case "format":
			return d.word(&f.Format)
		case "template":
			return d.base64(&f.Template)
		}
		return errUnknownField
	})
}

func (d *recordDecoder) face(f *Face) error {
	return d.object(func(key string) error {
		switch key {
		case "model":
			return d.word(&f.Model)
		case "vector":
			return d.base64(&f.Vector)
		}
		return errUnknownField
	})
}

func (d *recordDecoder) handling(h *Handling) error {
	return d.object(func(key string) error {
		switch key {
		case "allow":
			return list(d, &h.Allow, d.word)
		case "deny":
			return list(d, &h.Deny, d.word)
		case "text":
			return d.text(&h.Text)
		}
		return errUnknownField
	})
}
