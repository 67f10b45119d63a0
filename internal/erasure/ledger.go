// SPDX-License-Identifier: Apache-2.0

// Package erasure holds the two documents of an erasure: the ledger, by which
// a hub remembers for ever which records may not come back, and the receipt,
// by which a region says what it removed.
//
// Neither names a person. A record is named by its keyed hash (package
// feedkey), and the ledger travels sealed to the hub alone.
package erasure

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/frontline-screening/frontline/internal/canonical"
)

// LedgerFormat names the version of the ledger.
const LedgerFormat = "frontline.erasures/v1"

// MaxLedger is the size in bytes of the largest ledger read: about 5,000
// entries, within what one Secret and one blob of an order hold.
const MaxLedger = 900 << 10

// Entry is one erased record.
type Entry struct {
	// Feed is the feed's id, Record the keyed hash of the record's id.
	Feed   string `json:"feed"`
	Record string `json:"record"`
	// Request is the UID of the RecordRequest that asked for it.
	Request string `json:"request"`
}

// Ledger lists all erasures ever ordered. Entries are only ever added at its
// end; its version is their number.
type Ledger struct {
	Format  string  `json:"format"`
	Entries []Entry `json:"entries"`
}

var recordForm = regexp.MustCompile(`^[A-Za-z0-9_-]{22}$`)

// ErrFull says that the ledger can hold no more.
var ErrFull = errors.New("the ledger of erasures is full")

// Version is the number of entries.
func (l Ledger) Version() int64 { return int64(len(l.Entries)) }

// Has reports whether the record of the feed is erased.
func (l Ledger) Has(feed, record string) bool {
	return slices.ContainsFunc(l.Entries, func(e Entry) bool { return e.Feed == feed && e.Record == record })
}

// Of returns the erased records of a feed.
func (l Ledger) Of(feed string) map[string]bool {
	out := map[string]bool{}
	for _, e := range l.Entries {
		if e.Feed == feed {
			out[e.Record] = true
		}
	}
	return out
}

// Add returns the ledger with the entry at its end, or unchanged if the record
// is erased already. l itself stays as it is.
func (l Ledger) Add(e Entry) (Ledger, error) {
	if l.Has(e.Feed, e.Record) {
		return l, nil
	}
	if e.Feed == "" || !recordForm.MatchString(e.Record) || e.Request == "" {
		return l, errors.New("ledger of erasures: an entry names a feed, the keyed hash of a record and the request")
	}
	next := Ledger{Format: LedgerFormat, Entries: append(slices.Clone(l.Entries), e)}
	if data, err := next.Encode(); err != nil {
		return l, err
	} else if len(data) > MaxLedger {
		return l, fmt.Errorf("%w: more than %d bytes; give the feeds that are gone up, or split the hub", ErrFull, MaxLedger)
	}
	return next, nil
}

// Merge returns all entries of both: a hub that was restored from a backup
// adopts what it had signed since, and what was erased stays erased. Those of
// the longer ledger come first, as they stood.
func (l Ledger) Merge(other Ledger) Ledger {
	longer, shorter := l, other
	if len(other.Entries) > len(l.Entries) {
		longer, shorter = other, l
	}
	out := Ledger{Format: LedgerFormat, Entries: slices.Clone(longer.Entries)}
	for _, e := range shorter.Entries {
		if !out.Has(e.Feed, e.Record) {
			out.Entries = append(out.Entries, e)
		}
	}
	return out
}

// Encode returns the canonical JSON of the ledger.
func (l Ledger) Encode() ([]byte, error) {
	l.Format = LedgerFormat
	if l.Entries == nil {
		l.Entries = []Entry{}
	}
	data, err := canonical.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("ledger of erasures: %w", err)
	}
	return data, nil
}

// DecodeLedger reads what Encode wrote. It is strict: an entry that is not
// understood would be a record that comes back.
func DecodeLedger(data []byte) (Ledger, error) {
	if len(data) > MaxLedger {
		return Ledger{}, fmt.Errorf("ledger of erasures: %d bytes, at most %d are read", len(data), MaxLedger)
	}
	var l Ledger
	if err := canonical.UnmarshalStrict(data, &l); err != nil {
		return Ledger{}, errors.New("ledger of erasures: it cannot be read; restore it from the registry's order or a backup")
	}
	if l.Format != LedgerFormat {
		return Ledger{}, fmt.Errorf("ledger of erasures: its format is not %s; upgrade the hub", LedgerFormat)
	}
	for i, e := range l.Entries {
		if e.Feed == "" || e.Request == "" || !recordForm.MatchString(e.Record) {
			return Ledger{}, fmt.Errorf("ledger of erasures: entry %d is incomplete", i+1)
		}
	}
	return l, nil
}
