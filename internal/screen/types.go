// SPDX-License-Identifier: Apache-2.0

// Package screen holds the contract of a search: the request an officer's system
// sends, the answer it gets, and the rules that make an answer honest.
//
// The package is pure: it reads no clock, no file and no network. Every program
// that speaks about a search (front, matcher, lab, probes) speaks these types.
// Changes are additive; no field is renamed or given another meaning.
package screen

import "time"

// Request is one search for one subject.
type Request struct {
	// Purpose is why the search is made. A feed that is limited to other purposes is not searched.
	Purpose Purpose `json:"purpose,omitempty"`
	// Direction is the direction of travel, if the post knows it.
	Direction Direction `json:"direction,omitempty"`
	// Line is the line of the check, as in Regulation (EU) 2016/399, Article 2(13): the
	// second line is asked when the first wants to know more, and gets candidates from a
	// lower score on. Empty means First.
	Line Line `json:"line,omitempty"`
	// Requester is a pseudonym of who asks. It goes to the receipt alone.
	Requester string `json:"requester,omitempty"`
	// Reason is the ground of the search in the requester's words. It goes to the receipt alone.
	Reason string `json:"reason,omitempty"`
	// Case is the requester's file reference. It goes to the receipt alone.
	Case string `json:"case,omitempty"`
	// Limit is the most candidates to return, 1 to MaxLimit; 0 means DefaultLimit.
	Limit int `json:"limit,omitempty"`
	// Subject is who is searched for.
	Subject Subject `json:"subject"`
	// Feeds limits the search to these feeds; empty means every one. It is no part of
	// the contract: a front says so beside the request, for its post may be bound to
	// some feeds of a pool alone.
	Feeds []string `json:"-"`
}

// Subject describes the person or document in front of the officer. Anything
// absent is neutral: it neither raises nor lowers a score.
type Subject struct {
	Names []Name `json:"names,omitempty"`
	// BirthDates are ISO 8601 dates of the precision known: YYYY, YYYY-MM or YYYY-MM-DD.
	BirthDates []string `json:"birthDates,omitempty"`
	// BirthPlaces are where the person was born; several where papers differ.
	BirthPlaces []Place `json:"birthPlaces,omitempty"`
	// Nationalities are ISO 3166-1 alpha-2 or alpha-3 codes, or codes of ICAO 9303-3 section 5.
	Nationalities []string `json:"nationalities,omitempty"`
	// Gender is M, F or X, as in ICAO 9303.
	Gender      string       `json:"gender,omitempty"`
	Protections []Protection `json:"protections,omitempty"`
	Documents   []Document   `json:"documents,omitempty"`
	// MRZ is the machine-readable zone of the travel document, lines separated by a line feed (ICAO 9303-4 to -7).
	MRZ          string        `json:"mrz,omitempty"`
	Fingerprints []Fingerprint `json:"fingerprints,omitempty"`
	Faces        []Face        `json:"faces,omitempty"`
}

// Name is a name in any script: either in full, or in its parts.
type Name struct {
	Full   string `json:"full,omitempty"`
	Given  string `json:"given,omitempty"`
	Family string `json:"family,omitempty"`
}

// Place is a place of birth.
type Place struct {
	// Text is the place below the country, in any script and spelling.
	Text string `json:"text,omitempty"`
	// Country is a code, as Subject.Nationalities.
	Country string `json:"country,omitempty"`
}

// Document is an identity or travel document.
type Document struct {
	Type   string `json:"type,omitempty"`
	Number string `json:"number"`
	// Country is the issuer, as Subject.Nationalities.
	Country string `json:"country,omitempty"`
}

// Fingerprint is one finger's minutiae template.
type Fingerprint struct {
	// Position is the finger: right-thumb … left-little, or unknown.
	Position string `json:"position,omitempty"`
	// Format names the template's format, for instance iso-19794-2.
	Format string `json:"format"`
	// Template is base64 in JSON.
	Template []byte `json:"template"`
}

// Face is one face as an embedding.
type Face struct {
	// Model names the embedding; vectors of different models are never compared.
	Model string `json:"model"`
	// Vector is base64 of little-endian float32 in JSON.
	Vector []byte `json:"vector"`
}

