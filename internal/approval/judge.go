// SPDX-License-Identifier: Apache-2.0

package approval

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/keyring"
)

// Signer is an approver whose key signed a statement.
type Signer struct {
	Name string
	// KeyDigest is the digest of the key's PKIX form.
	KeyDigest string
}

// Verified is a statement with those who signed it.
type Verified struct {
	Statement Statement
	// Signers are in the order of the keys they were asked of; empty when none
	// of these keys signed.
	Signers []Signer
	// EnvelopeDigest is the digest of the envelope's bytes.
	EnvelopeDigest string
}

// Verify reads an envelope and says which of the keys signed it. Key ids in the
// envelope are hints for people and decide nothing. An error wraps ErrMalformed;
// that nobody signed is none.
func Verify(envelope []byte, keys []Key) (Verified, error) {
	statement, opened, err := open(envelope)
	if err != nil {
		return Verified{}, err
	}
	out := Verified{Statement: statement, EnvelopeDigest: canonical.Digest(envelope)}
	seen := map[string]bool{}
	for _, key := range keys {
		signed := slices.ContainsFunc(opened.signatures, func(signature []byte) bool { return keyring.Verify(key.public, opened.signed, signature) })
		if signed && !seen[key.digest] {
			seen[key.digest] = true
			out.Signers = append(out.Signers, Signer{Name: key.Name, KeyDigest: key.digest})
		}
	}
	return out, nil
}

// Question is what approvals are wanted for.
type Question struct {
	HubUID  string
	Subject Subject
	Action  string
	// Digest is what waits; empty when nothing does.
	Digest string
	// Keys are those that the subject lists.
	Keys []Key
	Now  time.Time
}

// Carrier is an object that carries an envelope.
type Carrier struct {
	Name     string
	Created  time.Time
	Envelope []byte
}

// Reason says why a statement counts or does not. Conditions use the same words.
type Reason string

// The reasons.
const (
	Valid           Reason = "Valid"
	Malformed       Reason = "Malformed"
	SubjectMismatch Reason = "SubjectMismatch"
	SignerUnknown   Reason = "SignerUnknown"
	Expired         Reason = "Expired"
	NothingHeld     Reason = "NothingHeld"
	AlreadySigned   Reason = "AlreadySigned"
)

// Verdict is what one carrier comes to.
type Verdict struct {
	Name string
	// Reason is Valid when the statement counts.
	Reason Reason
	// Message is a sentence for people.
	Message string
	Verified
	// Counted are the signers whom this carrier brought first.
	Counted []Signer
}

// Judge decides about every carrier, the earliest first, and returns the
// verdicts in that order. Each key counts once, whatever name it stands under
// and however many objects carry it.
func Judge(q Question, carriers []Carrier) []Verdict {
	carriers = slices.Clone(carriers)
	slices.SortStableFunc(carriers, func(a, b Carrier) int {
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.Name, b.Name))
	})
	first := map[string]string{} // by key, the carrier that brought it
	verdicts := make([]Verdict, len(carriers))
	for i, carrier := range carriers {
		v := &verdicts[i]
		v.Name = carrier.Name
		verified, err := Verify(carrier.Envelope, q.Keys)
		if err != nil {
			v.Reason, v.Message = Malformed, fmt.Sprintf("The envelope cannot be read, %v; make one with frontline approve", err)
			continue
		}
		v.Verified = verified
		if v.Reason, v.Message = q.refuse(verified); v.Reason != "" {
			continue
		}
		before := ""
		for _, signer := range verified.Signers {
			if name, known := first[signer.KeyDigest]; known {
				before = fmt.Sprintf("The key of %s has signed already, in Approval %s; another person has to sign", signer.Name, name)
				continue
			}
			first[signer.KeyDigest] = carrier.Name
			v.Counted = append(v.Counted, signer)
		}
		if len(v.Counted) == 0 {
			v.Reason, v.Message = AlreadySigned, before
			continue
		}
		v.Reason, v.Message = Valid, fmt.Sprintf("%s signed for %s", names(v.Counted), Short(q.Digest))
	}
	return verdicts
}

// refuse says why a statement cannot count, whoever else signed; empty when it can.
func (q Question) refuse(v Verified) (Reason, string) {
	s := v.Statement
	switch {
	case s.HubUID != q.HubUID:
		return SubjectMismatch, "The statement is for another installation; sign one for this"
	case s.Subject != q.Subject:
		return SubjectMismatch, fmt.Sprintf("The statement is about another object than %s as it is now, whose UID is %s; sign one for it", q.Subject, q.Subject.UID)
	case len(v.Signers) == 0:
		return SignerUnknown, fmt.Sprintf("No key that spec.approvers of %s lists signed the statement; list the key there, or sign with one that is listed", q.Subject)
	case s.Expires != nil && !q.Now.Before(*s.Expires):
		return Expired, fmt.Sprintf("The statement ended at %s; sign again", s.Expires.Format(time.RFC3339))
	case s.Action != q.Action || s.Digest != q.Digest:
		return NothingHeld, fmt.Sprintf("Nothing of digest %s waits for an approval; compare it with status.held of %s", Short(s.Digest), q.Subject)
	}
	return "", ""
}

// Signers returns those that valid verdicts count, the earliest first.
func Signers(verdicts []Verdict) []Signer {
	var out []Signer
	for i := range verdicts {
		out = append(out, verdicts[i].Counted...)
	}
	return out
}

// Short is the beginning of a digest, for sentences: 12 hexadecimal digits.
func Short(digest string) string {
	const most = len("sha256:") + 12
	return digest[:min(len(digest), most)]
}

func names(signers []Signer) string {
	list := make([]string, len(signers))
	for i, signer := range signers {
		list[i] = signer.Name
	}
	return strings.Join(list, ", ")
}
