// SPDX-License-Identifier: Apache-2.0

// Package join holds the documents by which a region joins a hub: an
// invitation carried from hub to region, a request signed by the region's new
// key, and the hub's acceptance. Each is a file as well as an HTTP body.
package join

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/envelope"
	"github.com/frontline-screening/frontline/internal/trust"
)

// Formats of the three documents.
const (
	InvitationFormat = "frontline.invitation/v1"
	RequestFormat    = "frontline.join-request/v1"
	AcceptanceFormat = "frontline.join-acceptance/v1"
)

// RequestPayloadType is the DSSE payload type of a request.
const RequestPayloadType = "application/vnd.frontline.join-request.v1+json"

// MaxBytes is the size in bytes of the largest join document read.
const MaxBytes = 1 << 20

// Invitation is what a region is given to join: where the hub is, what to pin
// and a token that works once.
type Invitation struct {
	Format       string `json:"format"`
	HubUID       string `json:"hubUID"`
	Term         int64  `json:"term"`
	Region       string `json:"region"`
	RegionUID    string `json:"regionUID"`
	Jurisdiction string `json:"jurisdiction"`
	// Gateways are base URLs of the hub's gateway, tried in turn.
	Gateways []string `json:"gateways"`
	// GatewayCA is the PEM certificate that the gateway's own chains to.
	GatewayCA string `json:"gatewayCA"`
	// Root is the TUF root.json that the region pins.
	Root []byte `json:"root"`
	// Token is secret; the hub keeps its hash alone.
	Token   string    `json:"token"`
	Expires time.Time `json:"expires"`
}

// Request is the region's answer to an invitation. It travels as a DSSE
// envelope signed by the key it names, which proves possession of it.
type Request struct {
	Format string `json:"format"`
	Region string `json:"region"`
	Token  string `json:"token"`
	// PublicKey is base64 of the PKIX form of the region's ed25519 key.
	PublicKey string `json:"publicKey"`
}

// Acceptance tells the region that its key is pinned.
type Acceptance struct {
	Format string `json:"format"`
	Region string `json:"region"`
	// KeyID is the digest of the pinned key.
	KeyID string `json:"keyID"`
	// Incarnation is the number that the region's reports carry from now on.
	Incarnation int64 `json:"incarnation"`
}

// NewToken returns 256 random bits in base64url.
func NewToken() (string, error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", fmt.Errorf("make an invitation token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// HashToken is what the hub keeps of a token: the hexadecimal SHA-256.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// MatchToken compares a token with a kept hash in constant time.
func MatchToken(token, hash string) bool {
	return subtle.ConstantTimeCompare([]byte(HashToken(token)), []byte(hash)) == 1
}

// ReadInvitation decodes and checks an invitation at the time now.
func ReadInvitation(data []byte, now time.Time) (Invitation, error) {
	var inv Invitation
	if len(data) > MaxBytes {
		return inv, fmt.Errorf("invitation: larger than %d bytes", MaxBytes)
	}
	if err := canonical.UnmarshalStrict(data, &inv); err != nil {
		return inv, fmt.Errorf("invitation: %w", err)
	}
	switch {
	case inv.Format != InvitationFormat:
		return inv, fmt.Errorf("invitation: format %q is not %q", inv.Format, InvitationFormat)
	case inv.Region == "" || inv.RegionUID == "" || inv.HubUID == "":
		return inv, errors.New("invitation: it names no region or no hub; ask for a new one")
	case len(inv.Gateways) == 0 || inv.GatewayCA == "" || len(inv.Root) == 0 || inv.Token == "":
		return inv, errors.New("invitation: gateway, certificate, trust root or token is missing; ask for a new one")
	case !now.Before(inv.Expires):
		return inv, fmt.Errorf("invitation for region %s expired at %s; ask for a new one", inv.Region, inv.Expires.UTC().Format(time.RFC3339))
	}
	if err := trust.CheckPin(inv.Root, trust.Identity{HubUID: inv.HubUID, Term: inv.Term, Region: inv.Region}); err != nil {
		return inv, fmt.Errorf("invitation for region %s: %w", inv.Region, err)
	}
	return inv, nil
}

// NewRequest signs a request for the invitation with the region's new key.
func NewRequest(ctx context.Context, inv Invitation, key ed25519.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, fmt.Errorf("join request: %w", err)
	}
	payload, err := canonical.Marshal(Request{
		Format:    RequestFormat,
		Region:    inv.Region,
		Token:     inv.Token,
		PublicKey: base64.StdEncoding.EncodeToString(der),
	})
	if err != nil {
		return nil, fmt.Errorf("join request: %w", err)
	}
	return envelope.Sign(ctx, RequestPayloadType, payload, key)
}

// ReadRequest decodes a request and checks that the key it names signed it.
func ReadRequest(ctx context.Context, data []byte) (Request, ed25519.PublicKey, error) {
	unchecked, err := envelope.Payload(RequestPayloadType, data)
	if err != nil {
		return Request{}, nil, fmt.Errorf("join request: %w", err)
	}
	var req Request
	if err := canonical.UnmarshalStrict(unchecked, &req); err != nil {
		return Request{}, nil, fmt.Errorf("join request: %w", err)
	}
	if req.Format != RequestFormat {
		return Request{}, nil, fmt.Errorf("join request: its format is not %s", RequestFormat)
	}
	key, err := ParsePublicKey(req.PublicKey)
	if err != nil {
		return Request{}, nil, fmt.Errorf("join request: %w", err)
	}
	if _, err := envelope.Verify(ctx, RequestPayloadType, data, key); err != nil {
		return Request{}, nil, fmt.Errorf("join request: %w", err)
	}
	return req, key, nil
}

// ParsePublicKey reads base64 of the PKIX form of an ed25519 key.
func ParsePublicKey(s string) (ed25519.PublicKey, error) {
	der, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, errors.New("public key: not base64")
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errors.New("public key: not in PKIX form")
	}
	key, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("public key: not an ed25519 key")
	}
	return key, nil
}
