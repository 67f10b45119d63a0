// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWriteQueries(t *testing.T) {
	const whole = `{"purpose":"BorderControl","subject":{"names":[{"full":"Ana Testova"}],"birthDates":["1970-01-02"],"nationalities":["IQ"],"gender":"F"}}` + "\n"
	const bare = `{"purpose":"BorderControl","subject":{"names":[{"full":"Ana Testova"}]}}` + "\n"
	for _, tc := range []struct {
		name, table, want string
		notes             []string
		namesOnly         bool
	}{
		{name: "word", table: "full_name,gender,date_of_birth,nationality,other\nAna Testova,female,1970-01-02,Iraq,x\n", want: whole},
		{name: "letter", table: "full_name,gender,date_of_birth,nationality\nAna Testova,f,1970-01-02,IRQ\n", want: whole},
		{name: "any case", table: "full_name,gender,date_of_birth,nationality\nAna Testova,FeMale,1970-01-02,IQ\n", want: whole},
		{name: "empty values are not counted", table: "full_name,gender,date_of_birth\nAna Testova,,\n", want: bare},
		{
			name: "what no request can carry", table: "full_name,gender,date_of_birth,nationality\nAna Testova,woman,2.1.1970,Nowhere\n", want: bare,
			notes: []string{"date_of_birth: 1 values", "gender: 1 values", "nationality: 1 values"},
		},
		{name: "names only", table: "full_name,gender\nAna Testova,woman\n", want: bare, namesOnly: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out, notes bytes.Buffer
			if err := writeQueries(strings.NewReader(tc.table), &out, &notes, tc.namesOnly); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tc.want, out.String()); d != "" {
				t.Error(d)
			}
			if len(tc.notes) != strings.Count(notes.String(), "\n") {
				t.Errorf("notes: %q", notes.String())
			}
			for _, want := range tc.notes {
				if !strings.Contains(notes.String(), want) {
					t.Errorf("notes lack %q: %q", want, notes.String())
				}
			}
		})
	}
}

func TestWriteQueriesNeedsNames(t *testing.T) {
	for _, table := range []string{"", "a,b\n"} {
		if err := writeQueries(strings.NewReader(table), &bytes.Buffer{}, &bytes.Buffer{}, false); err == nil {
			t.Errorf("the table %q is taken", table)
		}
	}
}
