// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/frontline-screening/frontline/internal/garbage"
)

const (
	feeds  = "regions/north/feeds/intl.un"
	orders = "regions/north/order"
)

// store is a registry over HTTP whose clock a test moves.
type store struct {
	*testing.T
	server *Server
	url    string
	ahead  time.Duration
}

func newStore(t *testing.T) *store {
	t.Helper()
	server, err := NewUnprotected(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &store{T: t, server: server}
	server.now = func() time.Time { return time.Now().Add(s.ahead) }
	ts := httptest.NewServer(server)
	t.Cleanup(ts.Close)
	s.url = ts.URL
	return s
}

func (s *store) do(method, path, contentType string, body []byte) (status int, answer []byte, header http.Header) {
	s.Helper()
	target := path
	if strings.HasPrefix(path, "/") {
		target = s.url + path
	}
	request, err := http.NewRequestWithContext(s.Context(), method, target, bytes.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Accept", ocispec.MediaTypeImageManifest)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	if err != nil {
		s.Fatal(err)
	}
	return response.StatusCode, answer, response.Header
}

func (s *store) begin(repo string) string {
	s.Helper()
	status, answer, header := s.do("POST", "/v2/"+repo+"/blobs/uploads/", "application/octet-stream", nil)
	if status != http.StatusAccepted {
		s.Fatalf("begin upload: %d %s", status, answer)
	}
	location := header.Get("Location")
	if strings.HasPrefix(location, "/") {
		location = s.url + location
	}
	return location
}

func (s *store) blob(repo string, data []byte) ocispec.Descriptor {
	s.Helper()
	d := digest.FromBytes(data)
	location := s.begin(repo)
	if status, answer, _ := s.do("PUT", location+"&digest="+d.String(), "application/octet-stream", data); status != http.StatusCreated {
		s.Fatalf("push blob: %d %s", status, answer)
	}
	return ocispec.Descriptor{MediaType: "application/octet-stream", Digest: d, Size: int64(len(data))}
}

func (s *store) manifest(repo, tag string, layers ...ocispec.Descriptor) string {
	s.Helper()
	m := ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest, ArtifactType: "application/vnd.test", Config: s.blob(repo, []byte("{}")), Layers: layers}
	m.SchemaVersion = 2
	m.Annotations = map[string]string{"n": random(8)}
	data, err := json.Marshal(m)
	if err != nil {
		s.Fatal(err)
	}
	d := digest.FromBytes(data).String()
	if status, answer, _ := s.do("PUT", "/v2/"+repo+"/manifests/"+tag, ocispec.MediaTypeImageManifest, data); status != http.StatusCreated {
		s.Fatalf("push manifest: %d %s", status, answer)
	}
	return d
}

func (s *store) drop(repo, manifest string) {
	s.Helper()
	if status, answer, _ := s.do("DELETE", "/v2/"+repo+"/manifests/"+manifest, "", nil); status != http.StatusAccepted {
		s.Fatalf("delete manifest: %d %s", status, answer)
	}
}

func (s *store) collect(o garbage.Options) garbage.Collected {
	s.Helper()
	body, err := json.Marshal(o)
	if err != nil {
		s.Fatal(err)
	}
	status, answer, _ := s.do("POST", garbage.Path, "application/json", body)
	if status != http.StatusOK {
		s.Fatalf("collect: %d %s", status, answer)
	}
	var c garbage.Collected
	if err := json.Unmarshal(answer, &c); err != nil {
		s.Fatal(err)
	}
	return c
}

// status is of HEAD and GET, which must agree.
func (s *store) status(path string) int {
	s.Helper()
	head, _, _ := s.do("HEAD", path, "", nil)
	get, _, _ := s.do("GET", path, "", nil)
	if head != get {
		s.Errorf("%s: HEAD %d, GET %d", path, head, get)
	}
	return get
}

func (s *store) want(status int, repo string, digests ...string) {
	s.Helper()
	for _, d := range digests {
		if got := s.status("/v2/" + repo + "/blobs/" + d); got != status {
			s.Errorf("blob %s of %s: %d, want %d", d[:14], repo, got, status)
		}
	}
}

