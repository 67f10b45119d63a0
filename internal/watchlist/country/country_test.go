// SPDX-License-Identifier: Apache-2.0

package country

import "testing"

func TestResolve(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"alpha-2", "al", "AL"},
		{"alpha-3", "AFG", "AF"},
		{"Germany in a zone", "D<<", "DE"},
		{"Kosovo in a zone", "RKS", "XK"},
		{"Kosovo alpha-3", "XKX", "XK"},
		{"English name", "Albania", "AL"},
		{"UN style", "Iran (Islamic Republic of)", "IR"},
		{"inverted", "Korea, North", "KP"},
		{"accents", "Türkiye", "TR"},
		{"apostrophe", "Côte d’Ivoire", "CI"},
		{"ampersand", "Bosnia & Herzegovina", "BA"},
		{"stateless", "XXA", ""},
		{"nonsense", "Utopia", ""},
		{"empty", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got, ok := Resolve(tc.in); got != tc.want || ok != (tc.want != "") {
				t.Errorf("Resolve(%q) = %q, %v; want %q", tc.in, got, ok, tc.want)
			}
		})
	}
}

func TestTableIsConsistent(t *testing.T) {
	if len(alpha2) != 250 || len(byAlpha3) != 250 {
		t.Errorf("have %d alpha-2 and %d alpha-3 codes, want the 249 of ISO 3166-1 and Kosovo", len(alpha2), len(byAlpha3))
	}
	for name := range byName {
		if Key(name) != name {
			t.Errorf("%q is not in normal form %q", name, Key(name))
		}
	}
}
