// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// ErrLimit is wrapped by errors that say a list is larger than its limits allow.
var ErrLimit = errors.New("over the limit")

// account is a running parse: what was read so far, and the limits it keeps to.
type account struct {
	Account
	ctx    context.Context
	limits Limits
	emit   func(Record) error
	// suppress tells erased records; nil when there are none.
	suppress func(id string) bool
	// countries resolved before; the same few come again and again.
	countries map[string]string
	// held is the memory of what the format joins across the file.
	held int64
}

// meter reads through the account's limits.
type meter struct {
	acc *account
	r   io.Reader
}

func (m meter) Read(p []byte) (int, error) {
	if err := m.acc.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := m.r.Read(p)
	m.acc.Bytes += int64(n)
	if m.acc.Bytes > m.acc.limits.Bytes {
		return 0, fmt.Errorf("more than %d bytes: %w", m.acc.limits.Bytes, ErrLimit)
	}
	return n, err
}

// fromReader runs a parser of one-file formats.
func (a *account) fromReader(src Source, parse func(io.Reader) error) error {
	if src.Reader == nil {
		return errors.New("the format is one file, not a folder")
	}
	r, err := a.unwrap(src.Reader)
	if err != nil {
		return err
	}
	return parse(meter{a, r})
}

// put emits one record, unless it is suppressed.
func (a *account) put(r Record) error {
	if err := a.ctx.Err(); err != nil {
		return err
	}
	if a.Records+a.Suppressed >= a.limits.Records {
		return fmt.Errorf("more than %d records: %w", a.limits.Records, ErrLimit)
	}
	if a.suppress != nil && a.suppress(r.ID) {
		a.Suppressed++
		return nil
	}
	a.Records++
	switch r.Type {
	case Person:
		a.Persons++
		a.missing(&r)
	case Entity:
		a.Entities++
	default:
		a.Objects++
	}
	return a.emit(r)
}

// missing counts what gates ask of persons.
func (a *account) missing(r *Record) {
	if len(r.BirthDates) == 0 {
		a.Missing[MissingBirthDates]++
	}
	if len(r.Nationalities) == 0 {
		a.Missing[MissingNationalities]++
	}
	if len(r.Documents) == 0 {
		a.Missing[MissingDocuments]++
	}
	if r.Gender == "" {
		a.Missing[MissingGender]++
	}
}

// room refuses n bytes of memory beside what is held.
func (a *account) room(n int64) error {
	if a.held+n > a.limits.Memory {
		return fmt.Errorf("more than %d bytes of it held at one time: %w", a.limits.Memory, ErrLimit)
	}
	return nil
}

// hold claims n bytes of memory until the end.
func (a *account) hold(n int64) error {
	a.held += n
	return a.room(0)
}

// maxIgnored bounds the names an account lists; a list made to harm could have any.
const maxIgnored = 500

// ignore counts one thing left aside, by the name of its element, column or key.
func (a *account) ignore(name string) {
	if _, ok := a.Ignored[name]; !ok && (len(a.Ignored) >= maxIgnored || len(name) > 128) {
		name = "other names"
	}
	a.Ignored[name]++
}