func random(n int) string {
	data := make([]byte, n/2)
	_, _ = rand.Read(data)
	return hex.EncodeToString(data)
}

func text(d ocispec.Descriptor) string { return d.Digest.String() }

// files counts what is left of a registry's folder.
func (s *store) files() (count int) {
	s.Helper()
	err := filepath.WalkDir(filepath.Join(s.server.root, "docker"), func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			count++
		}
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	return count
}

func TestCollectSweepsWhatIsDeleted(t *testing.T) {
	s := newStore(t)
	shared, old, fresh := s.blob(feeds, []byte(random(4000))), s.blob(feeds, []byte(random(6000))), s.blob(feeds, []byte(random(200)))
	v1 := s.manifest(feeds, "v1", shared, old)
	v2 := s.manifest(feeds, "v2", shared, fresh)
	s.drop(feeds, v1)

	s.collect(garbage.Options{})
	s.want(200, feeds, text(shared), text(old), text(fresh)) // within the grace period

	s.ahead = 25 * time.Hour
	got := s.collect(garbage.Options{})
	if got.Blobs != 2 || got.Links != 1 || got.Bytes < 6000 {
		t.Errorf("collected %+v, want the old layer and its manifest", got)
	}
	s.want(404, feeds, text(old))
	s.want(200, feeds, text(shared), text(fresh))
	for reference, want := range map[string]int{v1: 404, "v1": 404, v2: 200, "v2": 200} {
		if got := s.status("/v2/" + feeds + "/manifests/" + reference); got != want {
			t.Errorf("manifest %s: %d, want %d", reference, got, want)
		}
	}
	if again := s.collect(garbage.Options{}); again.Blobs+again.Links+again.Manifests+again.Tags != 0 || again.BlobsLeft != 4 {
		t.Errorf("second collection %+v, want nothing removed of 4 blobs", again)
	}
	// What was swept can be pushed again: nothing remembers that it was there.
	data := []byte(random(6000))
	d := s.blob(feeds, data)
	s.collect(garbage.Options{Erase: map[string][]string{feeds: {text(d)}}})
	s.want(404, feeds, text(d))
	s.blob(feeds, data)
	s.want(200, feeds, text(d))
}

func TestCollectErasesAtOnce(t *testing.T) {
	s := newStore(t)
	const other = "regions/north/feeds/intl.eu"
	both, gone, loose := s.blob(feeds, []byte(random(300))), s.blob(feeds, []byte(random(300))), s.blob(feeds, []byte(random(300)))
	s.blob(other, []byte("x"))
	v1 := s.manifest(feeds, "v1", both, gone)
	s.manifest(feeds, "v2", both)

	got := s.collect(garbage.Options{Erase: map[string][]string{feeds: {v1, text(both), text(gone)}}})
	if diff := cmp.Diff([]string{text(both)}, got.Kept); diff != "" || got.Manifests != 1 || got.Tags != 1 || got.Blobs != 2 {
		t.Errorf("collected %+v, kept %s", got, diff)
	}
	s.want(404, feeds, text(gone))
	s.want(200, feeds, text(both), text(loose)) // loose was not named and may be of a push
	for _, reference := range []string{"v1", v1} {
		if got := s.status("/v2/" + feeds + "/manifests/" + reference); got != 404 {
			t.Errorf("manifest %s: %d", reference, got)
		}
	}
	// The bytes themselves are gone, and those of another repository are not.
	if _, err := os.Stat(newLayout(s.server.root).blob(gone.Digest)); !os.IsNotExist(err) {
		t.Errorf("erased bytes: %v", err)
	}
	s.want(200, other, digest.FromString("x").String())
}

func TestCollectErasesInOneRepositoryOnly(t *testing.T) {
	s := newStore(t)
	const other = "regions/south/feeds/intl.un"
	data := []byte(random(300))
	layer := s.blob(feeds, data)
	s.blob(other, data)
	s.manifest(other, "v1", layer)
	if got := s.collect(garbage.Options{Erase: map[string][]string{feeds: {text(layer)}}}); len(got.Kept) > 0 || got.Links != 1 {
		t.Errorf("collected %+v", got)
	}
	s.want(404, feeds, text(layer))
	s.want(200, other, text(layer))
}

