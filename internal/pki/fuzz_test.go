// SPDX-License-Identifier: Apache-2.0

package pki

import "testing"

// FuzzParseID: one identity has one spelling.
func FuzzParseID(f *testing.F) {
	for _, id := range []string{HubID(), LoaderID("north", "general"), MatcherID("north", "a.b"), FrontID("north", "post")} {
		f.Add(id)
		f.Add(id + "/")
	}
	f.Fuzz(func(t *testing.T, uri string) {
		id, err := ParseID(uri)
		if err == nil && id.String() != uri {
			t.Errorf("%q is read as %q", uri, id)
		}
	})
}
