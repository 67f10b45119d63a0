// SPDX-License-Identifier: Apache-2.0

package region

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// erasingDir holds, for each feed of which something is being erased, what it
// is. After a crash in the middle the manifests that tell their layers may be
// gone and the layers not, or the keys gone and the receipt not written.
const erasingDir = "erasing"

// erasing is an erasure under way. It grows when another is ordered before the
// first is complete.
type erasing struct {
	Since time.Time `json:"since"`
	// Manifests are the artifacts to delete, Blobs what they alone refer to.
	Manifests []string `json:"manifests,omitempty"`
	Blobs     []string `json:"blobs,omitempty"`
	// Keys are the epochs whose keys are to be destroyed.
	Keys []int64 `json:"keys,omitempty"`
	// Signed names what the receipt was signed for, empty before: from then on
	// only the inventory is left to change.
	Signed string `json:"signed,omitempty"`
}

// add adds what another erasure removes, without what stays.
func (e *erasing) add(manifests, blobs []string, keys []int64, stays map[string]bool) {
	e.Manifests = union(e.Manifests, manifests)
	e.Blobs = union(e.Blobs, blobs)
	gone := func(digest string) bool { return stays[digest] }
	e.Manifests = slices.DeleteFunc(e.Manifests, gone)
	e.Blobs = slices.DeleteFunc(e.Blobs, gone)
	e.Keys = append(e.Keys, keys...)
	slices.Sort(e.Keys)
	e.Keys = slices.Compact(e.Keys)
}

func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

func (s *Store) erasing(feed string) (erasing, error) {
	var e erasing
	if !feedIDForm.MatchString(feed) {
		return e, fmt.Errorf("erase feed %q: the id is not one of a feed", feed)
	}
	_, err := s.readJSON(erasingFile(feed), &e)
	return e, err
}

func (s *Store) setErasing(feed string, e erasing) error { return s.writeJSON(erasingFile(feed), e) }

func (s *Store) erased(feed string) error {
	if err := os.Remove(s.path(erasingFile(feed))); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("state directory: %w", err)
	}
	return nil
}

// clearErased forgets an erasure that was completed and ended by a crash before
// it was forgotten. One that is not complete stays written down, also while an
// order keeps it waiting: nothing else knows the layers any more.
func (s *Store) clearErased(feed string) error {
	e, err := s.erasing(feed)
	if err != nil || e.Signed == "" {
		return err
	}
	return s.erased(feed)
}

func erasingFile(feed string) string { return filepath.Join(erasingDir, feed+".json") }
