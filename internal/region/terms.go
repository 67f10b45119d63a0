// SPDX-License-Identifier: Apache-2.0

package region

import (
	"slices"
	"strings"
)

// Terms are what the region accepts of its hub. A region without terms (nil)
// accepts nothing.
type Terms struct {
	// Feeds are feed ids, NAMESPACE.* for every feed of a namespace, or *.
	Feeds []string
	// Purposes are what the region lets feeds be searched for.
	Purposes []string
}

// AcceptsFeed reports whether a pattern covers the feed.
func (t *Terms) AcceptsFeed(id string) bool {
	return t != nil && slices.ContainsFunc(t.Feeds, func(pattern string) bool {
		if namespace, ok := strings.CutSuffix(pattern, ".*"); ok {
			of, _, _ := strings.Cut(id, ".")
			return of == namespace
		}
		return pattern == "*" || pattern == id
	})
}

// AcceptsPurpose reports whether the terms name the purpose.
func (t *Terms) AcceptsPurpose(purpose string) bool {
	return t != nil && slices.Contains(t.Purposes, purpose)
}

// purposes returns what a feed may be searched for here: what its owner
// allows, as far as the terms do. A feed whose owner names none is open to
// every purpose of the terms.
func (t *Terms) purposes(feed []string) []string {
	if t == nil {
		return nil
	}
	if len(feed) == 0 {
		return slices.Sorted(slices.Values(t.Purposes))
	}
	var both []string
	for _, p := range feed {
		if t.AcceptsPurpose(p) {
			both = append(both, p)
		}
	}
	slices.Sort(both)
	return both
}
