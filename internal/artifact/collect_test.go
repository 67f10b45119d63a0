// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// publish puts an artifact of one layer into the registry.
func (s *server) publish(t *testing.T, tag string, size int) (manifest string, layer ocispec.Descriptor) {
	t.Helper()
	layer, _ = s.pushBytes(t, size)
	repository, err := s.repository(repo)
	if err != nil {
		t.Fatal(err)
	}
	m := ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest, ArtifactType: TypeSnapshot, Config: ocispec.DescriptorEmptyJSON, Layers: []ocispec.Descriptor{layer}}
	m.SchemaVersion = 2
	if err := pushBlob(t.Context(), repository, m.Config, opener(m.Config.Data)); err != nil {
		t.Fatal(err)
	}
	desc, err := pushManifest(t.Context(), repository, m, tag)
	if err != nil {
		t.Fatal(err)
	}
	return desc.Digest.String(), layer
}

func TestCollectAndGone(t *testing.T) {
	s := newServer(t)
	old, layer := s.publish(t, "v1", 1000)
	kept, keptLayer := s.publish(t, "v2", 1000)
	erased := []string{old, layer.Digest.String()}
	if err := s.Delete(t.Context(), repo, old); err != nil {
		t.Fatal(err)
	}
	if left, err := s.Gone(t.Context(), repo, erased); err != nil || !cmp.Equal(left, erased[1:]) {
		t.Errorf("before collecting: Gone() = %v, %v, want the layer left", left, err)
	}
	got, err := s.Collect(t.Context(), CollectOptions{Erase: map[string][]string{repo: append(erased, keptLayer.Digest.String())}})
	if err != nil || got.Blobs != 2 || !cmp.Equal(got.Kept, []string{keptLayer.Digest.String()}) {
		t.Errorf("Collect() = %+v, %v", got, err)
	}
	if left, err := s.Gone(t.Context(), repo, erased); err != nil || len(left) > 0 {
		t.Errorf("after collecting: Gone() = %v, %v", left, err)
	}
	if left, err := s.Gone(t.Context(), repo, []string{kept, keptLayer.Digest.String()}); err != nil || len(left) != 2 {
		t.Errorf("of what is kept: Gone() = %v, %v", left, err)
	}
	tags, err := s.Tags(t.Context(), repo)
	if err != nil || !cmp.Equal(tags, []string{"v2"}) {
		t.Errorf("Tags() = %v, %v", tags, err)
	}
	if tags, err := s.Tags(t.Context(), "regions/north/feeds/none"); err != nil || len(tags) > 0 {
		t.Errorf("Tags() of no repository = %v, %v", tags, err)
	}
	blobs, err := s.Blobs(t.Context(), repo, kept)
	if err != nil || len(blobs) != 2 {
		t.Fatalf("Blobs() = %v, %v", blobs, err)
	}
	if _, err := s.Blobs(t.Context(), repo, old); !errors.Is(err, ErrNotFound) {
		t.Errorf("Blobs() of an erased manifest: %v", err)
	}
	if err := s.CollectNow(t.Context(), repo, append(erased, keptLayer.Digest.String())); err != nil {
		t.Error(err)
	}
	if left, err := s.Gone(t.Context(), repo, append(erased, keptLayer.Digest.String())); err != nil || len(left) != 1 {
		t.Errorf("after CollectNow: Gone() = %v, %v", left, err)
	}
	// A blob of its own can be deleted too, for registries that collect nothing.
	if err := s.DeleteBlobs(t.Context(), repo, []string{keptLayer.Digest.String(), layer.Digest.String()}); err != nil {
		t.Error(err)
	}
	if err := s.CheckBlob(t.Context(), repo, keptLayer, true); !errors.Is(err, ErrNotFound) {
		t.Errorf("CheckBlob() after DeleteBlobs = %v", err)
	}
}

func TestCheckBlob(t *testing.T) {
	s := newServer(t)
	desc, data := s.pushBytes(t, 5000)
	for _, read := range []bool{false, true} {
		if err := s.CheckBlob(t.Context(), repo, desc, read); err != nil {
			t.Error(err)
		}
		longer := desc
		longer.Size++
		if err := s.CheckBlob(t.Context(), repo, longer, read); !errors.Is(err, ErrDigest) {
			t.Errorf("another size, read %v: %v", read, err)
		}
	}
	s.disturbing(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		data[0] ^= 1
		_, _ = w.Write(data)
	})
	if err := s.CheckBlob(t.Context(), repo, desc, true); !errors.Is(err, ErrDigest) {
		t.Errorf("other bytes: %v", err)
	}
}

func TestRegistriesThatCannot(t *testing.T) {
	answers := func(status int, body string) *Registry {
		ts := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead && strings.Contains(r.URL.Path, "/manifests/") && status != http.StatusForbidden {
				w.Header().Set("Content-Type", ocispec.MediaTypeImageManifest)
				w.Header().Set("Docker-Content-Digest", digest.FromString("x").String())
				w.Header().Set("Content-Length", "1")
				return
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}))
		t.Cleanup(ts.Close)
		r, err := ConnectExternal(ts.URL, ts.Client().Transport)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	own := func(status int, body string) *Registry {
		r := answers(status, body)
		r.external = false
		return r
	}
	const unsupported = `{"errors":[{"code":"UNSUPPORTED","message":"no"}]}`
	x := digest.FromString("x").String()
	tests := []struct {
		name     string
		registry *Registry
		call     func(*Registry) error
		want     error
	}{
		{"collect 404", own(404, ""), collect, ErrCollectUnsupported},
		{"collect 405", own(405, ""), collect, ErrCollectUnsupported},
		{"collect at a stranger's", answers(401, ""), collect, ErrCollectUnsupported},
		{"collect answered by a page", own(200, "<html>"), collect, ErrCollectUnsupported},
		{"collect now, neither way", answers(405, ""), func(r *Registry) error { return r.CollectNow(t.Context(), repo, []string{x}) }, ErrDeletionUnsupported},
		{"delete 405", answers(405, ""), deleteX, ErrDeletionUnsupported},
		{"delete 400", answers(400, unsupported), deleteX, ErrDeletionUnsupported},
		{"delete blobs 405", answers(405, ""), func(r *Registry) error { return r.DeleteBlobs(t.Context(), repo, []string{x}) }, ErrDeletionUnsupported},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := test.call(test.registry); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
	t.Run("a refusal is not the same as not being able to", func(t *testing.T) {
		if err := collect(own(403, "")); err == nil || errors.Is(err, ErrCollectUnsupported) {
			t.Errorf("Collect() = %v", err)
		}
	})
	t.Run("doubt is not gone", func(t *testing.T) {
		for _, status := range []int{401, 403, 429, 500} {
			if left, err := answers(status, "").Gone(t.Context(), repo, []string{x}); err == nil && len(left) == 0 {
				t.Errorf("status %d counts as gone", status)
			}
		}
	})
	t.Run("full volume", func(t *testing.T) {
		if err := collect(own(507, "")); !errors.Is(err, ErrSpace) {
			t.Errorf("%v, want ErrSpace", err)
		}
	})
}

func collect(r *Registry) error {
	_, err := r.Collect(context.Background(), CollectOptions{})
	return err
}

func deleteX(r *Registry) error {
	return r.Delete(context.Background(), repo, digest.FromString("x").String())
}
