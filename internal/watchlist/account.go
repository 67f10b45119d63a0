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
	// spare is what the current record may still read before it is too large.
	spare int64
}

// meter reads through the account's limits.
type meter struct {
	acc *account
	r   io.Reader
}

// slack is what readers may take ahead of the record they are at.
const slack = 128 << 10

func (m meter) Read(p []byte) (int, error) {
	if err := m.acc.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := m.r.Read(p)
	m.acc.Bytes += int64(n)
	m.acc.spare -= int64(n)
	switch {
	case m.acc.Bytes > m.acc.limits.Bytes:
		return 0, fmt.Errorf("more than %d bytes: %w", m.acc.limits.Bytes, ErrLimit)
	case m.acc.spare < 0:
		return 0, fmt.Errorf("a record of more than %d bytes: %w", m.acc.limits.RecordBytes, ErrLimit)
	}
	return n, err
}

// next starts a record's allowance anew.
func (a *account) next() { a.spare = int64(a.limits.RecordBytes) + slack }

func (a *account) meter(r io.Reader) io.Reader {
	a.next()
	return meter{a, r}
}

// fromReader runs a parser of one-file formats.
func (a *account) fromReader(src Source, parse func(io.Reader) error) error {
	if src.Reader == nil {
		return errors.New("the format is one file, not a folder")
	}
	return parse(a.meter(src.Reader))
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
