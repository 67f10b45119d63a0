// SPDX-License-Identifier: Apache-2.0

package region

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/order"
)

// Clocks are the times that a verified timestamp carries.
type Clocks struct {
	// Issued is when the hub signed the newest timestamp over the order.
	Issued time.Time `json:"issued"`
	// SourceChecked is when the hub last asked each feed's publisher, by feed id.
	SourceChecked map[string]time.Time `json:"sourceChecked,omitempty"`
}

// Verified is an order whose signatures were verified, with its clocks. It is
// not changed once made.
type Verified struct {
	*order.Order
	Clocks Clocks
	// Unlisted serves on although the order no longer lists it.
	Unlisted Unlisted
	// proof is the order as loaders verify it.
	proof *dataset.Proof
}

// savedOrder is the statement "last verified": the digest of an index that
// passed every check, so that it can be acted on again without a hub and
// under metadata that has expired since.
type savedOrder struct {
	IndexDigest string `json:"indexDigest"`
	Index       string `json:"index"`
	Clocks      Clocks `json:"clocks"`
	// Unlisted is not part of the order: it is what earlier ones left.
	Unlisted Unlisted `json:"unlisted,omitzero"`
	// Proof is in the same file as the order: a crash between two would leave an
	// order that no loader believes. Its part of feeds is among the parts.
	Proof *dataset.Proof `json:"proof,omitempty"`
}

// SaveOrder records a verified order: index is its bytes, parts the bytes of
// its parts by digest, proof what loaders verify it by. The statement is
// written last, with the proof.
func (s *Store) SaveOrder(index []byte, parts map[string][]byte, clocks Clocks, unlisted Unlisted, proof *dataset.Proof) error {
	for digest, data := range parts {
		name := filepath.Join(orderPartsDir, artifact.FileName(digest))
		if _, err := os.Stat(s.path(name)); err == nil {
			continue
		}
		if err := s.write(name, data); err != nil {
			return err
		}
	}
	saved := savedOrder{IndexDigest: canonical.Digest(index), Index: string(index), Clocks: clocks, Unlisted: unlisted}
	if proof != nil {
		saved.Proof = &dataset.Proof{Files: proof.Files, Statement: proof.Statement}
	}
	if err := s.writeJSON(orderFile, saved); err != nil {
		return err
	}
	return s.collectParts(parts)
}

// collectParts removes the parts that the saved order no longer names.
func (s *Store) collectParts(keep map[string][]byte) error {
	entries, err := os.ReadDir(s.path(orderPartsDir))
	if err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	wanted := map[string]bool{}
	for digest := range keep {
		wanted[artifact.FileName(digest)] = true
	}
	var errs []error
	for _, e := range entries {
		if !wanted[e.Name()] {
			errs = append(errs, os.Remove(s.path(filepath.Join(orderPartsDir, e.Name()))))
		}
	}
	return errors.Join(errs...)
}

// Part returns the bytes of a part of the saved order and whether they are there.
func (s *Store) Part(digest string) ([]byte, bool) {
	data, err := s.read(filepath.Join(orderPartsDir, artifact.FileName(digest)))
	return data, err == nil && data != nil
}

// LoadOrder returns the order verified last, or nil before the first. The
// digests of index and parts are checked again, since disks rot.
func (s *Store) LoadOrder() (*Verified, error) {
	var saved savedOrder
	found, err := s.readJSON(orderFile, &saved)
	if err != nil || !found {
		return nil, err
	}
	if got := canonical.Digest([]byte(saved.Index)); got != saved.IndexDigest {
		return nil, fmt.Errorf("state directory: the saved order has digest %s instead of %s; the volume is damaged", got, saved.IndexDigest)
	}
	opened, err := order.Open([]byte(saved.Index), func(digest string) ([]byte, error) {
		data, ok := s.Part(digest)
		if !ok {
			return nil, errors.New("it is missing from the state directory")
		}
		return data, nil
	})
	if err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	if saved.Proof != nil {
		saved.Proof.Feeds, _ = s.Part(feedsPart(opened)) // it was opened just now
	}
	return &Verified{Order: opened, Clocks: saved.Clocks, Unlisted: saved.Unlisted, proof: saved.Proof}, nil
}