func TestCollectLeavesPushesAlone(t *testing.T) {
	s := newStore(t)
	data := []byte(random(5000))
	location := s.begin(feeds)
	reader, writer := io.Pipe()
	done := make(chan int)
	go func() {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, location+"&digest="+digest.FromBytes(data).String(), reader)
		if err != nil {
			t.Error(err)
		}
		request.Header.Set("Content-Type", "application/octet-stream")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Error(err)
			done <- 0
			return
		}
		response.Body.Close()
		done <- response.StatusCode
	}()
	if _, err := writer.Write(data[:3000]); err != nil {
		t.Fatal(err)
	}
	// A body that is on its way for minutes does not hold the collection up.
	loose := s.blob(feeds, []byte("loose"))
	s.collect(garbage.Options{})
	if _, err := writer.Write(data[3000:]); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if status := <-done; status != http.StatusCreated {
		t.Fatalf("push across a collection: %d", status)
	}
	s.collect(garbage.Options{})
	s.manifest(feeds, "v1", loose, ocispec.Descriptor{MediaType: "a/b", Digest: digest.FromBytes(data), Size: 5000})
	s.want(200, feeds, text(loose), digest.FromBytes(data).String())

	t.Run("broken off uploads go", func(t *testing.T) {
		s.begin(feeds)
		s.ahead = 25 * time.Hour
		if got := s.collect(garbage.Options{}); got.Uploads != 1 {
			t.Errorf("collected %+v, want one upload", got)
		}
	})
}

