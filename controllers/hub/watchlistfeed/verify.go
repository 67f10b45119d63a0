// SPDX-License-Identifier: Apache-2.0

package watchlistfeed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/publisher"
	"github.com/frontline-screening/frontline/internal/source"
)

// unverified says that a file is not proven to be the publisher's. It is not
// parsed.
type unverified struct {
	reason string
	text   string
}

func (e *unverified) Error() string { return e.text }

// keyFiles are the keys of a Secret that hold a public key.
var keyFiles = map[screeningv1.KeyType]string{
	screeningv1.KeyCosign:   "cosign.pub",
	screeningv1.KeyMinisign: "minisign.pub",
}

// keys reads the keys that the feed lists, or none where it accepts unsigned
// files.
func (r *Reconciler) keys(ctx context.Context, feed *screeningv1.WatchlistFeed) ([]*publisher.Key, error) {
	var keys []*publisher.Key
	for i, listed := range feed.Spec.Verification.Keys {
		data := []byte(listed.PublicKey)
		if ref := listed.SecretRef; ref != nil {
			secret, err := r.secret(ctx, feed.Namespace, ref.Name)
			if err != nil {
				return nil, err
			}
			name := keyFiles[listed.Type]
			if data = secret.Data[name]; len(data) == 0 {
				return nil, unusable(feed.Namespace, ref.Name, "has no key %s; put the publisher's public key there", name)
			}
		}
		key, err := publisher.ParseKey(publisher.Type(listed.Type), data)
		if err != nil {
			return nil, &unverified{screeningv1.ReasonKeyUnusable, fmt.Sprintf("spec.verification.keys[%d]: %v; list the content of %s", i, err, keyFiles[listed.Type])}
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// verified takes a file that prove vouches for, and removes any other.
func (s *scope) verified(f *file, prove func() (*screeningv1.ReleaseVerification, error)) error {
	verification, err := prove()
	if err != nil {
		return errors.Join(err, f.remove())
	}
	f.verification = verification
	s.file = f
	s.isVerified(verification)
	return nil
}

// unsigned is the verification of a feed whose owner said in words why its
// files need no signature, or nil.
func unsigned(feed *screeningv1.WatchlistFeed) *screeningv1.ReleaseVerification {
	if feed.Spec.Verification.Mode != screeningv1.VerificationUnsigned {
		return nil
	}
	return &screeningv1.ReleaseVerification{Mode: screeningv1.VerificationUnsigned}
}

// verifyFile proves one file by the signature that lies beside it.
func (r *Reconciler) verifyFile(ctx context.Context, s *scope, req source.Request, path string) (*screeningv1.ReleaseVerification, error) {
	if accepted := unsigned(s.feed); accepted != nil {
		return accepted, nil
	}
	signer, err := r.signerOf(ctx, s, req, path, "")
	if err != nil {
		return nil, err
	}
	return signed(signer), nil
}

// verifyFolder proves each file of a format that has several.
func (r *Reconciler) verifyFolder(ctx context.Context, s *scope, req source.Request, dir string, names []string) (*screeningv1.ReleaseVerification, error) {
	if accepted := unsigned(s.feed); accepted != nil {
		return accepted, nil
	}
	var signers []screeningv1.ReleaseSigner
	for _, name := range names {
		one := req
		var err error
		if one.URL, err = url.JoinPath(req.URL, name); err != nil {
			return nil, fmt.Errorf("source: %s cannot be put below the URL", name)
		}
		signer, err := r.signerOf(ctx, s, one, filepath.Join(dir, name), name)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(signers, signer) {
			signers = append(signers, signer)
		}
	}
	return signed(signers...), nil
}

// verifyArtifact proves an artifact by what cosign attached to it.
func (r *Reconciler) verifyArtifact(ctx context.Context, s *scope, artifact *source.Artifact) (*screeningv1.ReleaseVerification, error) {
	if accepted := unsigned(s.feed); accepted != nil {
		return accepted, nil
	}
	attached, err := artifact.Attached(ctx)
	if err != nil {
		return nil, err
	}
	if len(attached) == 0 {
		return nil, &unverified{screeningv1.ReasonSignatureMissing, fmt.Sprintf(
			"no signature is attached to the artifact %s; sign it with cosign sign --key, or look whether the registry keeps referrers", artifact.Digest())}
	}
	signatures := make([]publisher.ImageSignature, len(attached))
	for i, one := range attached {
		signatures[i] = publisher.ImageSignature{Bundle: one.Bundle, Payload: one.Payload, Signature: one.Signature}
	}
	proof, err := publisher.VerifyImage(artifact.Digest(), signatures, s.keys)
	if err != nil {
		return nil, invalid(err)
	}
	return signed(s.signer(proof)), nil
}

// signerOf fetches the signature of the file at path and says who made it.
func (r *Reconciler) signerOf(ctx context.Context, s *scope, req source.Request, path, name string) (screeningv1.ReleaseSigner, error) {
	sig, err := signatureRequest(req, s.feed.Spec.Verification.Signature)
	if err != nil {
		return screeningv1.ReleaseSigner{}, err
	}
	fetched, err := source.Fetch(ctx, sig, r.signature(s.feed.UID))
	switch source.ReasonOf(err) {
	case "":
	case source.NotFound:
		return screeningv1.ReleaseSigner{}, &unverified{screeningv1.ReasonSignatureMissing, fmt.Sprintf("the signature of the file is not there: %v", err)}
	case source.TooLarge:
		return screeningv1.ReleaseSigner{}, &unverified{screeningv1.ReasonSignatureInvalid, fmt.Sprintf("what lies where the signature should be is none: %v", err)}
	default:
		return screeningv1.ReleaseSigner{}, err
	}
	data, err := os.ReadFile(fetched.Path)
	if err = errors.Join(err, os.Remove(fetched.Path)); err != nil {
		return screeningv1.ReleaseSigner{}, fmt.Errorf("state directory: %w", err)
	}
	proof, err := publisher.VerifyFile(path, name, data, s.keys)
	if err != nil {
		return screeningv1.ReleaseSigner{}, invalid(err)
	}
	return s.signer(proof), nil
}

// signatureRequest asks for the signature in the way of the file. Headers,
// which may be credentials, go to the host of the file alone.
func signatureRequest(req source.Request, where *screeningv1.SignatureSource) (source.Request, error) {
	req.ETag, req.LastModified, req.MaxBytes = "", "", publisher.MaxSignature
	address, err := url.Parse(req.URL)
	if err != nil || where == nil {
		return req, &unverified{screeningv1.ReasonSignatureMissing, "the feed does not say where the signature lies; set spec.verification.signature"}
	}
	if where.URL == "" {
		address.Path += where.Suffix
		if address.RawPath != "" {
			address.RawPath += where.Suffix
		}
		req.URL = address.String()
		return req, nil
	}
	req.URL = where.URL
	if other, err := url.Parse(where.URL); err != nil || other.Scheme != address.Scheme || !strings.EqualFold(other.Host, address.Host) {
		req.Headers, req.Certificates = http.Header{}, nil
	}
	return req, nil
}

// signature is where a signature is fetched to.
func (r *Reconciler) signature(feed types.UID) string {
	return filepath.Join(r.StateDir, "signature-"+string(feed))
}

func invalid(err error) error {
	if publisher.ReasonOf(err) == publisher.Unreadable {
		return fmt.Errorf("state directory: %w", err)
	}
	return &unverified{screeningv1.ReasonSignatureInvalid, fmt.Sprintf(
		"the file is not proven to be the publisher's: %v; look whether the publisher signs with another key, and list that one only when the publisher confirms it", err)}
}

func signed(signers ...screeningv1.ReleaseSigner) *screeningv1.ReleaseVerification {
	return &screeningv1.ReleaseVerification{Mode: screeningv1.VerificationKeys, Signers: signers}
}

// signer names the key of a proof as releases do.
func (s *scope) signer(proof publisher.Proof) screeningv1.ReleaseSigner {
	signer := screeningv1.ReleaseSigner{KeyDigest: screeningv1.Digest(proof.Key), Type: screeningv1.KeyCosign}
	if proof.Form == publisher.FormMinisign {
		signer.Type = screeningv1.KeyMinisign
	}
	return signer
}

// signerListed reports whether the newest release was signed by a key that is
// still listed, where it was signed: what a withdrawn key signed is looked at
// anew.
func (s *scope) signerListed() bool {
	newest := s.newest()
	if newest == nil || newest.Spec.Verification == nil || len(s.keys) == 0 {
		return true
	}
	for _, signer := range newest.Spec.Verification.Signers {
		if !slices.ContainsFunc(s.keys, func(key *publisher.Key) bool { return key.Fingerprint() == string(signer.KeyDigest) }) {
			return false
		}
	}
	return true
}

// isVerified says in the feed's status who vouches for the file read last.
func (s *scope) isVerified(verification *screeningv1.ReleaseVerification) {
	if verification.Mode == screeningv1.VerificationUnsigned {
		conditions.True(s.feed, screeningv1.ConditionVerified, screeningv1.ReasonUnsigned, "The publisher signs nothing, which the feed accepts: %s", s.feed.Spec.Verification.Reason)
		return
	}
	names := make([]string, len(verification.Signers))
	for i, signer := range verification.Signers {
		names[i] = fmt.Sprintf("%s key %s", signer.Type, signer.KeyDigest)
	}
	conditions.True(s.feed, screeningv1.ConditionVerified, screeningv1.ReasonSigned, "Signed by the %s", strings.Join(names, ", "))
}

// stillVerified keeps what was said of a file that has not changed.
func (s *scope) stillVerified() {
	if c := conditions.Get(s.feed, screeningv1.ConditionVerified); c != nil {
		conditions.Set(s.feed, c.Type, c.Status, c.Reason, c.Message)
	} else if accepted := unsigned(s.feed); accepted != nil {
		s.isVerified(accepted)
	}
}

// notTaken says why the last look brought nothing. The last good release keeps
// serving.
func (s *scope) notTaken(err error) {
	var refused *unverified
	if !errors.As(err, &refused) {
		conditions.False(s.feed, screeningv1.ConditionFetched, reasonOf(err), "%s", conditions.Text(err))
		return
	}
	text := conditions.Text(err)
	if newest := s.newest(); newest != nil {
		text += fmt.Sprintf("; v%d keeps serving", newest.Spec.Number)
	}
	if refused.reason != screeningv1.ReasonKeyUnusable {
		conditions.True(s.feed, screeningv1.ConditionFetched, screeningv1.ReasonFetched, "The publisher's file was read")
	}
	conditions.False(s.feed, screeningv1.ConditionVerified, refused.reason, "%s", text)
}
