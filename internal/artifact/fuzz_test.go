// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// FuzzReadRaw reads any bytes as the manifest of a snapshot and of an order,
// named by their own digest as a registry or a bundle may do. What is taken
// stays within the limits and names no file outside a folder.
func FuzzReadRaw(f *testing.F) {
	blob := ocispec.Descriptor{MediaType: TypeGroup, Digest: digest.FromString("a"), Size: 1}
	for _, m := range []ocispec.Manifest{
		newManifest(Config{Feed: "a.b", Region: "north", Release: 1, Epoch: 1}, ocispec.Descriptor{MediaType: TypeSnapshotConfig, Digest: blob.Digest, Size: 1}, []ocispec.Descriptor{blob}),
		{
			MediaType: ocispec.MediaTypeImageManifest, ArtifactType: TypeOrder, Config: ocispec.DescriptorEmptyJSON,
			Layers: []ocispec.Descriptor{{MediaType: TypeOrderFile, Digest: blob.Digest, Size: 1, Annotations: map[string]string{ocispec.AnnotationTitle: "../timestamp.json"}}},
		},
	} {
		m.SchemaVersion = 2
		data, err := json.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"schemaVersion":2,"layers":[{"size":-1}],"config":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		desc := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digest.FromBytes(data), Size: int64(len(data))}
		snapshot, err := ReadRawSnapshot(desc, data)
		if err == nil {
			var sum int64
			for _, b := range snapshot.Blobs {
				sum += b.Size
			}
			if sum < 0 || snapshot.Release < 1 || snapshot.Feed == "" || snapshot.Region == "" {
				t.Errorf("taken: release %d of %q for %q, %d bytes", snapshot.Release, snapshot.Feed, snapshot.Region, sum)
			}
		}
		order, err := ReadRawOrder(desc, data)
		if err != nil {
			return
		}
		for _, b := range order.Blobs {
			if name := b.Annotations[ocispec.AnnotationTitle]; b.Size < 0 || name == "" || strings.ContainsAny(name, `/\`) || strings.HasPrefix(name, ".") {
				t.Errorf("taken: a file %q of %d bytes", name, b.Size)
			}
		}
	})
}
