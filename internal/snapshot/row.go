// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"encoding/binary"
	"errors"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

// A row is a sequence of fields {tag uvarint, length uvarint, bytes} in ascending
// order of tag; a repeated field repeats its tag. Structured fields nest.
const (
	tagID uint64 = iota + 1
	tagType
	tagNature
	tagName
	tagBirthDate
	tagBirthPlace
	tagNationality
	tagGender
	tagDocument
	tagProgramme
	tagFingerprint
	tagFace
	tagHandling
	tagIssued
	tagExpires
)

// The fields inside of tagHandling.
const (
	handlingAllow uint64 = iota + 1
	handlingDeny
	handlingText
)

// errRow is what every malformed row becomes: rows are made by Builder alone, so the
// cause is damage, and where it is does not help.
var errRow = errors.New("row is damaged")

func putField(b []byte, tag uint64, v []byte) []byte {
	b = binary.AppendUvarint(b, tag)
	b = binary.AppendUvarint(b, uint64(len(v)))
	return append(b, v...)
}

func putString(b []byte, tag uint64, s string) []byte {
	if s == "" {
		return b
	}
	b = binary.AppendUvarint(b, tag)
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func putStrings(b []byte, tag uint64, all []string) []byte {
	for _, s := range all {
		b = putString(b, tag, s)
	}
	return b
}

// putParts nests strings as fields 1, 2, 3 …; empty ones are left out.
func putParts(b []byte, tag uint64, parts ...string) []byte {
	size := 0
	for _, p := range parts {
		if p != "" {
			size += 1 + uvarintLen(len(p)) + len(p)
		}
	}
	b = binary.AppendUvarint(b, tag)
	b = binary.AppendUvarint(b, uint64(size))
	for i, p := range parts {
		b = putString(b, uint64(i+1), p)
	}
	return b
}

// EncodeRow is the row of a record, as DecodeRow reads it.
func EncodeRow(r *watchlist.Record) []byte { return appendRow(nil, r) }

// appendRow appends the encoding of a record. Equal records have equal encodings.
func appendRow(b []byte, r *watchlist.Record) []byte {
	b = putString(b, tagID, r.ID)
	b = putString(b, tagType, string(r.Type))
	b = putString(b, tagNature, r.Nature)
	for _, n := range r.Names {
		b = putParts(b, tagName, n.Full, n.Given, n.Family, string(n.Quality), string(n.Kind))
	}
	b = putStrings(b, tagBirthDate, r.BirthDates)
	for _, p := range r.BirthPlaces {
		b = putParts(b, tagBirthPlace, p.Text, p.Country)
	}
	b = putStrings(b, tagNationality, r.Nationalities)
	b = putString(b, tagGender, r.Gender)
	for _, d := range r.Documents {
		b = putParts(b, tagDocument, d.Type, d.Number, d.Country)
	}
	b = putStrings(b, tagProgramme, r.Programmes)
	for _, f := range r.Fingerprints {
		b = putParts(b, tagFingerprint, f.Position, f.Format, string(f.Template))
	}
	for _, f := range r.Faces {
		b = putParts(b, tagFace, f.Model, string(f.Vector))
	}
	if h := r.Handling; h != nil {
		var inner []byte
		inner = putStrings(inner, handlingAllow, h.Allow)
		inner = putStrings(inner, handlingDeny, h.Deny)
		inner = putString(inner, handlingText, h.Text)
		b = putField(b, tagHandling, inner)
	}
	b = putString(b, tagIssued, r.Issued)
	return putString(b, tagExpires, r.Expires)
}

// nextField splits the first field off b.
func nextField(b []byte) (tag uint64, v, rest []byte, err error) {
	tag, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, nil, errRow
	}
	size, m := binary.Uvarint(b[n:])
	if m <= 0 || size > uint64(len(b)-n-m) {
		return 0, nil, nil, errRow
	}
	b = b[n+m:]
	return tag, b[:size], b[size:], nil
}

// parts reads what putParts wrote into the given strings.
func parts(b []byte, into ...*string) error {
	for len(b) > 0 {
		tag, v, rest, err := nextField(b)
		if err != nil {
			return err
		}
		if tag == 0 || tag > uint64(len(into)) {
			return errRow
		}
		*into[tag-1] = string(v)
		b = rest
	}
	return nil
}

// DecodeRow reads a row that Rows gave. The record shares no memory with it.
func DecodeRow(b []byte) (watchlist.Record, error) {
	var r watchlist.Record
	for len(b) > 0 {
		tag, v, rest, err := nextField(b)
		if err != nil {
			return r, err
		}
		if err := decodeField(&r, tag, v); err != nil {
			return r, err
		}
		b = rest
	}
	return r, nil
}

func decodeField(r *watchlist.Record, tag uint64, v []byte) error {
	switch tag {
	case tagID:
		r.ID = string(v)
	case tagType:
		r.Type = watchlist.Type(v)
	case tagNature:
		r.Nature = string(v)
	case tagName:
		var n watchlist.Name
		var quality, kind string
		if err := parts(v, &n.Full, &n.Given, &n.Family, &quality, &kind); err != nil {
			return err
		}
		n.Quality, n.Kind = watchlist.Quality(quality), watchlist.NameKind(kind)
		r.Names = append(r.Names, n)
	case tagBirthDate:
		r.BirthDates = append(r.BirthDates, string(v))
	case tagBirthPlace:
		var p watchlist.Place
		if err := parts(v, &p.Text, &p.Country); err != nil {
			return err
		}
		r.BirthPlaces = append(r.BirthPlaces, p)
	case tagNationality:
		r.Nationalities = append(r.Nationalities, string(v))
	case tagGender:
		r.Gender = string(v)
	case tagDocument:
		var d watchlist.Document
		if err := parts(v, &d.Type, &d.Number, &d.Country); err != nil {
			return err
		}
		r.Documents = append(r.Documents, d)
	case tagProgramme:
		r.Programmes = append(r.Programmes, string(v))
	case tagFingerprint:
		var f watchlist.Fingerprint
		var template string
		if err := parts(v, &f.Position, &f.Format, &template); err != nil {
			return err
		}
		f.Template = []byte(template)
		r.Fingerprints = append(r.Fingerprints, f)
	case tagFace:
		var f watchlist.Face
		var vector string
		if err := parts(v, &f.Model, &vector); err != nil {
			return err
		}
		f.Vector = []byte(vector)
		r.Faces = append(r.Faces, f)
	case tagHandling:
		h, err := decodeHandling(v)
		if err != nil {
			return err
		}
		r.Handling = h
	case tagIssued:
		r.Issued = string(v)
	case tagExpires:
		r.Expires = string(v)
	default:
		return errRow
	}
	return nil
}

func decodeHandling(b []byte) (*watchlist.Handling, error) {
	h := &watchlist.Handling{}
	for len(b) > 0 {
		tag, v, rest, err := nextField(b)
		if err != nil {
			return nil, err
		}
		switch tag {
		case handlingAllow:
			h.Allow = append(h.Allow, string(v))
		case handlingDeny:
			h.Deny = append(h.Deny, string(v))
		case handlingText:
			h.Text = string(v)
		default:
			return nil, errRow
		}
		b = rest
	}
	return h, nil
}
