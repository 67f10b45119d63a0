// SPDX-License-Identifier: Apache-2.0

package reading

import (
	"bytes"
	"context"
	"io/fs"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/watchlist"
	"github.com/frontline-screening/frontline/internal/watchlist/synthetic"
)

var listDate = time.Date(2031, 2, 3, 0, 0, 0, 0, time.UTC)

// TestRoundTrip compares, for every format, what the parser makes of a generated file
// with the independent reading of the file.
func TestRoundTrip(t *testing.T) {
	for _, format := range watchlist.Formats() {
		t.Run(string(format), func(t *testing.T) {
			set := synthetic.List(7, 2000).Edit(8, 0.1, synthetic.Scattered)
			data, err := set.Bytes(format, listDate)
			if err != nil {
				t.Fatal(err)
			}
			folder := fstest.MapFS{}
			for name, file := range set.OFACFolder() {
				folder[name] = &fstest.MapFile{Data: file}
			}
			want, err := Read(format, bytes.NewReader(data), fs.FS(folder))
			if err != nil {
				t.Fatal(err)
			}
			got, persons := map[string]Facts{}, 0
			account, err := watchlist.Parse(context.Background(), format, watchlist.Source{Reader: bytes.NewReader(data)}, watchlist.Limits{}, func(r watchlist.Record) error {
				got[r.ID] = Of(&r)
				if r.Type == watchlist.Person {
					persons++
				}
				return r.Validate()
			})
			if err != nil {
				t.Fatal(err)
			}
			c := Compare(want, got)
			if !c.Equal() || c.Records != set.Len() || account.Records != set.Len() || account.Persons != persons {
				t.Errorf("%+v, %+v", c, account)
			}
			for _, field := range []string{fieldType, fieldName, fieldBirth, fieldNationality, fieldDocument, fieldProgramme} {
				if c.Values[field] < 700 {
					t.Errorf("the file has only %d of %s", c.Values[field], field)
				}
			}
			dated := map[watchlist.Format]bool{watchlist.OFACCSV: false, watchlist.FrontlineJSONL: false}
			if want, ok := dated[format]; !ok && !account.ListDate.Equal(listDate) || ok && want != !account.ListDate.IsZero() {
				t.Errorf("list date %v", account.ListDate)
			}
			if len(account.Unresolved) > 0 {
				t.Errorf("unresolved: %v", account.Unresolved)
			}
			checkMissing(t, account, got)
		})
	}
}

// checkMissing counts what persons lack from their facts.
func checkMissing(t *testing.T, account watchlist.Account, got map[string]Facts) {
	t.Helper()
	want := map[string]int{}
	for _, f := range got {
		for field, key := range map[string]string{
			fieldBirth: watchlist.MissingBirthDates, fieldNationality: watchlist.MissingNationalities,
			fieldDocument: watchlist.MissingDocuments, fieldGender: watchlist.MissingGender,
		} {
			if f[fieldType][0] == string(watchlist.Person) && len(f[field]) == 0 {
				want[key]++
			}
		}
	}
	if d := cmp.Diff(want, account.Missing); d != "" {
		t.Error(d)
	}
}

func TestCompareTellsDifferences(t *testing.T) {
	a := map[string]Facts{"1": {fieldName: {"x"}}, "2": {fieldName: {"y"}, fieldGender: {"F"}}, "3": {}}
	b := map[string]Facts{"1": {fieldName: {"x"}}, "2": {fieldName: {"z"}, fieldBirth: {"1970"}}, "4": {}}
	want := Comparison{
		Records: 3, Values: map[string]int{fieldName: 2, fieldGender: 1}, Missing: 1, Surplus: 1,
		Different: map[string]int{fieldName: 1, fieldGender: 1, fieldBirth: 1},
	}
	got := Compare(a, b)
	if d := cmp.Diff(want, got); d != "" || got.Equal() {
		t.Error(d)
	}
}
