// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// registry serves what tests put there by TLS, as of the OCI distribution
// specification 1.1.
type registry struct {
	*httptest.Server
	mu        sync.Mutex
	manifests map[string][]byte // by tag and digest
	blobs     map[string][]byte
	referrers map[string][]ocispec.Descriptor
	requests  []string
	password  string
	cut       int64 // of blobs; negative for none
	wrong     bool  // answers other blobs than asked for
	redirect  func(path string) string
}

func newRegistry(t *testing.T) *registry {
	t.Helper()
	r := &registry{manifests: map[string][]byte{}, blobs: map[string][]byte{}, referrers: map[string][]ocispec.Descriptor{}, cut: -1}
	r.Server = httptest.NewTLSServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *registry) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, q.Method+" "+q.URL.Path)
	if user, password, _ := q.BasicAuth(); r.password != "" && (user != "pipeline" || password != r.password) {
		w.Header().Set("WWW-Authenticate", `Basic realm="lists"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.redirect != nil {
		if to := r.redirect(q.URL.Path); to != "" {
			http.Redirect(w, q, to, http.StatusTemporaryRedirect)
			return
		}
	}
	rest := strings.TrimPrefix(q.URL.Path, "/v2/lists/un/")
	kind, name, _ := strings.Cut(rest, "/")
	switch kind {
	case "manifests":
		data, ok := r.manifests[name]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		var head struct{ MediaType string }
		_ = json.Unmarshal(data, &head)
		w.Header().Set("Content-Type", head.MediaType)
		w.Header().Set("Docker-Content-Digest", digest.FromBytes(data).String())
		http.ServeContent(w, q, "", time.Time{}, bytes.NewReader(data))
	case "blobs":
		data, ok := r.blobs[name]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if r.wrong {
			data = bytes.Repeat([]byte("x"), len(data))
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Accept-Ranges", "bytes")
		cut := &cutter{ResponseWriter: w, left: r.cut}
		http.ServeContent(cut, q, "", time.Time{}, bytes.NewReader(data))
		if cut.left == 0 {
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	case "referrers":
		w.Header().Set("Content-Type", ocispec.MediaTypeImageIndex)
		index := ocispec.Index{MediaType: ocispec.MediaTypeImageIndex, Manifests: r.referrers[name]}
		index.SchemaVersion = 2
		_ = json.NewEncoder(w).Encode(index)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (r *registry) blob(mediaType string, data []byte, annotations map[string]string) ocispec.Descriptor {
	d := ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(data), Size: int64(len(data)), Annotations: annotations}
	r.blobs[d.Digest.String()] = data
	return d
}

func (r *registry) push(tag, artifactType string, layers ...ocispec.Descriptor) ocispec.Descriptor {
	m := ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest, ArtifactType: artifactType, Config: ocispec.DescriptorEmptyJSON, Layers: layers}
	m.SchemaVersion = 2
	data, _ := json.Marshal(m)
	return r.put(tag, data, artifactType)
}

func (r *registry) put(tag string, data []byte, artifactType string) ocispec.Descriptor {
	d := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, ArtifactType: artifactType, Digest: digest.FromBytes(data), Size: int64(len(data))}
	r.manifests[d.Digest.String()] = data
	if tag != "" {
		r.manifests[tag] = data
	}
	return d
}

func (r *registry) file(title, content string) ocispec.Descriptor {
	annotations := map[string]string{}
	if title != "" {
		annotations[ocispec.AnnotationTitle] = title
	}
	return r.blob("text/xml", []byte(content), annotations)
}

func (r *registry) request(reference string) ArtifactRequest {
	pool := x509.NewCertPool()
	pool.AddCert(r.Certificate())
	return ArtifactRequest{
		Reference: strings.TrimPrefix(r.URL, "https://") + "/lists/un" + reference,
		Line:      Line{RootCAs: pool, Allow: everywhere, Timeout: 20 * time.Second},
	}
}

func (r *registry) config(password string) []byte {
	secret := base64.StdEncoding.EncodeToString([]byte("pipeline:" + password))
	return fmt.Appendf(nil, `{"auths":{%q:{"auth":%q}}}`, strings.TrimPrefix(r.URL, "https://"), secret)
}

func TestArtifact(t *testing.T) {
	r := newRegistry(t)
	d := r.push("daily", "", r.file("un.xml", body))
	path := filepath.Join(t.TempDir(), "list")
	for name, req := range map[string]ArtifactRequest{"tag": r.request(":daily"), "digest": {Reference: r.request("").Reference, Line: r.request("").Line, Digest: d.Digest.String()}} {
		a, err := OpenArtifact(t.Context(), req)
		if err != nil || a.Digest() != d.Digest.String() {
			t.Fatalf("%s: %v", name, err)
		}
		for _, title := range []string{"", "un.xml"} {
			result, err := a.Fetch(t.Context(), title, path)
			if err != nil || result.SHA256 != digestOf(body) || result.Bytes != int64(len(body)) || result.Path != path {
				t.Errorf("%s: got %+v, %v", name, result, err)
			}
		}
		if list, err := a.Attached(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("%s: attached are %v, %v", name, list, err)
		}
		a.Close()
	}
	r.push("daily", "", r.file("un.xml", body+"2"))
	if a, err := OpenArtifact(t.Context(), r.request(":daily")); err != nil || a.Digest() == d.Digest.String() {
		t.Errorf("a tag that moved is not followed: %v", err)
	}
}

func TestArtifactRefusals(t *testing.T) {
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }))
	t.Cleanup(elsewhere.Close)
	over := func(kind, to string) func(string) string {
		return func(path string) string {
			if strings.Contains(path, "/"+kind+"/") {
				return to
			}
			return ""
		}
	}
	sha512 := func(d ocispec.Descriptor) ocispec.Descriptor {
		d.Digest = digest.SHA512.FromString(body)
		return d
	}
	tests := []struct {
		name    string
		prepare func(*registry, *ArtifactRequest)
		title   string
		want    Reason
	}{
		{"no such tag", func(_ *registry, q *ArtifactRequest) {
			q.Reference = strings.Replace(q.Reference, "daily", "weekly", 1)
		}, "", NotFound},
		{"no such digest", func(_ *registry, q *ArtifactRequest) { q.Digest = digestOf("x") }, "", NotFound},
		{"digest of nonsense", func(_ *registry, q *ArtifactRequest) { q.Digest = "sha256:x" }, "", Unreachable},
		{"no tag", func(_ *registry, q *ArtifactRequest) { q.Reference = strings.TrimSuffix(q.Reference, ":daily") }, "", InvalidURL},
		{"no reference", func(_ *registry, q *ArtifactRequest) { q.Reference = "https://x" }, "", InvalidURL},
		{"no address is allowed", func(_ *registry, q *ArtifactRequest) { q.Allow = nil }, "", Refused},
		{"metadata", func(_ *registry, q *ArtifactRequest) { q.Reference = "169.254.169.254/lists/un:daily" }, "", Refused},
		{"unknown authority", func(_ *registry, q *ArtifactRequest) { q.RootCAs = nil }, "", Untrusted},
		{"credentials wanted", func(r *registry, _ *ArtifactRequest) { r.password = "p" }, "", Unauthorized},
		{"wrong credentials", func(r *registry, q *ArtifactRequest) { r.password, q.DockerConfig = "p", r.config("secret-q") }, "", Unauthorized},
		{"credentials are no JSON", func(_ *registry, q *ArtifactRequest) { q.DockerConfig = []byte("secret") }, "", Unauthorized},
		{"two layers", func(r *registry, _ *ArtifactRequest) { r.push("daily", "", r.file("a", "1"), r.file("b", "2")) }, "", Unsuitable},
		{"no layer", func(r *registry, _ *ArtifactRequest) { r.push("daily", "") }, "", Unsuitable},
		{"no such title", func(*registry, *ArtifactRequest) {}, "sdn.csv", Unsuitable},
		{"title twice", func(r *registry, _ *ArtifactRequest) { r.push("daily", "", r.file("a", "1"), r.file("a", "2")) }, "a", Unsuitable},
		{"other digest", func(r *registry, _ *ArtifactRequest) { r.push("daily", "", sha512(r.file("", body))) }, "", Unsuitable},
		{"index of images", func(r *registry, _ *ArtifactRequest) {
			r.put("daily", []byte(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}`), "")
		}, "", Unsuitable},
		{"large manifest", func(r *registry, _ *ArtifactRequest) {
			r.put("daily", []byte(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","x":"`+strings.Repeat("x", maxManifest)+`"}`), "")
		}, "", Unsuitable},
		{"over the limit", func(_ *registry, q *ArtifactRequest) { q.MaxBytes = int64(len(body)) - 1 }, "", TooLarge},
		{"other content", func(r *registry, _ *ArtifactRequest) { r.wrong = true }, "", DigestMismatch},
		{"blob is gone", func(r *registry, _ *ArtifactRequest) { clear(r.blobs) }, "", NotFound},
		{"manifest elsewhere", func(r *registry, _ *ArtifactRequest) {
			r.redirect = over("manifests", strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1))
		}, "", Redirected},
		{"blob by plain http", func(r *registry, _ *ArtifactRequest) { r.redirect = over("blobs", "http://storage.example/secret") }, "", Redirected},
		{"blob on the metadata address", func(r *registry, _ *ArtifactRequest) { r.redirect = over("blobs", "https://169.254.169.254/secret") }, "", Refused},
		{"cut", func(r *registry, _ *ArtifactRequest) { r.cut = 5 }, "", Truncated},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRegistry(t)
			r.push("daily", "", r.file("un.xml", body))
			req := r.request(":daily")
			tt.prepare(r, &req)
			path := filepath.Join(t.TempDir(), "list")
			a, err := OpenArtifact(t.Context(), req)
			if err == nil {
				_, err = a.Fetch(t.Context(), tt.title, path)
			}
			if ReasonOf(err) != tt.want {
				t.Fatalf("got %q, want %q: %v", ReasonOf(err), tt.want, err)
			}
			if strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "; ") {
				t.Errorf("the error tells too much or too little: %v", err)
			}
			if _, err := os.Stat(path); err == nil {
				t.Error("a file stands although it was refused")
			}
		})
	}
}

