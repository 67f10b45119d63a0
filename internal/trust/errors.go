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
	// BelowFloor: the order is older than one that others saw here before the
	// local state was lost.
	BelowFloor Reason = "BelowFloor"
	// Expired: the metadata is too old to bring anything new.
	Expired Reason = "Expired"
	// RootExpired: the newest root.json is too old; nothing under it is news.
	RootExpired Reason = "RootExpired"
	// Foreign: another root, another hub or a lower term.
	Foreign Reason = "Foreign"
	// WrongRegion: it is signed for another region.
	WrongRegion Reason = "WrongRegion"
	// BadSignature: the trusted keys did not sign these bytes.
	BadSignature Reason = "BadSignature"
	// Revoked: a key signed these bytes that a later root.json withdrew.
	Revoked Reason = "Revoked"
	// BadRole: a role has no keys, one key twice, or a threshold that its keys
	// cannot meet or that is below 1.
	BadRole Reason = "BadRole"
	// Mixed: a file is not the one that the metadata above it names.
	Mixed Reason = "Mixed"
	// Replayed: a bundle was imported before, or a later one was.
	Replayed Reason = "Replayed"
	// Malformed: what was signed is no order of this format.
	Malformed Reason = "Malformed"
	// Incomplete: a file that the metadata names is missing.
	Incomplete Reason = "Incomplete"
)

const stays = "the last good order stays in force; "

var nextStep = map[Reason]string{
	Rollback:     stays + "look who wrote to the registry, and whether the hub was restored from a backup",
	Equivocation: stays + "look whether two hubs sign for this region",
	BelowFloor:   stays + "look who wrote to the registry; what stands there is older than what the region obeyed",
	Expired:      stays + "look whether the hub signs and whether the clocks agree",
	RootExpired:  stays + "on the hub run: frontline trust root renew",
	Foreign:      stays + "join the region again if it is to obey another hub",
	WrongRegion:  stays + "look who moved the files between regions",
	BadSignature: stays + "look who wrote to the registry",
	Revoked:      stays + "look who still signs with the key that was withdrawn",
	BadRole:      stays + "a root like this one is never signed by the hub's tools; ask its holders",
	Mixed:        stays + "it is pulled again; look who wrote to the registry if it lasts",
	Malformed:    stays + "look whether hub and region have matching versions",
	Incomplete:   stays + "it is pulled again",
	Replayed:     stays + "export a new bundle on the hub",
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
	case errors.As(err, &unsigned):
		reason = BadSignature
	case errors.As(err, &hash):
		reason = Mixed
	}
	return &Error{Reason: reason, File: file, Err: err}
}
