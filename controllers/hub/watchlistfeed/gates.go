// SPDX-License-Identifier: Apache-2.0

package watchlistfeed

import (
	"errors"
	"fmt"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// tally counts, while a file is read, what its feed's gates ask about. Its
// zero value counts records alone.
type tally struct {
	fields  []screeningv1.MandatoryField
	records int64
	// asked and missing go by the index of fields.
	asked, missing []int64
}

func newTally(gates *screeningv1.FeedGates) *tally {
	t := &tally{}
	if gates != nil {
		t.fields = gates.MandatoryFields
	}
	t.asked, t.missing = make([]int64, len(t.fields)), make([]int64, len(t.fields))
	return t
}

// see counts one record and keeps nothing of it.
func (t *tally) see(record *watchlist.Record) {
	t.records++
	for i, field := range t.fields {
		asked, stated := states(record, field.Field)
		if !asked {
			continue
		}
		t.asked[i]++
		if !stated {
			t.missing[i]++
		}
	}
}

// states says whether a field is asked of a record of its type, and whether the
// record states it.
func states(record *watchlist.Record, field screeningv1.RecordField) (asked, stated bool) {
	person := record.Type == watchlist.Person
	switch field {
	case screeningv1.FieldNames:
		return true, len(record.Names) > 0
	case screeningv1.FieldBirthDates:
		return person, len(record.BirthDates) > 0
	case screeningv1.FieldBirthPlaces:
		return person, len(record.BirthPlaces) > 0
	case screeningv1.FieldNationalities:
		return person, len(record.Nationalities) > 0
	case screeningv1.FieldGender:
		return person, record.Gender != ""
	case screeningv1.FieldDocuments:
		return person || record.Type == watchlist.Object, len(record.Documents) > 0
	case screeningv1.FieldProgrammes:
		return true, len(record.Programmes) > 0
	case screeningv1.FieldIssued:
		return true, record.Issued != ""
	case screeningv1.FieldFingerprints:
		return person, len(record.Fingerprints) > 0
	case screeningv1.FieldFaces:
		return person, len(record.Faces) > 0
	}
	return false, false
}

// pass reports each gate on counts and mandatory fields that the file does not
// meet.
func (t *tally) pass(gates *screeningv1.FeedGates) error {
	if gates == nil {
		return nil
	}
	var errs []error
	if gates.MinRecords > 0 && t.records < gates.MinRecords {
		errs = append(errs, fmt.Errorf("the file has %d records, gates.minRecords asks for %d; look whether it was cut short, or lower the gate", t.records, gates.MinRecords))
	}
	if gates.MaxRecords > 0 && t.records > gates.MaxRecords {
		errs = append(errs, fmt.Errorf("the file has %d records, gates.maxRecords allows %d; look whether it is another list, or raise the gate", t.records, gates.MaxRecords))
	}
	for i, field := range t.fields {
		var limit int64
		if field.MaxMissingPercent != nil {
			limit = int64(*field.MaxMissingPercent)
		}
		if over(t.missing[i], t.asked[i], limit) {
			errs = append(errs, fmt.Errorf("%d of %d records (%d%%) lack %s, gates.mandatoryFields allows %d%%; look at the publisher's file, or raise maxMissingPercent",
				t.missing[i], t.asked[i], percent(t.missing[i], t.asked[i]), field.Field, limit))
		}
	}
	return errors.Join(errs...)
}

// storm reports whether changes are over the feed's limits, as shares of the
// records of the release before.
func storm(gates *screeningv1.FeedGates, changes *screeningv1.ReleaseChanges, before int64) bool {
	if gates == nil || changes == nil {
		return false
	}
	return gates.MaxAddedPercent != nil && over(*changes.Added, before, int64(*gates.MaxAddedPercent)) ||
		gates.MaxRemovedPercent != nil && over(*changes.Removed, before, int64(*gates.MaxRemovedPercent))
}

// guarded reports whether the feed has a limit on what a release may change.
func guarded(gates *screeningv1.FeedGates) bool {
	return gates != nil && (gates.MaxAddedPercent != nil || gates.MaxRemovedPercent != nil)
}

// over reports whether part is more than limit percent of whole. Something of
// nothing is more than any share.
func over(part, whole, limit int64) bool {
	if whole == 0 {
		return part > 0
	}
	return part*100 > limit*whole
}

// percent is part as a share of whole, rounded up, so that what is over a limit
// never shows as the limit. Of nothing, each one counts as a whole.
func percent(part, whole int64) int64 {
	whole = max(whole, 1)
	return (part*100 + whole - 1) / whole
}
