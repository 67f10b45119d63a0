// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"fmt"
	"strconv"
	"time"

	specs "github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Snapshot is one release of a feed for one region and the file that holds it.
type Snapshot struct {
	// Path of the file with the content, not compressed.
	Path string
	// Digest of the content, "sha256:<hex>".
	Digest string
	// Size of the content in bytes.
	Size int64

	Feed     string // feed id, NAMESPACE.NAME
	Region   string
	Version  int64     // release number, from 1
	ListDate time.Time // the publisher's date of the content; zero when it states none
	Records  int64

	// MountFrom names repositories of the same registry that may hold the same
	// content, so that it need not be uploaded again. Only for pushing.
	MountFrom []string
}

// manifest depends on the snapshot and its layer alone: the same release of
// the same content has the same digest whenever it is pushed.
func (s Snapshot) manifest(layer ocispec.Descriptor) ocispec.Manifest {
	annotations := map[string]string{
		annotationFeed:    s.Feed,
		annotationRegion:  s.Region,
		annotationRelease: strconv.FormatInt(s.Version, 10),
		annotationContent: s.Digest,
		annotationSize:    strconv.FormatInt(s.Size, 10),
		annotationRecords: strconv.FormatInt(s.Records, 10),
	}
	if !s.ListDate.IsZero() {
		annotations[ocispec.AnnotationCreated] = s.ListDate.UTC().Format(time.RFC3339)
	}
	return ocispec.Manifest{
		Versioned:    specs.Versioned{SchemaVersion: 2},
		MediaType:    ocispec.MediaTypeImageManifest,
		ArtifactType: TypeSnapshot,
		Config:       ocispec.DescriptorEmptyJSON,
		Layers:       []ocispec.Descriptor{layer},
		Annotations:  annotations,
	}
}

func (s Snapshot) check() error {
	if s.Feed == "" || s.Region == "" || s.Version < 1 || s.Size < 0 || s.Records < 0 {
		return fmt.Errorf("snapshot without feed, region, release number or size: %w", ErrMalformed)
	}
	return checkDigest(s.Digest)
}

// readSnapshot is the reverse of Snapshot.manifest.
func readSnapshot(m ocispec.Manifest) (Snapshot, ocispec.Descriptor, error) {
	if len(m.Layers) != 1 || m.Layers[0].MediaType != TypeSnapshotLayer || m.Layers[0].Size < 0 {
		return Snapshot{}, ocispec.Descriptor{}, fmt.Errorf("a snapshot has exactly one layer of type %s: %w", TypeSnapshotLayer, ErrMalformed)
	}
	if m.Config.Digest != ocispec.DescriptorEmptyJSON.Digest {
		return Snapshot{}, ocispec.Descriptor{}, fmt.Errorf("a snapshot has the empty configuration: %w", ErrMalformed)
	}
	if err := checkDigest(m.Layers[0].Digest.String()); err != nil {
		return Snapshot{}, ocispec.Descriptor{}, err
	}
	s := Snapshot{
		Feed:   m.Annotations[annotationFeed],
		Region: m.Annotations[annotationRegion],
		Digest: m.Annotations[annotationContent],
	}
	for key, into := range map[string]*int64{
		annotationRelease: &s.Version, annotationSize: &s.Size, annotationRecords: &s.Records,
	} {
		value, err := strconv.ParseInt(m.Annotations[key], 10, 64)
		if err != nil {
			return Snapshot{}, ocispec.Descriptor{}, fmt.Errorf("annotation %s is no number: %w", key, ErrMalformed)
		}
		*into = value
	}
	if created := m.Annotations[ocispec.AnnotationCreated]; created != "" {
		date, err := time.Parse(time.RFC3339, created)
		if err != nil {
			return Snapshot{}, ocispec.Descriptor{}, fmt.Errorf("annotation %s is no RFC 3339 time: %w", ocispec.AnnotationCreated, ErrMalformed)
		}
		s.ListDate = date
	}
	return s, m.Layers[0], s.check()
}
