// SPDX-License-Identifier: Apache-2.0

// Package approval holds what people sign to let something through that a
// machine holds back, and decides which signatures count.
//
// A statement is canonical JSON in a DSSE envelope. It names one installation,
// one object with its UID, one action and one digest, so that it says nothing
// about anything else, and nothing in it is secret. Everything here works
// without a cluster.
package approval

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/keyring"
)

// PayloadType is the payload type of the DSSE envelope (DSSE protocol 1.0).
const PayloadType = "application/vnd.frontline.approval.v1+json"

// Format is the version of the statement; any other is refused.
const Format = "frontline.approval/v1"

// ReleaseStorm lets a release through whose share of records added or removed
// is over its feed's limit.
const ReleaseStorm = "ReleaseStorm"

const (
	// MaxBytes is the size of the largest envelope that is read.
	MaxBytes = 8192
	// MaxSignatures is the largest number of signatures in one envelope.
	MaxSignatures = 16
	// maxText bounds each text of a statement.
	maxText = 253
)

// ErrMalformed is wrapped by errors that say an envelope holds no statement of
// approval. They never repeat what it holds.
var ErrMalformed = errors.New("it is no statement of approval")

// Statement is what a person signs.
type Statement struct {
	Format string `json:"format"`
	// HubUID is the installation's id.
	HubUID  string  `json:"hubUID"`
	Subject Subject `json:"subject"`
	// Action is what is allowed: ReleaseStorm.
	Action string `json:"action"`
	// Digest is what it is allowed for, "sha256:" and 64 hexadecimal digits.
	Digest string `json:"digest"`
	// Expires is when the statement ends, to the second; nil for never.
	Expires *time.Time `json:"expires,omitempty"`
}

// Subject is the Kubernetes object that a statement is about.
type Subject struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	UID       string `json:"uid"`
}

// String is KIND NAMESPACE/NAME.
func (s Subject) String() string { return s.Kind + " " + s.Namespace + "/" + s.Name }

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// Validate reports the first field that is missing or not in its form.
func (s Statement) Validate() error {
	if s.Format != Format {
		return fmt.Errorf("%w: its format is not %s", ErrMalformed, Format)
	}
	if s.Action != ReleaseStorm {
		return fmt.Errorf("%w: its action is not %s", ErrMalformed, ReleaseStorm)
	}
	if !digestForm.MatchString(s.Digest) {
		return fmt.Errorf("%w: its digest is not sha256: and 64 hexadecimal digits", ErrMalformed)
	}
	for _, field := range []struct{ name, text string }{
		{"hubUID", s.HubUID},
		{"subject.kind", s.Subject.Kind},
		{"subject.namespace", s.Subject.Namespace},
		{"subject.name", s.Subject.Name},
		{"subject.uid", s.Subject.UID},
	} {
		if field.text == "" || len(field.text) > maxText {
			return fmt.Errorf("%w: its %s is missing or longer than %d bytes", ErrMalformed, field.name, maxText)
		}
	}
	return nil
}

// Sign returns the JSON of a DSSE envelope around the statement with one
// signature. The key is Ed25519 or ECDSA on P-256.
func Sign(s Statement, key crypto.Signer) ([]byte, error) {
	s.Format = Format
	if s.Expires != nil {
		until := s.Expires.UTC().Truncate(time.Second)
		s.Expires = &until
	}
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("sign approval: %w", err)
	}
	payload, err := canonical.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("sign approval: %w", err)
	}
	digest, err := KeyDigest(key)
	if err != nil {
		return nil, fmt.Errorf("sign approval: %w", err)
	}
	signature, err := keyring.Sign(key, dsse.PAE(PayloadType, payload))
	if err != nil {
		return nil, fmt.Errorf("sign approval: %w", err)
	}
	return canonical.Marshal(dsse.Envelope{
		PayloadType: PayloadType,
		Payload:     base64.StdEncoding.EncodeToString(payload),
		Signatures:  []dsse.Signature{{KeyID: digest, Sig: base64.StdEncoding.EncodeToString(signature)}},
	})
}

// Read returns what an envelope says without checking who signed it.
func Read(envelope []byte) (Statement, error) {
	statement, _, err := open(envelope)
	return statement, err
}

// opened is an envelope whose form is right.
type opened struct {
	// signed are the bytes that signatures are over.
	signed     []byte
	signatures [][]byte
}

// open takes an envelope apart. The payload must be the canonical spelling of
// the statement, so that one statement is one sequence of bytes.
func open(envelope []byte) (Statement, opened, error) {
	if len(envelope) > MaxBytes {
		return Statement{}, opened{}, fmt.Errorf("%w: the envelope has more than %d bytes", ErrMalformed, MaxBytes)
	}
	var env dsse.Envelope
	if err := json.Unmarshal(envelope, &env); err != nil {
		return Statement{}, opened{}, fmt.Errorf("%w: it is not a DSSE envelope in JSON", ErrMalformed)
	}
	if env.PayloadType != PayloadType {
		return Statement{}, opened{}, fmt.Errorf("%w: the envelope's payload type is not %s", ErrMalformed, PayloadType)
	}
	if n := len(env.Signatures); n == 0 || n > MaxSignatures {
		return Statement{}, opened{}, fmt.Errorf("%w: the envelope has no signature, or more than %d", ErrMalformed, MaxSignatures)
	}
	payload, err := env.DecodeB64Payload()
	if err != nil {
		return Statement{}, opened{}, fmt.Errorf("%w: the payload is not base64", ErrMalformed)
	}
	var statement Statement
	if err := canonical.UnmarshalStrict(payload, &statement); err != nil {
		return Statement{}, opened{}, fmt.Errorf("%w: the payload has other fields or values than a statement", ErrMalformed)
	}
	if err := statement.Validate(); err != nil {
		return Statement{}, opened{}, err
	}
	if again, err := canonical.Marshal(statement); err != nil || !bytes.Equal(again, payload) {
		return Statement{}, opened{}, fmt.Errorf("%w: the payload is not in its canonical spelling", ErrMalformed)
	}
	out := opened{signed: dsse.PAE(PayloadType, payload)}
	for _, one := range env.Signatures {
		// One that cannot be read is nobody's.
		if signature, err := base64.StdEncoding.DecodeString(one.Sig); err == nil {
			out.signatures = append(out.signatures, signature)
		}
	}
	return statement, out, nil
}
