// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"errors"
	"fmt"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Reason says why an order was refused. It is fit to be the reason of a
// Kubernetes condition.
type Reason string

// The reasons.
const (
	// Rollback: a version or the sequence is lower than one verified before.
	Rollback Reason = "Rollback"
	// Equivocation: the sequence was verified before with another content.
	Equivocation Reason = "Equivocation"
	// Expired: the metadata is too old to bring anything new.
	Expired Reason = "Expired"
	// Foreign: another root, another hub, a lower term or another region.
	Foreign Reason = "Foreign"
	// BadSignature: the bytes are not those that the trusted keys signed.
	BadSignature Reason = "BadSignature"
	// Malformed: what was signed is no order of this format.
	Malformed Reason = "Malformed"
	// Incomplete: a file that the metadata names is missing.
	Incomplete Reason = "Incomplete"
)

var nextStep = map[Reason]string{
	Rollback:     "the last good order stays in force; look who wrote to the registry, and whether the hub was restored from a backup",
	Equivocation: "the last good order stays in force; look whether two hubs sign for this region",
	Expired:      "the last good order stays in force; look whether the hub signs and whether the clocks agree",
	Foreign:      "the last good order stays in force; join the region again if it is to obey another hub",
	BadSignature: "the last good order stays in force; look who wrote to the registry",
	Malformed:    "the last good order stays in force; look whether hub and region have matching versions",
	Incomplete:   "the last good order stays in force; it is pulled again",
}

// Error is a refusal. No part of what was refused has been kept.
type Error struct {
	Reason Reason
	// File of the TUF repository that was refused; empty for local state.
	File string
	Err  error
}

// Error implements error.
func (e *Error) Error() string {
	subject := "order"
	if e.File != "" {
		subject += " file " + e.File
	}
	return fmt.Sprintf("%s refused (%s): %s; %s", subject, e.Reason, e.Err, nextStep[e.Reason])
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ReasonOf returns the reason of a refusal, or "" when err is none.
func ReasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return ""
}

func refuse(reason Reason, file, format string, args ...any) error {
	return &Error{Reason: reason, File: file, Err: fmt.Errorf(format, args...)}
}

// classify gives an error of the TUF library its reason.
func classify(file string, err error) error {
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	var (
		expired  *metadata.ErrExpiredMetadata
		version  *metadata.ErrBadVersionNumber
		unsigned *metadata.ErrUnsignedMetadata
		hash     *metadata.ErrLengthOrHashMismatch
	)
	reason := Malformed
	switch {
	case errors.As(err, &expired):
		reason = Expired
	case errors.As(err, &version):
		reason = Rollback
	case errors.As(err, &unsigned), errors.As(err, &hash):
		reason = BadSignature
	}
	return &Error{Reason: reason, File: file, Err: err}
}
