// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/frontline-screening/frontline/internal/watchlist/country"
	"github.com/frontline-screening/frontline/internal/watchlist/edtf"
)

// DecodeRequest reads one request strictly: at most MaxRequestBytes, one JSON object,
// no field the contract does not have, and whatever Validate checks. Errors are
// sentences that name the field and quote nothing of the subject.
func DecodeRequest(r io.Reader) (Request, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxRequestBytes+1))
	if err != nil {
		return Request{}, err
	}
	return ParseRequest(data)
}

// ParseRequest is DecodeRequest on bytes.
func ParseRequest(data []byte) (Request, error) {
	var req Request
	if err := strict(data, &req); err != nil {
		return req, err
	}
	return req, req.Validate()
}

// strict reads one JSON object that has no field but those of the value.
func strict(data []byte, into any) error {
	if len(data) > MaxRequestBytes {
		return fmt.Errorf("the request is larger than %d bytes", MaxRequestBytes)
	}
	if !utf8.Valid(data) {
		return errors.New("the request is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return decodeCause(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something after the request")
	}
	return nil
}

// decodeCause reduces a JSON error to what does not quote the request's values. Names
// of unknown fields are quoted, since that is what the sender must correct.
func decodeCause(err error) error {
	var typ *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &typ):
		return fmt.Errorf("%s: a %s where a %s belongs", typ.Field, strings.Fields(typ.Value)[0], typ.Type)
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON: wrong at byte %d", syntax.Offset)
	case strings.HasPrefix(err.Error(), "json: unknown field"):
		return fmt.Errorf("%.100s; the contract does not have it", strings.TrimPrefix(err.Error(), "json: "))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the request is empty or cut short")
	case strings.Contains(err.Error(), "base64"):
		return errors.New("a template or vector is not base64")
	}
	return errors.New("not a request of the contract")
}

// Validate checks the request against the contract and its limits. The error names the
// field and says what belongs there.
func (r *Request) Validate() error {
	if r.Limit < 0 || r.Limit > MaxLimit {
		return fmt.Errorf("limit: must be 1 to %d, or absent", MaxLimit)
	}
	if r.Line != "" && !slices.Contains(Lines(), r.Line) {
		return oneOf("line", Lines())
	}
	if err := validateGrounds(r.Purpose, r.Direction, r.Requester, r.Reason, r.Case); err != nil {
		return err
	}
	if err := r.Subject.validate(); err != nil {
		return fmt.Errorf("subject%w", err)
	}
	return nil
}

// validateGrounds checks what a request says beside its subject: why, by whom and in
// which file.
func validateGrounds(purpose Purpose, direction Direction, requester, reason, file string) error {
	switch {
	case purpose != "" && !slices.Contains(Purposes(), purpose):
		return oneOf("purpose", Purposes())
	case direction != "" && !slices.Contains(Directions(), direction):
		return oneOf("direction", Directions())
	}
	for _, f := range []struct{ name, value string }{{"requester", requester}, {"reason", reason}, {"case", file}} {
		if len(f.value) > MaxTextBytes {
			return fmt.Errorf("%s: longer than %d bytes", f.name, MaxTextBytes)
		}
	}
	return nil
}