func TestChangesWaitForACollection(t *testing.T) {
	s := newStore(t)
	layer := s.blob(feeds, []byte("layer"))
	open, err := s.server.gate.shut(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.want(200, feeds, text(layer)) // reading goes on
	pushed := make(chan string, 1)
	go func() { pushed <- s.manifest(feeds, "v1", layer) }()
	select {
	case <-pushed:
		t.Fatal("a manifest was pushed during a collection")
	case <-time.After(100 * time.Millisecond):
	}
	open()
	<-pushed

	s.server.gate.wait = 50 * time.Millisecond
	if open, err = s.server.gate.shut(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer open()
	for _, try := range []struct{ method, path string }{
		{"POST", "/v2/" + feeds + "/blobs/uploads/"},
		{"PUT", "/v2/" + feeds + "/manifests/v1"},
		{"DELETE", "/v2/" + feeds + "/blobs/" + text(layer)},
		{"POST", garbage.Path},
	} {
		body := []byte(`{}`)
		if try.method == "PUT" {
			_, body, _ = s.do("GET", "/v2/"+feeds+"/manifests/v1", "", nil)
		}
		status, answer, header := s.do(try.method, try.path, ocispec.MediaTypeImageManifest, body)
		if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" || !bytes.Contains(answer, []byte("again")) {
			t.Errorf("%s %s: %d %s", try.method, try.path, status, answer)
		}
	}
}

func TestCollectUntagged(t *testing.T) {
	s := newStore(t)
	var all []string
	for range 5 {
		all = append(all, s.manifest(orders, "current", s.blob(orders, []byte(random(100)))))
		s.manifest(feeds, "v1", s.blob(feeds, []byte(random(100))))
		time.Sleep(5 * time.Millisecond)
	}
	untagged := garbage.Options{Untagged: []string{"regions/*/order"}, UntaggedSeconds: 600}
	if got := s.collect(untagged); got.Manifests != 0 {
		t.Errorf("collected %+v, want nothing within ten minutes", got)
	}
	s.ahead = 11 * time.Minute
	if got := s.collect(untagged); got.Manifests != 4 {
		t.Errorf("collected %+v, want the four orders that no tag names", got)
	}
	for i, d := range all {
		want := 404
		if i == 4 {
			want = 200
		}
		if got := s.status("/v2/" + orders + "/manifests/" + d); got != want {
			t.Errorf("order %d: %d, want %d", i, got, want)
		}
	}
	s.ahead = 25 * time.Hour
	if got := s.collect(untagged); got.Links != 4 || got.Blobs != 8 {
		t.Errorf("collected %+v, want manifests and layers of four orders", got)
	}
}

// What nobody answers for any more goes whole, a while after it was pushed last.
func TestCollectAbandoned(t *testing.T) {
	const gone = "regions/gone/feeds/intl.un"
	s := newStore(t)
	for _, repository := range []string{feeds, orders, gone, "other/repository"} {
		for _, tag := range []string{"v1", "v2"} {
			s.manifest(repository, tag, s.blob(repository, []byte(random(100))))
		}
	}
	options := garbage.Options{
		Untagged: []string{"regions/*/order", "regions/*/feeds/*"}, UntaggedSeconds: 86400,
		Abandoned: []string{"regions/*/order", "regions/*/feeds/*"}, Owned: []string{"regions/north/order", "regions/north/feeds/*"},
	}
	s.ahead = 23 * time.Hour
	if got := s.collect(options); got.Manifests != 0 {
		t.Errorf("collected %+v, want nothing within a day", got)
	}
	s.ahead = 49 * time.Hour
	if got := s.collect(garbage.Options{Untagged: options.Untagged, UntaggedSeconds: 86400}); got.Manifests != 0 {
		t.Errorf("collected %+v, want nothing where nothing is said to be abandoned", got)
	}
	if got := s.collect(options); got.Manifests != 2 || got.Tags != 2 || got.Repositories != 1 {
		t.Errorf("collected %+v, want the repository of the region that is gone", got)
	}
	for repository, want := range map[string]int{feeds: 200, orders: 200, gone: 404, "other/repository": 200} {
		if got := s.status("/v2/" + repository + "/manifests/v2"); got != want {
			t.Errorf("%s: %d, want %d", repository, got, want)
		}
	}
}

func TestCollectRemovesEmptyRepositories(t *testing.T) {
	s := newStore(t)
	s.drop(feeds, s.manifest(feeds, "v1", s.blob(feeds, []byte(random(10)))))
	s.ahead = 25 * time.Hour
	if got := s.collect(garbage.Options{}); got.Repositories != 1 || got.BlobsLeft != 0 {
		t.Errorf("collected %+v", got)
	}
	if left := s.files(); left != 0 {
		t.Errorf("%d files left", left)
	}
	if left, _ := names(newLayout(s.server.root).repositories()); len(left) > 0 {
		t.Errorf("folders left: %v", left)
	}
	s.manifest(feeds, "v1", s.blob(feeds, []byte("again")))
}

func TestCollectVerifies(t *testing.T) {
	s := newStore(t)
	data := []byte(random(500))
	bad, good := s.blob(feeds, data), s.blob(feeds, []byte("good"))
	m := s.manifest(feeds, "v1", bad, good)
	path := newLayout(s.server.root).data(bad.Digest)
	if err := os.WriteFile(path, bytes.ToUpper(data), 0o600); err != nil {
		t.Fatal(err)
	}
	got := s.collect(garbage.Options{Verify: []string{text(bad), text(good), m}})
	if diff := cmp.Diff([]string{text(bad)}, got.Damaged); diff != "" {
		t.Error(diff)
	}
	s.want(404, feeds, text(bad))
	s.want(200, feeds, text(good))
	s.blob(feeds, data)
	s.want(200, feeds, text(bad))
	if kept, err := os.ReadFile(path); err != nil || !bytes.Equal(kept, data) {
		t.Errorf("the push did not mend the blob: %v", err)
	}
}

func TestCollectKeepsWhatItCannotJudge(t *testing.T) {
	s := newStore(t)
	layer := s.blob(feeds, []byte(random(500)))
	m := s.manifest(feeds, "v1", layer)
	if err := os.WriteFile(newLayout(s.server.root).data(digest.Digest(m)), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.ahead = 25 * time.Hour
	got := s.collect(garbage.Options{})
	if diff := cmp.Diff([]string{feeds + "@" + m}, got.Unreadable); diff != "" {
		t.Error(diff)
	}
	s.want(200, feeds, text(layer))
	if status := s.status("/v2/" + feeds + "/manifests/v1"); status != 404 {
		t.Errorf("unreadable manifest: %d", status)
	}
	if got := s.collect(garbage.Options{}); got.Links == 0 {
		t.Errorf("collected %+v, want the layers once the manifest was not pushed again", got)
	}
}

// Pushes and collections at once: each manifest whose push succeeded is whole.
func TestCollectAmongPushes(t *testing.T) {
	s := newStore(t)
	s.server.grace = 300 * time.Millisecond // what waits for longer before its manifest is swept
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				s.collect(garbage.Options{})
			}
		}
	})
	var pushers sync.WaitGroup
	for i := range 3 {
		repo := fmt.Sprintf("regions/north/feeds/f%d", i)
		pushers.Go(func() {
			for n := range 8 {
				s.pushAgain(repo, fmt.Sprintf("v%d", n))
			}
		})
	}
	pushers.Wait()
	close(stop)
	wg.Wait()
	for i := range 3 {
		repo := fmt.Sprintf("regions/north/feeds/f%d", i)
		for n := range 8 {
			_, body, _ := s.do("GET", fmt.Sprintf("/v2/%s/manifests/v%d", repo, n), "", nil)
			parts, err := references(body)
			if err != nil || len(parts) != 2 {
				t.Fatalf("%s v%d: %v %s", repo, n, err, body)
			}
			for _, part := range parts {
				s.want(200, repo, part.String())
			}
		}
	}
}

