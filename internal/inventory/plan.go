// SPDX-License-Identifier: Apache-2.0

// Package inventory compares what a region's registry really holds with what
// the region believes that it holds, and mends the difference: blobs that are
// missing or damaged are fetched again, manifests that nobody ordered go.
//
// Plan is pure. Auditor looks, plans and acts.
package inventory

import (
	"cmp"
	"maps"
	"slices"
)

// Want is what a region's registry shall hold of one feed.
type Want struct {
	Feed       string
	Repository string
	// Manifests are the artifacts of all releases held, "sha256:<hex>".
	Manifests []string
	// Known are others that stand there for a reason, such as a release that is
	// being pulled or one that is about to be removed. They are left alone.
	Known []string
}

// State of a blob or manifest in a registry.
type State string

// States.
const (
	Whole   State = "Whole"
	Missing State = "Missing"
	// Damaged has other bytes than its digest says.
	Damaged State = "Damaged"
)

// Part is a blob of a manifest.
type Part struct {
	Digest string
	Size   int64
	State  State
}

// Manifest is what was found of a manifest that is wanted.
type Manifest struct {
	State State
	// Parts are known while State is Whole.
	Parts []Part
}

// Found is what a registry holds in the repository of a Want.
type Found struct {
	// Tagged are the manifests that tags name, by tag.
	Tagged map[string]string
	// Manifests are those of Want.Manifests, by digest.
	Manifests map[string]Manifest
}

// Kind of an action.
type Kind string

// Kinds of actions.
const (
	// Fetch copies a manifest again from the hub; what is damaged of it is
	// removed first, because a push does not replace what is there.
	Fetch Kind = "Fetch"
	// Remove deletes a manifest that nobody ordered.
	Remove Kind = "Remove"
	// Watch leaves an unknown manifest until the next audit: it may be of an
	// order that came in between.
	Watch Kind = "Watch"
)

// Action mends one manifest.
type Action struct {
	Kind       Kind
	Feed       string
	Repository string
	Manifest   string
	// Missing and Damaged are digests, the manifest's own among them.
	Missing []string
	Damaged []string
}

// Plan says what to do so that each repository holds what is wanted, in the
// order of wants. found is by repository; what was not looked at is left
// alone. suspects are the manifests ("repository@digest") that the audit
// before this one found unknown; those still unknown are removed.
func Plan(wants []Want, found map[string]Found, suspects map[string]bool) []Action {
	var actions []Action
	for _, w := range wants {
		f, looked := found[w.Repository]
		if !looked {
			continue
		}
		for _, manifest := range w.Manifests {
			if action, broken := mend(w, manifest, f.Manifests[manifest]); broken {
				actions = append(actions, action)
			}
		}
		for _, manifest := range unknown(w, f) {
			kind := Watch
			if suspects[Suspect(w.Repository, manifest)] {
				kind = Remove
			}
			actions = append(actions, Action{Kind: kind, Feed: w.Feed, Repository: w.Repository, Manifest: manifest})
		}
	}
	return actions
}

// Suspect names an unknown manifest.
func Suspect(repository, manifest string) string { return repository + "@" + manifest }

func mend(w Want, manifest string, m Manifest) (Action, bool) {
	action := Action{Kind: Fetch, Feed: w.Feed, Repository: w.Repository, Manifest: manifest}
	note := func(digest string, state State) {
		switch state {
		case Missing:
			action.Missing = append(action.Missing, digest)
		case Damaged:
			action.Damaged = append(action.Damaged, digest)
		case Whole:
		}
	}
	note(manifest, cmp.Or(m.State, Missing))
	for _, part := range m.Parts {
		note(part.Digest, part.State)
	}
	return action, len(action.Missing)+len(action.Damaged) > 0
}

// unknown are the manifests that tags name and nobody wants or knows, in order.
func unknown(w Want, f Found) []string {
	var out []string
	for _, manifest := range slices.Sorted(maps.Values(f.Tagged)) {
		if !slices.Contains(w.Manifests, manifest) && !slices.Contains(w.Known, manifest) && !slices.Contains(out, manifest) {
			out = append(out, manifest)
		}
	}
	return out
}
