// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/frontline-screening/frontline/internal/watchlist/country"
)

func TestCellsOfFewAreHidden(t *testing.T) {
	var c cells
	for i := range leastCell {
		c.count("m", "script", "Latin", i < 30)
		if i > 0 {
			c.count("m", "region", "Eastern Asia", true)
		}
		c.count("m", "region", "", true)
	}
	shown := c.shown()
	if len(shown) != 2 {
		t.Fatalf("%+v", shown)
	}
	if s := shown[0]; s.Group != "Latin" || s.Few || s.Value != 10 || s.N != leastCell {
		t.Errorf("%+v", s)
	}
	if s := shown[1]; !s.Few || s.Value != 0 || s.N != 0 || s.High != 0 {
		t.Errorf("a cell of %d tells something: %+v", leastCell-1, s)
	}
	var out strings.Builder
	if err := c.print(&out); err != nil || strings.Contains(out.String(), "299") || !strings.Contains(out.String(), "few") {
		t.Errorf("%v: %s", err, out.String())
	}
}

func TestScriptOf(t *testing.T) {
	for name, want := range map[string]string{
		"Ana Testova": "Latin", "Ана Тестова": "Cyrillic", "王 小明": "Han and kana", "김 민수": "Hangul", "محمد": "Arabic", "山田 はなこ": "Han and kana", "12-3": "", "Άννα": "another",
	} {
		if got := scriptOf(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestRegionsAreCountriesOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range regions {
		for code := range strings.FieldsSeq(r.countries) {
			if _, ok := country.FromCode(code); !ok || seen[code] {
				t.Errorf("%s: %s is no country or stands twice", r.name, code)
			}
			seen[code] = true
		}
	}
}
