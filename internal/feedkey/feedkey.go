// SPDX-License-Identifier: Apache-2.0

// Package feedkey derives what is secret about a feed without being personal data:
// the names its records are spoken of by, the salt of its snapshots and the keyed
// digests of its layers. All of it comes from one key a feed, made once by the hub.
//
// Ids of records are short and often public, so a plain digest of one confirms a
// guess. Every value here is an HMAC-SHA256 (RFC 2104) under a key of its own use,
// itself derived from the feed's key by a label; whoever holds one use's key learns
// nothing of the others.
package feedkey

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
)

// Size is the length of a key in bytes.
const Size = 32

const (
	recordHashSize = 16
	saltSize       = 16
)

// The labels of the uses. They are part of the format: a change changes every name.
const (
	labelRecord = "frontline.feedkey/v1 record"
	labelSalt   = "frontline.feedkey/v1 salt"
	labelLayer  = "frontline.feedkey/v1 layer"
)

// ErrSize is wrapped when a key has not Size bytes.
var ErrSize = errors.New("key has another length")

// Key is a feed's key. It is made with the feed and never changes: every
// RecordRequest names its record by it. It stays in the hub's key namespace.
type Key [Size]byte

// RecordKey is the part of a feed's key that hashes the ids of records. It travels,
// encrypted, to matchers that have to find blocked records.
type RecordKey [Size]byte

// New makes a key from the system's random source, which does not fail.
func New() Key {
	var k Key
	_, _ = rand.Read(k[:])
	return k
}

// Parse reads a key of Size raw bytes.
func Parse(raw []byte) (Key, error) {
	if len(raw) != Size {
		return Key{}, fmt.Errorf("feed key of %d bytes: %w: want %d; restore it from the backup of the hub's keys", len(raw), ErrSize, Size)
	}
	return Key(raw), nil
}

// ParseRecordKey reads what RecordKey.Text gave.
func ParseRecordKey(text string) (RecordKey, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return RecordKey{}, errors.New("record key is no base64; the overlay that carries it is damaged")
	}
	if len(raw) != Size {
		return RecordKey{}, fmt.Errorf("record key of %d bytes: %w: want %d", len(raw), ErrSize, Size)
	}
	return RecordKey(raw), nil
}

// RecordKey is the key that RecordHash uses.
func (k Key) RecordKey() RecordKey { return RecordKey(k.derive(labelRecord)) }

// RecordHash is what requests, overlays and the ledger of erasures name the record
// of the id by: 16 bytes, base64url without padding (RFC 4648, section 5), 22 characters.
func (k Key) RecordHash(id string) string { return k.RecordKey().Hash(id) }

// Salt is the salt of the feed's snapshots: 16 bytes.
func (k Key) Salt() []byte {
	sum := k.derive(labelSalt)
	return sum[:saltSize]
}

// LayerDigest is the keyed digest of a layer's plaintext, given its SHA-256, sealed to
// the region's key of the epoch: 32 bytes, base64url without padding. Equal layers of
// one region and epoch have one digest, and nobody without the key can confirm a
// guess of the plaintext or see that two regions hold the same.
func (k Key) LayerDigest(region string, epoch int64, plain [sha256.Size]byte) string {
	key := k.derive(labelLayer)
	mac := hmac.New(sha256.New, key[:])
	// The length before the name keeps two different inputs from being one string.
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(region))))
	mac.Write([]byte(region))
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(epoch)))
	mac.Write(plain[:])
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (k Key) derive(label string) (out [Size]byte) {
	mac := hmac.New(sha256.New, k[:])
	mac.Write([]byte(label))
	mac.Sum(out[:0])
	return out
}

// Hash is RecordHash of the key it was taken from.
func (k RecordKey) Hash(id string) string {
	mac := hmac.New(sha256.New, k[:])
	mac.Write([]byte(id))
	var sum [sha256.Size]byte
	return base64.RawURLEncoding.EncodeToString(mac.Sum(sum[:0])[:recordHashSize])
}

// Text is the key in base64 (RFC 4648, section 4), for an overlay.
func (k RecordKey) Text() string { return base64.StdEncoding.EncodeToString(k[:]) }

// Format keeps a key out of logs and errors, whatever the verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[feed key]")) }

// Format keeps a key out of logs and errors, whatever the verb.
func (k RecordKey) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[record key]")) }

// MarshalJSON refuses: a key is never a field of a document that is written as a whole.
func (k Key) MarshalJSON() ([]byte, error) {
	return nil, errors.New("a feed key is not written as JSON")
}

// MarshalJSON refuses: Text is how the key enters an overlay.
func (k RecordKey) MarshalJSON() ([]byte, error) {
	return nil, errors.New("a record key is written by its Text")
}

// IsRecordHash tells whether s has the shape of a RecordHash.
func IsRecordHash(s string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(raw) == recordHashSize && len(s) == base64.RawURLEncoding.EncodedLen(recordHashSize)
}