// pushAgain pushes a release as a client does: from its first blob again when
// the registry says that one was swept.
func (s *store) pushAgain(repo, tag string) {
	data := []byte(random(2000))
	for try := range 200 {
		config, layer := s.blob(repo, []byte("{}")), s.blob(repo, data)
		if try == 0 && strings.HasSuffix(tag, "3") {
			time.Sleep(2 * s.server.grace)
		}
		m := ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest, Config: config, Layers: []ocispec.Descriptor{layer}}
		m.SchemaVersion = 2
		body, _ := json.Marshal(m)
		status, answer, _ := s.do("PUT", "/v2/"+repo+"/manifests/"+tag, ocispec.MediaTypeImageManifest, body)
		if status == http.StatusCreated {
			return
		}
		if !bytes.Contains(answer, []byte("BLOB_UNKNOWN")) {
			s.Errorf("push %s: %d %s", tag, status, answer)
			return
		}
	}
	s.Errorf("%s %s could not be pushed", repo, tag)
}

func TestFullVolume(t *testing.T) {
	s := newStore(t)
	layer := s.blob(feeds, []byte(random(500)))
	m := s.manifest(feeds, "v1", layer)
	s.server.free = func(string) (int64, error) { return 1 << 20, nil }
	status, answer, _ := s.do("POST", "/v2/"+feeds+"/blobs/uploads/", "", nil)
	if status != http.StatusInsufficientStorage || !bytes.Contains(answer, []byte("1 MiB free")) {
		t.Errorf("push to a full registry: %d %s", status, answer)
	}
	s.want(200, feeds, text(layer))
	s.drop(feeds, m)
	if got := s.collect(garbage.Options{Erase: map[string][]string{feeds: {text(layer)}}}); got.Blobs == 0 {
		t.Errorf("collected %+v", got)
	}
	s.server.free = func(string) (int64, error) { return 1 << 40, nil }
	s.blob(feeds, []byte("room again"))
}

func TestCollectRefuses(t *testing.T) {
	s := newStore(t)
	tests := []struct {
		name, method, body string
		want               int
	}{
		{"empty body", "POST", "", 200},
		{"method", "GET", "", 405},
		{"no JSON", "POST", "[", 400},
		{"unknown field", "POST", `{"everything":true}`, 400},
		{"digest", "POST", `{"erase":{"` + feeds + `":["sha256:../../x"]}}`, 400},
		{"digest to verify", "POST", `{"verify":["md5:00"]}`, 400},
		{"repository", "POST", `{"erase":{"../../etc":[]}}`, 403},
		{"age", "POST", `{"untaggedSeconds":-1}`, 400},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if status, answer, _ := s.do(test.method, garbage.Path, "application/json", []byte(test.body)); status != test.want {
				t.Errorf("%d %s, want %d", status, answer, test.want)
			}
		})
	}
}
