// SPDX-License-Identifier: Apache-2.0

package region

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"

	"github.com/frontline-screening/frontline/internal/join"
)

// Joined is what a region keeps of its joining.
type Joined struct {
	HubUID       string   `json:"hubUID"`
	Term         int64    `json:"term"`
	Region       string   `json:"region"`
	RegionUID    string   `json:"regionUID"`
	Jurisdiction string   `json:"jurisdiction"`
	Gateways     []string `json:"gateways"`
	GatewayCA    string   `json:"gatewayCA"`
	// Root is the TUF root.json that the region pinned.
	Root []byte `json:"root"`
	// Invitation is the hash of the token used: a new invitation is a new join.
	Invitation string `json:"invitation"`
	// Incarnation is the number the hub gave this join; reports carry it.
	Incarnation int64 `json:"incarnation"`
}

// NewJoined is what an accepted invitation leaves.
func NewJoined(inv join.Invitation, accepted join.Acceptance) Joined {
	return Joined{
		HubUID: inv.HubUID, Term: inv.Term, Region: inv.Region, RegionUID: inv.RegionUID,
		Jurisdiction: inv.Jurisdiction, Gateways: inv.Gateways, GatewayCA: inv.GatewayCA,
		Root: inv.Root, Invitation: join.HashToken(inv.Token), Incarnation: accepted.Incarnation,
	}
}

// Joined returns the joining, or nil before it.
func (s *Store) Joined() (*Joined, error) {
	kept, err := s.vault.Read()
	if err != nil {
		return nil, err
	}
	var j Joined
	found, err := kept.read(documentJoined, &j)
	if err != nil || !found {
		return nil, err
	}
	return &j, nil
}

// SetJoined records the joining.
func (s *Store) SetJoined(j Joined) error {
	return s.change(func(d Documents) error { return d.write(documentJoined, j) })
}

// TrustDir is the folder of the trust client's state for one pinned root. A
// region that joins another hub starts with that hub's root and keeps nothing
// of the former one's metadata; one that joins the same hub again keeps its
// high-water marks.
func (s *Store) TrustDir(root []byte) (string, error) {
	sum := sha256.Sum256(root)
	dir := s.path(trustDir + "/" + hex.EncodeToString(sum[:8]))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("state directory: %w", err)
	}
	return dir, nil
}