func (s *Subject) validate() error {
	for _, l := range []struct {
		name      string
		have, max int
	}{
		{"names", len(s.Names), MaxNames}, {"birthDates", len(s.BirthDates), MaxBirthDates},
		{"birthPlaces", len(s.BirthPlaces), MaxBirthPlaces}, {"nationalities", len(s.Nationalities), MaxNationalities}, {"protections", len(s.Protections), MaxProtections},
		{"documents", len(s.Documents), MaxDocuments}, {"fingerprints", len(s.Fingerprints), MaxFingerprints},
		{"faces", len(s.Faces), MaxFaces},
	} {
		if l.have > l.max {
			return fmt.Errorf(".%s: more than %d", l.name, l.max)
		}
	}
	if len(s.Names)+len(s.Documents)+len(s.Fingerprints)+len(s.Faces) == 0 && s.MRZ == "" {
		return errors.New(": nothing to search by; give names, documents, mrz, fingerprints or faces")
	}
	for i, n := range s.Names {
		switch {
		case n.Full+n.Given+n.Family == "":
			return fmt.Errorf(".names[%d]: give full, or given and family", i)
		case len(n.Full)+len(n.Given)+len(n.Family) > MaxNameBytes:
			return fmt.Errorf(".names[%d]: longer than %d bytes", i, MaxNameBytes)
		}
	}
	for i, d := range s.BirthDates {
		if _, err := edtf.ParsePoint(d); err != nil {
			return fmt.Errorf(".birthDates[%d]: must be YYYY, YYYY-MM or YYYY-MM-DD", i)
		}
	}
	for i, p := range s.BirthPlaces {
		switch {
		case p.Text+p.Country == "":
			return fmt.Errorf(".birthPlaces[%d]: give text, country or both", i)
		case len(p.Text) > MaxPlaceBytes:
			return fmt.Errorf(".birthPlaces[%d].text: longer than %d bytes", i, MaxPlaceBytes)
		case p.Country != "" && !isCountry(p.Country):
			return fmt.Errorf(".birthPlaces[%d].country: must be an ISO 3166-1 code of two or three letters", i)
		}
	}
	for i, n := range s.Nationalities {
		if !isCountry(n) {
			return fmt.Errorf(".nationalities[%d]: must be an ISO 3166-1 code of two or three letters", i)
		}
	}
	if !slices.Contains([]string{"", "M", "F", "X"}, s.Gender) {
		return errors.New(".gender: must be M, F or X, or absent")
	}
	for i, p := range s.Protections {
		if !slices.Contains(Protections(), p) {
			return fmt.Errorf(".%w", oneOf(fmt.Sprintf("protections[%d]", i), Protections()))
		}
	}
	for i, d := range s.Documents {
		switch {
		case d.Number == "" || len(d.Number) > MaxNumberBytes:
			return fmt.Errorf(".documents[%d].number: must have 1 to %d bytes", i, MaxNumberBytes)
		case len(d.Type) > MaxNumberBytes:
			return fmt.Errorf(".documents[%d].type: longer than %d bytes", i, MaxNumberBytes)
		case d.Country != "" && !isCountry(d.Country):
			return fmt.Errorf(".documents[%d].country: must be an ISO 3166-1 code of two or three letters", i)
		}
	}
	if len(s.MRZ) > MaxMRZBytes {
		return fmt.Errorf(".mrz: longer than %d bytes", MaxMRZBytes)
	}
	return s.validateBiometrics()
}

func (s *Subject) validateBiometrics() error {
	for i, f := range s.Fingerprints {
		switch {
		case f.Format == "" || len(f.Format) > MaxNumberBytes || len(f.Position) > MaxNumberBytes:
			return fmt.Errorf(".fingerprints[%d].format: must name the template's format, for instance iso-19794-2", i)
		case len(f.Template) == 0 || len(f.Template) > MaxTemplateBytes:
			return fmt.Errorf(".fingerprints[%d].template: must have 1 to %d bytes", i, MaxTemplateBytes)
		}
	}
	for i, f := range s.Faces {
		switch {
		case f.Model == "" || len(f.Model) > MaxTextBytes:
			return fmt.Errorf(".faces[%d].model: must name the embedding", i)
		case len(f.Vector) == 0 || len(f.Vector)%4 != 0 || len(f.Vector) > MaxTemplateBytes:
			return fmt.Errorf(".faces[%d].vector: must be little-endian float32, at most %d bytes", i, MaxTemplateBytes)
		}
	}
	return nil
}

// isCountry takes what resolves to a country, and codes of two or three letters that
// do not (special codes of ICAO 9303-3, historic ones): those are neutral in a search.
func isCountry(s string) bool {
	if _, ok := country.Resolve(s); ok {
		return true
	}
	if len(s) < 1 || len(s) > 3 {
		return false
	}
	for _, c := range s {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}

func oneOf[T ~string](field string, all []T) error {
	names := make([]string, len(all))
	for i, v := range all {
		names[i] = string(v)
	}
	return fmt.Errorf("%s: must be one of %s", field, strings.Join(names, ", "))
}
