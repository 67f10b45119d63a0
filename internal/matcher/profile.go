// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/watchlist"
	"github.com/frontline-screening/frontline/internal/watchlist/country"
	"github.com/frontline-screening/frontline/internal/watchlist/edtf"
)

// entry is what a search needs to know of a record beside its names and numbers.
type entry struct {
	id            string
	typ           watchlist.Type
	nature        screen.Nature
	gender        string
	handling      string
	births        []edtf.Date
	nationalities []string
	places        []birthplace
	// expires is Unix seconds; 0 means never.
	expires int64
}

func newEntry(r *watchlist.Record) (entry, error) {
	e := entry{id: r.ID, typ: r.Type, nature: screen.Nature(r.Nature), gender: r.Gender}
	if r.Handling != nil {
		e.handling = r.Handling.Text
	}
	if r.Expires != "" {
		t, err := time.Parse(time.RFC3339, r.Expires)
		if err != nil {
			return e, errors.New("expires is not an RFC 3339 time")
		}
		e.expires = t.Unix()
	}
	for _, d := range r.BirthDates {
		date, err := edtf.Parse(d)
		if err != nil {
			return e, fmt.Errorf("birth date: %w", err)
		}
		e.births = append(e.births, date)
	}
	for _, n := range r.Nationalities {
		if code, ok := country.FromCode(n); ok {
			n = code
		}
		e.nationalities = append(e.nationalities, n)
	}
	for _, p := range r.BirthPlaces {
		if e.places = addBirthplace(e.places, p.Text, p.Country); len(e.places) == mostPlaces {
			break
		}
	}
	return e, nil
}

const (
	secondsPerDay = 24 * 60 * 60

	flagAbout   = 1 << 6
	flagBetween = 1 << 7
)

// appendEntry packs an entry for a segment: entries rest packed, since most are never asked for.
func appendEntry(b []byte, e *entry) []byte {
	b = binary.AppendVarint(b, e.expires)
	for _, s := range []string{e.id, string(e.typ), string(e.nature), e.gender, e.handling} {
		b = appendString(b, s)
	}
	b = binary.AppendUvarint(b, uint64(len(e.births)))
	for _, d := range e.births {
		from, to := d.From.Unix()/secondsPerDay, d.To.Unix()/secondsPerDay
		b = binary.AppendVarint(b, from)
		b = binary.AppendVarint(b, to-from)
		flags := byte(d.Precision) //nolint:gosec // three values
		if d.About {
			flags |= flagAbout
		}
		if d.Between {
			flags |= flagBetween
		}
		b = append(b, flags)
	}
	b = binary.AppendUvarint(b, uint64(len(e.nationalities)))
	for _, n := range e.nationalities {
		b = appendString(b, n)
	}
	// Places come last and are not counted: most records of most lists have none.
	for _, p := range e.places {
		b = appendString(appendString(b, p.country), p.text)
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// unpacker reads what appendEntry wrote; nothing else is ever given to it.
type unpacker []byte

func (u *unpacker) int() int64 {
	v, n := binary.Varint(*u)
	*u = (*u)[n:]
	return v
}

func (u *unpacker) size() int {
	v, n := binary.Uvarint(*u)
	*u = (*u)[n:]
	return int(v) //nolint:gosec // the length of what is there
}

func (u *unpacker) string() string {
	n := u.size()
	s := string((*u)[:n])
	*u = (*u)[n:]
	return s
}

func unpackEntry(b []byte) entry {
	u := unpacker(b)
	e := entry{expires: u.int(), id: u.string(), typ: watchlist.Type(u.string()), nature: screen.Nature(u.string())}
	e.gender, e.handling = u.string(), u.string()
	for range u.size() {
		from := u.int()
		to := from + u.int()
		flags := u[0]
		u = u[1:]
		e.births = append(e.births, edtf.Date{
			From: time.Unix(from*secondsPerDay, 0).UTC(), To: time.Unix(to*secondsPerDay, 0).UTC(),
			Precision: edtf.Precision(flags &^ (flagAbout | flagBetween)),
			About:     flags&flagAbout != 0, Between: flags&flagBetween != 0,
		})
	}
	for range u.size() {
		e.nationalities = append(e.nationalities, u.string())
	}
	for len(u) > 0 {
		e.places = append(e.places, birthplace{country: u.string(), text: u.string()})
	}
	return e
}

// expiresOf is the entry's expiry, without unpacking the rest.
func expiresOf(b []byte) int64 {
	u := unpacker(b)
	return u.int()
}
