// SPDX-License-Identifier: Apache-2.0

package watchlistfeed

import (
	"strings"
	"testing"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

func TestTally(t *testing.T) {
	person := watchlist.Record{Type: watchlist.Person, Names: []watchlist.Name{{Full: "Synthetic Person"}}, BirthDates: []string{"1970"}}
	bare := watchlist.Record{Type: watchlist.Person, Names: []watchlist.Name{{Full: "Synthetic Person"}}}
	entity := watchlist.Record{Type: watchlist.Entity, Names: []watchlist.Name{{Full: "Synthetic Company"}}, Programmes: []string{"TEST"}}
	document := watchlist.Record{Type: watchlist.Object, Documents: []watchlist.Document{{Number: "X0000000"}}}
	list := []watchlist.Record{person, person, bare, entity, document}
	mandatory := func(field screeningv1.RecordField, limit int32) *screeningv1.FeedGates {
		return &screeningv1.FeedGates{MandatoryFields: []screeningv1.MandatoryField{{Field: field, MaxMissingPercent: new(limit)}}}
	}
	tests := []struct {
		name  string
		gates *screeningv1.FeedGates
		want  string
	}{
		{"no gates", nil, ""},
		{"as many as asked for", &screeningv1.FeedGates{MinRecords: 5, MaxRecords: 5}, ""},
		{"too few", &screeningv1.FeedGates{MinRecords: 6}, "gates.minRecords asks for 6"},
		{"too many", &screeningv1.FeedGates{MaxRecords: 4}, "gates.maxRecords allows 4"},
		{"dates of birth are asked of people alone", mandatory(screeningv1.FieldBirthDates, 34), ""},
		{"a third lacks it", mandatory(screeningv1.FieldBirthDates, 33), "1 of 3 records (34%) lack BirthDates"},
		{"names are asked of all", mandatory(screeningv1.FieldNames, 19), "1 of 5 records (20%) lack Names"},
		{"names of all but a fifth", mandatory(screeningv1.FieldNames, 20), ""},
		{"documents of people and things", mandatory(screeningv1.FieldDocuments, 74), "3 of 4 records (75%) lack Documents"},
		{"programmes of all", mandatory(screeningv1.FieldProgrammes, 79), "4 of 5"},
		{"nobody states it", mandatory(screeningv1.FieldFaces, 99), "3 of 3 records (100%) lack Faces"},
		{"no limit written is none missing", &screeningv1.FeedGates{MandatoryFields: []screeningv1.MandatoryField{{Field: screeningv1.FieldNames}}}, "allows 0%"},
		{"two gates at once", &screeningv1.FeedGates{MinRecords: 6, MandatoryFields: mandatory(screeningv1.FieldGender, 0).MandatoryFields}, "lack Gender"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			seen := newTally(tt.gates)
			for i := range list {
				seen.see(&list[i])
			}
			err := seen.pass(tt.gates)
			if tt.want == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error about %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "Synthetic") {
				t.Errorf("the error quotes a record: %v", err)
			}
		})
	}
}

// Every field that the API lists is known to the tally: one that is not would
// let everything pass.
func TestEveryMandatoryFieldIsAsked(t *testing.T) {
	for _, field := range []screeningv1.RecordField{
		screeningv1.FieldNames, screeningv1.FieldBirthDates, screeningv1.FieldBirthPlaces, screeningv1.FieldNationalities, screeningv1.FieldGender,
		screeningv1.FieldDocuments, screeningv1.FieldProgrammes, screeningv1.FieldIssued, screeningv1.FieldFingerprints, screeningv1.FieldFaces,
	} {
		asked, stated := states(&watchlist.Record{Type: watchlist.Person}, field)
		if !asked || stated {
			t.Errorf("%s: asked %t, stated %t of an empty person; want asked and not stated", field, asked, stated)
		}
	}
}

func TestStorm(t *testing.T) {
	gates := func(added, removed int32) *screeningv1.FeedGates {
		return &screeningv1.FeedGates{MaxAddedPercent: new(added), MaxRemovedPercent: new(removed)}
	}
	tests := []struct {
		name                   string
		gates                  *screeningv1.FeedGates
		added, removed, before int64
		want                   bool
	}{
		{"no gates", nil, 100, 100, 100, false},
		{"counts alone", &screeningv1.FeedGates{MinRecords: 1}, 100, 100, 100, false},
		{"at the limits", gates(20, 5), 20, 5, 100, false},
		{"one more added", gates(20, 5), 21, 0, 100, true},
		{"one more removed", gates(20, 5), 0, 6, 100, true},
		{"a fraction over", gates(20, 5), 0, 51, 1001, true},
		{"a fraction below", gates(20, 5), 0, 50, 1001, false},
		{"removals alone are guarded", &screeningv1.FeedGates{MaxRemovedPercent: new(int32(5))}, 1000, 0, 100, false},
		{"nothing may go", gates(20, 0), 0, 1, 1000000, true},
		{"from nothing to something", gates(1000, 100), 1, 0, 0, true},
		{"from nothing to nothing", gates(0, 0), 0, 0, 0, false},
		{"many", gates(20, 5), 1 << 40, 0, 1 << 40, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			changes := &screeningv1.ReleaseChanges{Added: new(tt.added), Removed: new(tt.removed)}
			if got := storm(tt.gates, changes, tt.before); got != tt.want {
				t.Errorf("storm is %t, want %t", got, tt.want)
			}
		})
	}
}

// A share that is over a limit never reads as the limit.
func TestPercentRoundsUp(t *testing.T) {
	for _, tt := range []struct{ part, whole, want int64 }{{5, 100, 5}, {51, 1001, 6}, {0, 100, 0}, {3, 0, 300}, {0, 0, 0}} {
		if got := percent(tt.part, tt.whole); got != tt.want {
			t.Errorf("percent(%d, %d) = %d, want %d", tt.part, tt.whole, got, tt.want)
		}
	}
}