// Answer is what a search found, and what it did not look at.
type Answer struct {
	Outcome Outcome `json:"outcome"`
	// ID is random (128 bits, hexadecimal) and also the receipt's.
	ID string `json:"id,omitempty"`
	// Candidates are records of Authoritative feeds above the alert threshold, in the order of Rank.
	Candidates []Candidate `json:"candidates"`
	// Leads are what calls for no action by itself: records of other grades, and records met by a Low alias alone.
	Leads []Candidate `json:"leads"`
	// Omitted counts candidates and leads beyond the request's limit.
	Omitted int `json:"omitted,omitempty"`
	// Searched names each feed and the exact content that was searched.
	Searched []Searched `json:"searched"`
	// Unavailable names what was wanted and not searched, and why.
	Unavailable []Unavailable `json:"unavailable"`
	Engines     []Engine      `json:"engines"`
	Mode        Mode          `json:"mode"`
}

// Candidate is one record that resembles the subject.
type Candidate struct {
	// Feed is the feed's id, NAMESPACE.NAME.
	Feed string `json:"feed"`
	// Record is the list's own reference of the record.
	Record string `json:"record"`
	Nature Nature `json:"nature"`
	// Handling is what to do first and whom to ask, in the owner's words.
	Handling string `json:"handling,omitempty"`
	// Score is 0 to 1; scores of one engine version and profile may be compared.
	Score    float64    `json:"score"`
	Evidence []Evidence `json:"evidence"`
}

// Evidence is what one field of the subject said for or against a candidate.
type Evidence struct {
	// Field is name, birthDate, birthPlace, nationality, gender, document or type.
	Field string `json:"field"`
	// Score is 0 (contradicts) to 1 (agrees fully).
	Score float64 `json:"score"`
	// Weight is by how much the field changed the odds of the candidate's score, as a
	// decimal logarithm: 1 makes them ten times as high, -1 a tenth. The odds of a score
	// are score/(1-score); they are 10 to the sum of the weights.
	Weight float64 `json:"weight"`
	// Text says it in words. It quotes nothing of the subject and nothing of the record.
	Text string `json:"text"`
}

// Searched is one feed as it was searched. Times are RFC 3339, UTC; unknown ones are absent.
type Searched struct {
	Feed    string `json:"feed"`
	Version int64  `json:"version"`
	// Digest is the snapshot's content digest, sha256:HEX.
	Digest string `json:"digest"`
	// ListDate is the publisher's own date of the content.
	ListDate time.Time `json:"listDate,omitzero"`
	// SourceChecked is when the hub last asked the publisher.
	SourceChecked time.Time `json:"sourceChecked,omitzero"`
	// OrderIssued is when the newest order that the region acts on was signed. While a
	// newer release is on its way, or cannot be had, that order names a higher Version
	// than the one searched.
	OrderIssued time.Time `json:"orderIssued,omitzero"`
}

// Unavailable is one feed, or one modality of a feed, that was not searched.
type Unavailable struct {
	Feed   string `json:"feed"`
	Reason Reason `json:"reason"`
	// Modality is what the engine cannot search by, with ReasonModality alone.
	Modality Modality `json:"modality,omitempty"`
}

// Engine is one engine that took part in an answer.
type Engine struct {
	Version    string     `json:"version"`
	Profile    Profile    `json:"profile"`
	Modalities []Modality `json:"modalities"`
}

// Limits of a request. They bound the work one search can cause.
const (
	DefaultLimit     = 10
	MaxLimit         = 100
	MaxNames         = 16
	MaxNameBytes     = 512
	MaxBirthDates    = 8
	MaxBirthPlaces   = 8
	MaxPlaceBytes    = 256
	MaxNationalities = 8
	MaxProtections   = 8
	MaxDocuments     = 16
	MaxNumberBytes   = 64
	MaxTextBytes     = 1024
	MaxMRZBytes      = 256
	MaxFingerprints  = 20
	MaxFaces         = 8
	MaxTemplateBytes = 64 << 10
	// MaxRequestBytes is the largest request accepted, as JSON.
	MaxRequestBytes = 1 << 20
)
