// SPDX-License-Identifier: Apache-2.0

package watchlistfeed

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/source"
)

// lookAtArtifact resolves what the feed follows and reads it when its digest
// is a new one. The signature is of the artifact's manifest, and with it of
// each file, so it is verified before any file is fetched.
func (r *Reconciler) lookAtArtifact(ctx context.Context, s *scope) error {
	req, err := r.artifactRequest(ctx, s.feed)
	if err != nil {
		return err
	}
	artifact, err := source.OpenArtifact(ctx, req)
	if err != nil {
		return err
	}
	defer artifact.Close()
	address := "oci://" + req.Reference
	before := s.feed.Status.Source
	if before != nil && before.URL == address && before.ETag == artifact.Digest() && s.judged() {
		s.stillVerified()
		return nil
	}
	verification, err := r.verifyArtifact(ctx, s, artifact)
	if err != nil {
		return err
	}
	f, err := r.fetchFiles(ctx, s, artifact)
	if err != nil {
		return err
	}
	f.verification = verification
	s.isVerified(verification)
	if before != nil && string(before.Digest) == f.digest && s.judged() {
		err = f.remove()
	} else {
		s.file = f
	}
	s.feed.Status.Source = &screeningv1.FeedSourceStatus{Digest: screeningv1.Digest(f.digest), ETag: artifact.Digest(), URL: address}
	return err
}

func (r *Reconciler) artifactRequest(ctx context.Context, feed *screeningv1.WatchlistFeed) (source.ArtifactRequest, error) {
	spec := feed.Spec.Source.OCI
	req := source.ArtifactRequest{Reference: spec.Reference, Digest: string(spec.Digest)}
	var err error
	if req.Line, err = r.line(ctx, feed, spec.Addresses, spec.CASecretRef); err != nil {
		return req, err
	}
	ref := spec.CredentialsSecretRef
	if ref == nil {
		return req, nil
	}
	secret, err := r.secret(ctx, feed.Namespace, ref.Name)
	if err != nil {
		return req, err
	}
	req.DockerConfig = secret.Data[corev1.DockerConfigJsonKey]
	if len(req.DockerConfig) == 0 {
		return req, unusable(feed.Namespace, ref.Name, "has no key %s; write it with kubectl create secret docker-registry", corev1.DockerConfigJsonKey)
	}
	return req, nil
}

// fetchFiles brings the file, or the files of a format that has several.
func (r *Reconciler) fetchFiles(ctx context.Context, s *scope, artifact *source.Artifact) (*file, error) {
	names := parts[s.feed.Spec.Format]
	if names == nil {
		result, err := artifact.Fetch(ctx, "", r.fetched(s.feed.UID))
		if err != nil {
			return nil, err
		}
		return &file{path: result.Path, digest: result.SHA256}, nil
	}
	dir := r.folder(s.feed.UID)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	var digests []string
	for _, name := range names {
		result, err := artifact.Fetch(ctx, name, filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		digests = append(digests, name+" "+result.SHA256)
	}
	return &file{path: dir, folder: true, digest: canonical.Digest([]byte(strings.Join(digests, "\n")))}, nil
}