func TestArtifactWithCredentialsAndStorageElsewhere(t *testing.T) {
	var sent http.Header
	r := newRegistry(t)
	storage := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		sent = q.Header.Clone()
		fmt.Fprint(w, body)
	}))
	storage.TLS = r.TLS.Clone()
	storage.StartTLS()
	t.Cleanup(storage.Close)
	r.password = "p"
	r.push("daily", "", r.file("un.xml", body))
	r.redirect = func(path string) string {
		if strings.Contains(path, "/blobs/") {
			return storage.URL + "/object?signature=x"
		}
		return ""
	}
	req := r.request(":daily")
	req.RootCAs.AddCert(storage.Certificate())
	req.DockerConfig = r.config("p")
	a, err := OpenArtifact(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	result, err := a.Fetch(t.Context(), "", filepath.Join(t.TempDir(), "list"))
	if err != nil || result.SHA256 != digestOf(body) {
		t.Fatalf("got %+v, %v", result, err)
	}
	if len(sent) == 0 || sent.Get("Authorization") != "" {
		t.Errorf("the storage was sent %v", sent)
	}
}

func TestArtifactResumes(t *testing.T) {
	r := newRegistry(t)
	content := random(9, 1<<20)
	r.push("daily", "", r.blob("text/xml", content, nil))
	path := filepath.Join(t.TempDir(), "list")
	for _, cut := range []int64{100_000, 300_001} {
		r.cut = cut
		a, err := OpenArtifact(t.Context(), r.request(":daily"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Fetch(t.Context(), "", path); ReasonOf(err) != Truncated {
			t.Fatalf("cut: %v", err)
		}
		a.Close()
	}
	info, err := os.Stat(path + partSuffix)
	if err != nil || info.Size() != 400_001 {
		t.Fatalf("the part is %v, %v", info, err)
	}
	r.cut = -1
	a, err := OpenArtifact(t.Context(), r.request(":daily"))
	if err != nil {
		t.Fatal(err)
	}
	result, err := a.Fetch(t.Context(), "", path)
	if err != nil || result.SHA256 != digestOf(string(content)) {
		t.Errorf("got %+v, %v", result, err)
	}
}

func TestAttached(t *testing.T) {
	r := newRegistry(t)
	d := r.push("daily", "", r.file("un.xml", body))
	const bundle = "application/vnd.dev.sigstore.bundle.v0.3+json"
	attach := func(artifactType string, layer ocispec.Descriptor) {
		r.referrers[d.Digest.String()] = append(r.referrers[d.Digest.String()], r.push("", artifactType, layer))
	}
	attach("application/spdx+json", r.blob("application/spdx+json", []byte("inventory"), nil))
	attach(bundle, r.blob(bundle, []byte("first"), nil))
	attach(bundle, r.blob(bundle, bytes.Repeat([]byte("x"), maxAttached+1), nil))
	gone := r.blob(bundle, []byte("gone"), nil)
	attach(bundle, gone)
	delete(r.blobs, gone.Digest.String())
	attach(bundle, r.blob("text/plain", []byte("no bundle"), nil))
	attach(bundle, r.blob(bundle, []byte("second"), nil))
	r.push("sha256-"+d.Digest.Encoded()+".sig", "",
		r.blob(simpleSigningType, []byte("payload"), map[string]string{simpleSigningAnnotation: "c2ln"}),
		r.blob(simpleSigningType, []byte("without a signature"), nil))
	a, err := OpenArtifact(t.Context(), r.request(":daily"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := a.Attached(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, one := range list {
		got = append(got, string(one.Bundle)+"|"+string(one.Payload)+"|"+string(one.Signature))
	}
	if want := "first||,second||,|payload|c2ln"; strings.Join(got, ",") != want {
		t.Errorf("got %q, want %q", strings.Join(got, ","), want)
	}
	for range 2 * maxAttachedCount {
		attach(bundle, r.blob(bundle, []byte("first"), nil))
	}
	if list, err := a.Attached(t.Context()); err != nil || len(list) > maxAttachedCount+1 {
		t.Errorf("%d are read, %v", len(list), err)
	}
}
