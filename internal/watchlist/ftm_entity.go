// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"errors"

	"github.com/frontline-screening/frontline/internal/watchlist/jsonscan"
)

// ftmEntity is one entity as read.
type ftmEntity struct {
	id, schema, caption, lastSeen string
	target                        bool
	properties                    []ftmProperty
	// fields are the fields beside those above that carry something.
	fields []string
	// size is the entity's memory.
	size int64
}

type ftmProperty struct {
	name   string
	values []string
	nested []*ftmEntity
}

// get returns a property's values.
func (e *ftmEntity) get(property string) []string {
	for i := range e.properties {
		if e.properties[i].name == property {
			return e.properties[i].values
		}
	}
	return nil
}

// ftmReader reads entities.
type ftmReader struct {
	acc   *account
	cur   jsonscan.Cursor
	words words
	// size of the entity at hand, with all within it.
	size int64
}

// Sizes in memory beside the texts, for the reckoning: slices that grow hold up to
// twice what they need.
const (
	entitySize   = 300
	propertySize = 160
	valueSize    = 48
)

func (r *ftmReader) read(text []byte) (*ftmEntity, error) {
	r.cur.Reset(text, r.acc.limits.Depth)
	r.size = 0
	if r.cur.Kind() != '{' {
		if err := r.cur.Skip(); err != nil {
			return nil, err
		}
		return nil, errors.New("not a JSON object")
	}
	e, err := r.entity()
	if err == nil {
		err = r.cur.End()
	}
	if err != nil {
		return nil, err
	}
	if e.id == "" || len(e.id) > maxID {
		return nil, errors.New("an entity without an id, or with one that is too long")
	}
	return e, nil
}

// claim reckons with n bytes more for the entity at hand.
func (r *ftmReader) claim(n int) error {
	r.size += int64(n)
	return r.acc.room(r.size)
}

func (r *ftmReader) entity() (*ftmEntity, error) {
	e := &ftmEntity{target: true}
	before := r.size
	if err := r.claim(entitySize); err != nil {
		return nil, err
	}
	err := r.cur.Object(func(key []byte) error {
		name := r.words.get(key)
		if r.cur.Null() {
			return nil
		}
		if err := r.field(e, name); err != nil {
			return ftmIn(name, err)
		}
		return nil
	})
	e.size = r.size - before
	if err == nil && e.schema == "" {
		err = errors.New("an entity without a schema")
	}
	return e, err
}

// ftmIn names the field of an error, if it is one of the format's: others could be
// content.
func ftmIn(name string, err error) error {
	switch name {
	case "id", "schema", "caption", "last_seen", "target", "properties":
		return in(name, err)
	}
	return err
}

func (r *ftmReader) field(e *ftmEntity, name string) (err error) {
	switch name {
	case "id":
		e.id, err = r.text()
	case "schema":
		e.schema, err = r.word()
	case "caption":
		e.caption, err = r.text()
	case "last_seen":
		e.lastSeen, err = r.text()
	case "target":
		e.target, err = r.cur.Bool()
	case "properties":
		err = r.cur.Object(func(key []byte) error { return r.property(e, r.words.get(key)) })
	default:
		if err := r.claim(valueSize + len(name)); err != nil {
			return err
		}
		e.fields = append(e.fields, name)
		err = r.cur.Skip()
	}
	return err
}

func (r *ftmReader) text() (string, error) {
	b, err := r.cur.String()
	if err != nil {
		return "", err
	}
	return cleanBytes(b), r.claim(len(b))
}

func (r *ftmReader) word() (string, error) {
	b, err := r.cur.String()
	if err != nil {
		return "", err
	}
	return r.words.get(b), r.claim(len(b))
}

// property reads an array of texts and, in the nested form, entities.
func (r *ftmReader) property(e *ftmEntity, name string) error {
	p := ftmProperty{name: name}
	if err := r.claim(propertySize + len(name)); err != nil {
		return err
	}
	err := r.cur.Array(func() error {
		if err := r.claim(valueSize); err != nil {
			return err
		}
		switch r.cur.Kind() {
		case '"':
			v, err := r.text()
			if err == nil && v != "" {
				p.values = append(p.values, v)
			}
			return err
		case '{':
			n, err := r.entity()
			p.nested = append(p.nested, n)
			return err
		}
		return errors.New("a property that is neither text nor an entity")
	})
	e.properties = append(e.properties, p)
	return err
}
