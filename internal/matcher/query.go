// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/frontline-screening/frontline/internal/matcher/mrz"
	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/watchlist/country"
	"github.com/frontline-screening/frontline/internal/watchlist/edtf"
)

// query is a subject in the forms the index compares. It depends on no feed.
type query struct {
	names         [][]queryWord
	births        []edtf.Date
	places        []birthplace
	nationalities []string
	gender        string
	documents     []queryDocument
	// personal is true when the subject can only be a person.
	personal bool
	wanted   []screen.Modality
}

type queryWord struct {
	text  string
	runes int
	kind  kind
	// cut is true when letters behind may be missing.
	cut bool
	// weight is how much it tells against the index that is searched.
	weight float32
	// known is true when a name of the index has it as it is, gathered when names are
	// gathered by it.
	known, gathered bool
}

type queryDocument struct{ number, country string }

// newQuery reads the subject, its machine-readable zone included. Errors wrap ErrRequest.
func newQuery(req *screen.Request, now time.Time) (*query, error) {
	if err := req.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	s := &req.Subject
	q := &query{gender: s.Gender, personal: s.Gender != "" || len(s.BirthDates)+len(s.BirthPlaces) > 0}
	for _, n := range s.Names {
		q.addName(n)
	}
	for i, d := range s.BirthDates {
		date, err := edtf.ParsePoint(d)
		if err != nil {
			return nil, fmt.Errorf("%w: subject.birthDates[%d]: %w", ErrRequest, i, err)
		}
		q.births = append(q.births, date)
	}
	for _, p := range s.BirthPlaces {
		q.places = addBirthplace(q.places, p.Text, p.Country)
	}
	for _, n := range s.Nationalities {
		q.addNationality(n)
	}
	for _, d := range s.Documents {
		q.addDocument(d.Number, d.Country)
	}
	if s.MRZ != "" {
		zone, err := mrz.Parse(s.MRZ, now)
		if err != nil {
			return nil, fmt.Errorf("%w: subject.mrz: %w", ErrRequest, err)
		}
		q.addZone(zone)
	}
	if len(q.names) > 0 {
		q.wanted = append(q.wanted, screen.ModalityBiographic)
	}
	if len(q.documents) > 0 {
		q.wanted = append(q.wanted, screen.ModalityDocument)
	}
	if len(s.Fingerprints) > 0 {
		q.wanted = append(q.wanted, screen.ModalityFingerprint)
	}
	if len(s.Faces) > 0 {
		q.wanted = append(q.wanted, screen.ModalityFace)
	}
	if len(q.wanted) == 0 {
		return nil, fmt.Errorf("%w: subject: nothing to search by; give a name with letters, a document number of at least %d letters and digits, a machine-readable zone, fingerprints or a face", ErrRequest, minNumber)
	}
	return q, nil
}

func (q *query) addName(n screen.Name) {
	full := n.Full
	if n.Given != "" || n.Family != "" {
		q.personal = q.personal || n.Given != ""
		q.addText(n.Given + " " + n.Family)
	}
	if full != "" {
		q.addText(full)
	}
}

// addText adds a name unless it is there; cut are the places of words that may be cut off.
func (q *query) addText(s string, cut ...int) {
	parts := tokens(s)
	if len(parts) == 0 {
		return
	}
	words := make([]queryWord, len(parts))
	for i, p := range parts {
		words[i] = queryWord{text: p, runes: utf8.RuneCountInString(p), kind: kindOf(p)}
	}
	for _, i := range cut {
		words[i].cut = words[i].kind == kindTelling && words[i].runes >= minCut
	}
	same := func(o []queryWord) bool {
		return slices.EqualFunc(o, words, func(a, b queryWord) bool { return a.text == b.text })
	}
	at := slices.IndexFunc(q.names, same)
	if at < 0 {
		q.names = append(q.names, words)
		return
	}
	for i, w := range words {
		q.names[at][i].cut = q.names[at][i].cut || w.cut
	}
}

func (q *query) addNationality(s string) {
	if code, ok := country.Resolve(s); ok && !slices.Contains(q.nationalities, code) {
		q.nationalities = append(q.nationalities, code)
	}
}

func (q *query) addDocument(no, issuer string) {
	if no = number(no); len(no) < minNumber {
		return
	}
	code, _ := country.Resolve(issuer)
	if d := (queryDocument{no, code}); !slices.Contains(q.documents, d) {
		q.documents = append(q.documents, d)
	}
}

func (q *query) addZone(z mrz.Zone) {
	q.personal = true
	given, family := len(tokens(z.Given)), len(tokens(z.Family))
	var cut []int
	if z.GivenCut {
		cut = append(cut, given-1)
	}
	if z.FamilyCut {
		cut = append(cut, given+family-1)
	}
	q.addText(z.Given+" "+z.Family, cut...)
	if z.Birth != nil && !slices.Contains(q.births, *z.Birth) {
		q.births = append(q.births, *z.Birth)
	}
	if q.gender == "" {
		q.gender = z.Gender
	}
	q.addNationality(z.Nationality)
	q.addDocument(z.Number, z.Issuer)
}
