// SPDX-License-Identifier: Apache-2.0

package edtf

import "testing"

// FuzzParse: what is read is a span of time that does not run backwards.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"1961", "1961-07", "1961-07-04", "1961~", "1961-07/1962", "0000-00-00", "1961-02-30", "/", "196X"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := Parse(s)
		if err == nil && d.To.Before(d.From) {
			t.Errorf("%q is from %v to %v", s, d.From, d.To)
		}
		p, err := ParsePoint(s)
		if err == nil && (p.About || p.Between) {
			t.Errorf("%q is no point", s)
		}
	})
}
