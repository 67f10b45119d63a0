// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
)

// TrustDomain is the SPIFFE trust domain of every identity of an installation.
// Hub and regions share the name but not the authority: an id means something
// only together with the CA that signed for it.
const TrustDomain = "frontline"

const scheme = "spiffe://" + TrustDomain + "/"

// Role is the first path segment of an identity.
type Role string

// The roles and the segments that follow them.
const (
	RoleHub     Role = "hub"     // no segment
	RoleAgent   Role = "agent"   // region
	RoleLoader  Role = "loader"  // region, pool
	RoleMatcher Role = "matcher" // region, pool
	RoleFront   Role = "front"   // region, post
)

// ID is a workload's identity (SPIFFE-ID specification, section 2).
type ID struct {
	Role   Role
	Region string // empty for the hub
	Name   string // pool or post; empty for hub and agent
}

// String returns the identity as a SPIFFE URI.
func (id ID) String() string {
	segments := []string{string(id.Role)}
	for _, segment := range []string{id.Region, id.Name} {
		if segment != "" {
			segments = append(segments, segment)
		}
	}
	return scheme + strings.Join(segments, "/")
}

// HubID returns spiffe://frontline/hub.
func HubID() string { return ID{Role: RoleHub}.String() }

// AgentID returns spiffe://frontline/agent/<region>.
func AgentID(region string) string { return ID{Role: RoleAgent, Region: region}.String() }

// LoaderID returns spiffe://frontline/loader/<region>/<pool>.
func LoaderID(region, pool string) string {
	return ID{Role: RoleLoader, Region: region, Name: pool}.String()
}

// MatcherID returns spiffe://frontline/matcher/<region>/<pool>.
func MatcherID(region, pool string) string {
	return ID{Role: RoleMatcher, Region: region, Name: pool}.String()
}

// FrontID returns spiffe://frontline/front/<region>/<post>.
func FrontID(region, post string) string {
	return ID{Role: RoleFront, Region: region, Name: post}.String()
}

// ParseID reads a SPIFFE URI of this trust domain. It refuses any URI that
// String would not write the same way, so that two spellings of one identity
// cannot exist.
func ParseID(uri string) (ID, error) {
	path, ok := strings.CutPrefix(uri, scheme)
	if !ok {
		return ID{}, fmt.Errorf("identity %q is not of the trust domain %s; use a certificate issued by this installation", uri, TrustDomain)
	}
	segments := strings.Split(path, "/")
	want := map[Role]int{RoleHub: 1, RoleAgent: 2, RoleLoader: 3, RoleMatcher: 3, RoleFront: 3}[Role(segments[0])]
	if want == 0 {
		return ID{}, fmt.Errorf("identity %q has the unknown role %q", uri, segments[0])
	}
	if len(segments) != want {
		return ID{}, fmt.Errorf("identity %q has %d path segments; the role %s has %d", uri, len(segments), segments[0], want)
	}
	for _, s := range segments[1:] {
		if !validSegment(s) {
			return ID{}, fmt.Errorf("identity %q has the segment %q, which is no lower-case DNS name", uri, s)
		}
	}
	id := ID{Role: Role(segments[0])}
	if want > 1 {
		id.Region = segments[1]
	}
	if want > 2 {
		id.Name = segments[2]
	}
	return id, nil
}

// validSegment accepts DNS-1123 subdomains, which is what Kubernetes object
// names are.
func validSegment(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range label {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}

// CertificateID returns the identity a certificate carries. A certificate has
// exactly one URI name (X.509-SVID specification, section 2).
func CertificateID(cert *x509.Certificate) (ID, error) {
	if len(cert.URIs) != 1 {
		return ID{}, fmt.Errorf("certificate %q carries %d URI names, an identity is exactly one", cert.Subject.CommonName, len(cert.URIs))
	}
	return ParseID(cert.URIs[0].String())
}

// PeerID returns the identity of the other end of a connection whose
// certificate chain the handshake has verified.
func PeerID(state *tls.ConnectionState) (ID, error) {
	if state == nil || len(state.VerifiedChains) == 0 || len(state.VerifiedChains[0]) == 0 {
		return ID{}, errors.New("the connection has no verified client certificate; connect with a certificate issued by this installation")
	}
	return CertificateID(state.VerifiedChains[0][0])
}
