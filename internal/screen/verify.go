// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// VerifyRequest compares one subject with one record of a feed, or with one given
// reference (1:1), for the second look at a candidate.
type VerifyRequest struct {
	// Purpose is why the comparison is made. A feed that is limited to other purposes is not used.
	Purpose Purpose `json:"purpose,omitempty"`
	// Direction is the direction of travel, if the post knows it.
	Direction Direction `json:"direction,omitempty"`
	// Requester is a pseudonym of who asks. It goes to the receipt alone.
	Requester string `json:"requester,omitempty"`
	// Reason is the ground of the comparison in the requester's words. It goes to the receipt alone.
	Reason string `json:"reason,omitempty"`
	// Case is the requester's file reference. It goes to the receipt alone.
	Case string `json:"case,omitempty"`
	// Subject is the person or document in front of the officer.
	Subject Subject `json:"subject"`
	// Record is what a feed holds. Exactly one of Record and Reference is given.
	Record *ListedRecord `json:"record,omitempty"`
	// Reference is what the requester holds, such as another document of the traveller.
	Reference *Subject `json:"reference,omitempty"`
	// Feeds are those that the asker may use; empty means every one. It is no part of
	// the contract: see Request.Feeds.
	Feeds []string `json:"-"`
}

// ListedRecord names one record of a feed.
type ListedRecord struct {
	// Feed is the feed's id, NAMESPACE.NAME.
	Feed string `json:"feed"`
	// Record is the list's own reference of the record, as in Candidate.
	Record string `json:"record"`
}

// VerifyOutcome says whether a comparison was made. It never says what it means: that
// two descriptions agree does not make them one person.
type VerifyOutcome string

// The outcomes of a verification.
const (
	// Compared: at least one field that both sides have was compared.
	Compared VerifyOutcome = "Compared"
	// NotCompared: nothing was compared; VerifyAnswer.Unavailable says why.
	NotCompared VerifyOutcome = "Unavailable"
)

// VerifyAnswer is what a comparison showed. What is said of the record comes first: it
// is what an officer does first, whatever the score.
type VerifyAnswer struct {
	Outcome VerifyOutcome `json:"outcome"`
	// ID is random (128 bits, hexadecimal) and also the receipt's.
	ID string `json:"id,omitempty"`
	// Nature, Handling and Grade are those of the record and its feed; absent for a
	// reference. A record of a feed that is not Authoritative calls for no action by itself.
	Nature   Nature `json:"nature,omitempty"`
	Handling string `json:"handling,omitempty"`
	Grade    Grade  `json:"grade,omitempty"`
	// Score is on the scale of Candidate.Score, without a threshold. It is absent unless
	// both sides have a name or both have a document's number: the rest supports a score
	// and makes none.
	Score *float64 `json:"score,omitempty"`
	// Evidence has every field that both sides have, also where they contradict.
	Evidence []Evidence `json:"evidence"`
	// Searched names the feed and the exact content used; it is empty for a reference.
	Searched []Searched `json:"searched"`
	// Unavailable names what was wanted and not compared, and why. Its feed is empty for
	// a reference.
	Unavailable []Unavailable `json:"unavailable"`
	Engines     []Engine      `json:"engines"`
	Mode        Mode          `json:"mode"`
}

// Limits of what names a record.
const (
	MaxFeedBytes   = 317
	MaxRecordBytes = 256
)

// DecodeVerify reads one request as strictly as DecodeRequest does.
func DecodeVerify(r io.Reader) (VerifyRequest, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxRequestBytes+1))
	if err != nil {
		return VerifyRequest{}, err
	}
	return ParseVerify(data)
}

// ParseVerify is DecodeVerify on bytes.
func ParseVerify(data []byte) (VerifyRequest, error) {
	var req VerifyRequest
	if err := strict(data, &req); err != nil {
		return req, err
	}
	return req, req.Validate()
}

// Validate checks the request against the contract and its limits, as Request.Validate does.
func (r *VerifyRequest) Validate() error {
	if err := validateGrounds(r.Purpose, r.Direction, r.Requester, r.Reason, r.Case); err != nil {
		return err
	}
	if err := r.Subject.validate(); err != nil {
		return fmt.Errorf("subject%w", err)
	}
	switch {
	case (r.Record == nil) == (r.Reference == nil):
		return errors.New("record, reference: give exactly one of them, a record of a feed or a reference of your own")
	case r.Record != nil:
		return r.Record.validate()
	}
	if err := r.Reference.validate(); err != nil {
		return fmt.Errorf("reference%w", err)
	}
	return nil
}

func (l *ListedRecord) validate() error {
	switch {
	case !isFeedID(l.Feed):
		return errors.New("record.feed: must be a feed's id, NAMESPACE.NAME, as answers give it")
	case l.Record == "" || len(l.Record) > MaxRecordBytes:
		return fmt.Errorf("record.record: must be the list's own reference of the record, 1 to %d bytes, as answers give it", MaxRecordBytes)
	}
	return nil
}

// isFeedID keeps the only value of a request that is told in an answer to what a feed's id can be.
func isFeedID(s string) bool {
	namespace, name, ok := strings.Cut(s, ".")
	return ok && namespace != "" && name != "" && len(s) <= MaxFeedBytes && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789.-") == ""
}

// SettleVerify completes an answer: it orders what was missed, makes absent lists empty
// ones, and sets Outcome. Without evidence nothing was compared: then there is neither a
// score nor a word about the record, and Unavailable says why, at the least that the
// sides have nothing in common.
func SettleVerify(a *VerifyAnswer) {
	a.Outcome = Compared
	if len(a.Evidence) == 0 {
		a.Outcome, a.Score = NotCompared, nil
		a.Nature, a.Handling, a.Grade = "", "", ""
		if len(a.Unavailable) == 0 {
			u := Unavailable{Reason: ReasonNothingInCommon}
			if len(a.Searched) > 0 {
				u.Feed = a.Searched[0].Feed
			}
			a.Unavailable = append(a.Unavailable, u)
		}
	}
	slices.SortFunc(a.Unavailable, func(x, y Unavailable) int {
		return cmp.Or(cmp.Compare(x.Feed, y.Feed), cmp.Compare(x.Reason, y.Reason), cmp.Compare(x.Modality, y.Modality))
	})
	a.Evidence, a.Searched = orEmpty(a.Evidence), orEmpty(a.Searched)
	a.Unavailable, a.Engines = orEmpty(a.Unavailable), orEmpty(a.Engines)
}
