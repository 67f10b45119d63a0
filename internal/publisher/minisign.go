// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"aead.dev/minisign"
)

// maxComment bounds the comment that is kept.
const maxComment = 512

// verifyMinisign verifies a .minisig file: the signature of the file, legacy
// (over its bytes) or pre-hashed (over its BLAKE2b-512), and that of the
// trusted comment with it.
func verifyMinisign(file []byte, name string, text []byte, keys []*Key) (Proof, error) {
	keys, err := ofType(keys, Minisign)
	if err != nil {
		return Proof{}, err
	}
	// The reference writes \n; a mail or a checkout may have made it \r\n.
	text = append(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), '\n')
	var signature minisign.Signature
	if err := signature.UnmarshalText(text); err != nil {
		return Proof{}, fail(Malformed, "the signature begins as one of minisign and cannot be read as one")
	}
	known := false
	for _, key := range keys {
		if key.minisign.ID() != signature.KeyID {
			continue
		}
		known = true
		if !minisign.Verify(key.minisign, file, text) {
			continue
		}
		if signed := commentFile(signature.TrustedComment); name != "" && signed != "" && signed != name {
			return Proof{}, fail(Mismatch, "the signature is of a file by another name than %s; its trusted comment says which", name)
		}
		return Proof{Key: key.print, Form: FormMinisign, Comment: bounded(signature.TrustedComment)}, nil
	}
	if !known {
		return Proof{}, fail(OtherKey, "the signature is by the minisign key %016X, which is not listed", signature.KeyID)
	}
	return Proof{}, fail(Mismatch, "the minisign key %016X did not sign this file with this trusted comment", signature.KeyID)
}

// commentFile returns the name in the comment that minisign writes by itself,
// "timestamp:SECONDS<tab>file:NAME<tab>hashed", or "" in any other.
func commentFile(comment string) string {
	for field := range strings.SplitSeq(comment, "\t") {
		if name, ok := strings.CutPrefix(field, "file:"); ok {
			return name
		}
	}
	return ""
}

func bounded(text string) string {
	text = strings.ToValidUTF8(text, "")
	if len(text) <= maxComment {
		return text
	}
	text = text[:maxComment]
	for !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	return text
}
