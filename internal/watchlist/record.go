// SPDX-License-Identifier: Apache-2.0

// Package watchlist holds the canonical record of a watchlist and the parsers of
// the formats publishers use. Parsers stream, keep to limits, and give an exact
// account of what they read and what they left aside.
//
// No error of this package quotes a record: it names the line, the element or the
// field, and the cause.
package watchlist

// Record is one entry of a list, in the canonical form. Its JSON is the format
// frontline-jsonl, one record a line.
type Record struct {
	// ID is the list's own reference: UN REFERENCE_NUMBER, OFAC ent_num, or the canonical id.
	ID   string `json:"id"`
	Type Type   `json:"type"`
	// Nature is the record's own nature (Wanted, Missing, AtRisk, PriorEncounter, Document); empty means the feed's.
	Nature string `json:"nature,omitempty"`
	// Names in the publisher's order, the primary name first.
	Names []Name `json:"names,omitempty"`
	// BirthDates are ISO 8601-2 (EDTF) dates: 1970, 1970-01, 1970-01-02, 1970~ (approximate), 1968/1972 (between).
	BirthDates []string `json:"birthDates,omitempty"`
	// BirthPlaces are places of birth as published.
	BirthPlaces []Place `json:"birthPlaces,omitempty"`
	// Nationalities are ISO 3166-1 alpha-2 codes (XK allowed), or a historic alpha-4 code of ISO 3166-3.
	Nationalities []string `json:"nationalities,omitempty"`
	// Gender is M, F or X.
	Gender    string     `json:"gender,omitempty"`
	Documents []Document `json:"documents,omitempty"`
	// Programmes are the regimes under which the record is listed.
	Programmes   []string      `json:"programmes,omitempty"`
	Fingerprints []Fingerprint `json:"fingerprints,omitempty"`
	Faces        []Face        `json:"faces,omitempty"`
	Handling     *Handling     `json:"handling,omitempty"`
	// Issued is the day of listing, YYYY-MM-DD.
	Issued string `json:"issued,omitempty"`
	// Expires is when the record may no longer be used, RFC 3339.
	Expires string `json:"expires,omitempty"`
}

// Type is what a record is about.
type Type string

// The types of records.
const (
	Person Type = "Person"
	Entity Type = "Entity"
	Object Type = "Object"
)

// Quality is how well a name identifies, as the publisher says.
type Quality string

// The qualities of a name; empty means Good. A Low name alone never alerts.
const (
	Good Quality = "Good"
	Low  Quality = "Low"
)

// NameKind says what a name is to the record; empty means the primary name.
type NameKind string

// The kinds of names beside the primary one.
const (
	// Alias: also known as.
	Alias NameKind = "Alias"
	// Former: formerly known as.
	Former NameKind = "Former"
	// Original: the name in the script of its own language.
	Original NameKind = "Original"
)

// Name is one name of a record: in full, in parts, or both.
type Name struct {
	Full    string   `json:"full,omitempty"`
	Given   string   `json:"given,omitempty"`
	Family  string   `json:"family,omitempty"`
	Quality Quality  `json:"quality,omitempty"`
	Kind    NameKind `json:"kind,omitempty"`
}

// Text is the name as one string: in full where given, else given and family name.
func (n Name) Text() string {
	switch {
	case n.Full != "":
		return n.Full
	case n.Given == "":
		return n.Family
	case n.Family == "":
		return n.Given
	}
	return n.Given + " " + n.Family
}

// Place is a place of birth.
type Place struct {
	// Text is the place below the country, as published.
	Text string `json:"text,omitempty"`
	// Country is an ISO 3166-1 alpha-2 code.
	Country string `json:"country,omitempty"`
}

// Document is an identity or travel document.
type Document struct {
	// Type is passport, national-id or the publisher's own word in lower case.
	Type   string `json:"type,omitempty"`
	Number string `json:"number"`
	// Country is the issuer: ISO 3166-1 alpha-2 or alpha-3.
	Country string `json:"country,omitempty"`
}

// Fingerprint is one finger's minutiae template.
type Fingerprint struct {
	Position string `json:"position,omitempty"`
	Format   string `json:"format"`
	Template []byte `json:"template"`
}

// Face is one face as an embedding: little-endian float32.
type Face struct {
	Model  string `json:"model"`
	Vector []byte `json:"vector"`
}

// Handling is the owner's word on who may see the record and what to do first.
type Handling struct {
	// Allow and Deny are jurisdictions, ISO 3166-1 alpha-2.
	Allow []string `json:"allow,omitempty"`
	Deny  []string `json:"deny,omitempty"`
	Text  string   `json:"text,omitempty"`
}
