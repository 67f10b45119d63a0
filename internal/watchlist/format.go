// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// Format is how a publisher writes a list, spelled the same in feeds and in the lab.
type Format string

// The formats. Formats lists those this version can read.
const (
	UNXML            Format = "un-xml"
	OFACXML          Format = "ofac-xml"
	OFACCSV          Format = "ofac-csv"
	EUXML            Format = "eu-xml"
	FTMJSON          Format = "ftm-json"
	OpenSanctionsCSV Format = "opensanctions-csv"
	FrontlineJSONL   Format = "frontline-jsonl"
)

// Formats lists the formats Parse can read, in a stable order.
func Formats() []Format {
	return []Format{UNXML, OFACXML, OFACCSV, EUXML, FTMJSON, OpenSanctionsCSV, FrontlineJSONL}
}

// ParseFormat returns the format of that name, or an error that lists those implemented.
func ParseFormat(name string) (Format, error) {
	f := Format(name)
	if !slices.Contains(Formats(), f) {
		names := make([]string, 0, len(Formats()))
		for _, k := range Formats() {
			names = append(names, string(k))
		}
		return "", fmt.Errorf("format %q is not one this version reads; use one of %s", name, strings.Join(names, ", "))
	}
	return f, nil
}

// Source is what a publisher's content is read from. Exactly one of Reader and FS is set.
type Source struct {
	// Reader gives the content of one file, plain or wrapped in gzip or in a zip of
	// that file alone, told by its first bytes. For ofac-csv it is an uncompressed tar
	// or a zip of the folder. ftm-json is read twice and needs an io.Seeker; a zip is
	// read in place from an io.ReaderAt with io.Seeker, else held in memory.
	Reader io.Reader
	// FS is a folder of files, for formats that have several (ofac-csv).
	FS fs.FS
	// Suppress, when set, reports the records which are not emitted: those erased. It
	// is asked once for each record; Account.Suppressed counts them.
	Suppress func(id string) bool
}

// Limits bound what a parser reads. A zero field means its default.
type Limits struct {
	// Bytes is the most bytes read, all files together and after unpacking (default 1 GiB).
	Bytes int64
	// Depth is the deepest nesting of elements or values (default 32).
	Depth int
	// Records is the most records (default 5,000,000).
	Records int
	// RecordBytes is the largest single record (default 1 MiB).
	RecordBytes int
	// Memory is the most bytes of the list held at one time, by the parser's own
	// reckoning (default 256 MiB): the record at hand, and what a format joins across
	// the file. The process's own memory for it stays within twice that.
	Memory int64
}

// WithDefaults returns the limits with every zero field set to its default.
func (l Limits) WithDefaults() Limits {
	if l.Bytes <= 0 {
		l.Bytes = 1 << 30
	}
	if l.Depth <= 0 {
		l.Depth = 32
	}
	if l.Records <= 0 {
		l.Records = 5_000_000
	}
	if l.RecordBytes <= 0 {
		l.RecordBytes = 1 << 20
	}
	if l.Memory <= 0 {
		l.Memory = 256 << 20
	}
	return l
}

// Account is what a parser read and what it left aside. It holds counts and names
// of elements, never content.
type Account struct {
	Format Format
	// ListDate is the publisher's own date of the content; zero where the format has none.
	ListDate time.Time
	// Bytes read, Records emitted.
	Bytes   int64
	Records int
	// Persons, Entities and Objects sum to Records.
	Persons, Entities, Objects int
	// Suppressed counts the records left out because Source.Suppress said so; they are
	// in no other count, and never named.
	Suppressed int
	// Missing counts emitted persons which lack a field, by MissingBirthDates and so on.
	Missing map[string]int
	// Ignored counts elements, columns or remark keys that carry content and are not taken over, by name.
	Ignored map[string]int
	// Unresolved counts values that were taken as neutral because they could not be read, by field.
	Unresolved map[string]int
}

// The fields Account.Missing counts.
const (
	MissingBirthDates    = "birthDates"
	MissingNationalities = "nationalities"
	MissingDocuments     = "documents"
	MissingGender        = "gender"
)

// Parse reads a list and calls emit for each record, in the publisher's order. It
// stops at the first error, which names the line or element and the cause and never
// quotes a record. The account is valid up to the error.
func Parse(ctx context.Context, format Format, src Source, limits Limits, emit func(Record) error) (Account, error) {
	limits = limits.WithDefaults()
	acc := &account{Account: Account{Format: format, Ignored: map[string]int{}, Unresolved: map[string]int{}, Missing: map[string]int{}}, ctx: ctx, limits: limits, emit: emit, suppress: src.Suppress, countries: map[string]string{}}
	var err error
	switch format {
	case UNXML:
		err = acc.fromReader(src, acc.parseUN)
	case OFACXML:
		err = acc.fromReader(src, acc.parseOFACXML)
	case OFACCSV:
		err = acc.parseOFACCSV(src)
	case EUXML:
		err = acc.fromReader(src, acc.parseEU)
	case FTMJSON:
		err = acc.parseFTM(src)
	case OpenSanctionsCSV:
		err = acc.fromReader(src, acc.parseOpenSanctions)
	case FrontlineJSONL:
		err = acc.fromReader(src, acc.parseJSONL)
	default:
		_, err = ParseFormat(string(format))
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", format, err)
	}
	return acc.Account, err
}
