// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// flaky serves a file and cuts each answer after so many bytes of the body.
type flaky struct {
	content  atomic.Pointer[[]byte]
	etag     atomic.Pointer[string]
	modified time.Time
	cut      atomic.Int64
	sent     atomic.Int64
	ranges   atomic.Int64
}

func (f *flaky) set(content []byte, etag string) {
	f.content.Store(&content)
	f.etag.Store(&etag)
}

func (f *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Range") != "" {
		f.ranges.Add(1)
	}
	if etag := *f.etag.Load(); etag != "" {
		w.Header().Set("ETag", etag)
	}
	cut := &cutter{ResponseWriter: w, left: f.cut.Load()}
	defer func() { f.sent.Add(cut.sent) }()
	http.ServeContent(cut, r, "list", f.modified, bytes.NewReader(*f.content.Load()))
	if cut.left == 0 {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

type cutter struct {
	http.ResponseWriter
	left, sent int64 // left is negative for no cut
}

func (c *cutter) Write(data []byte) (int, error) {
	if c.left >= 0 && int64(len(data)) > c.left {
		data = data[:c.left]
	}
	n, err := c.ResponseWriter.Write(data)
	c.sent += int64(n)
	if c.left >= 0 {
		if c.left -= int64(n); c.left == 0 {
			return n, http.ErrHandlerTimeout
		}
	}
	return n, err
}

func random(seed uint64, size int) []byte {
	source := rand.New(rand.NewPCG(seed, 1))
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(source.Uint32())
	}
	return data
}

func serve(t *testing.T, handler http.Handler) Request {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return Request{URL: server.URL + "/list", Line: Line{Allow: everywhere, Timeout: 30 * time.Second}}
}

func TestResumeAfterCuts(t *testing.T) {
	const size = 1 << 20
	long := time.Now().Add(-time.Hour)
	tests := []struct {
		name, etag string
		modified   time.Time
		resumes    bool
	}{
		{"strong entity tag", `"v1"`, time.Time{}, true},
		{"strong date", "", long, true},
		{"weak entity tag", `W/"v1"`, time.Time{}, false},
		{"weak entity tag and strong date", `W/"v1"`, long, true},
		{"date of just now", "", time.Now(), false},
		{"no validator", "", time.Time{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			content := random(7, size)
			f := &flaky{modified: tt.modified}
			f.set(content, tt.etag)
			req := serve(t, f)
			path := filepath.Join(t.TempDir(), "list")
			points := rand.New(rand.NewPCG(11, 13))
			var kept int64
			for range 4 {
				cut := 1 + points.Int64N(size/8)
				f.cut.Store(cut)
				_, err := Fetch(t.Context(), req, path)
				if ReasonOf(err) != Truncated {
					t.Fatalf("cut: %v", err)
				}
				if tt.resumes {
					kept += cut
				}
				if failed := err.(*Error); failed.Kept != kept { //nolint:errorlint // is of that type
					t.Fatalf("%d bytes are kept, want %d", failed.Kept, kept)
				}
				if files, _ := os.ReadDir(filepath.Dir(path)); (len(files) == 2) != tt.resumes {
					t.Fatalf("%d files lie there", len(files))
				}
			}
			f.cut.Store(-1)
			f.sent.Store(0)
			result, err := Fetch(t.Context(), req, path)
			if err != nil || result.SHA256 != digestOf(string(content)) || result.Bytes != size {
				t.Fatalf("got %+v, %v", result, err)
			}
			if sent := f.sent.Load(); sent != size-kept {
				t.Errorf("%d bytes were sent at last, want %d", sent, size-kept)
			}
			if data, err := os.ReadFile(path); err != nil || !bytes.Equal(data, content) {
				t.Errorf("the file differs: %v", err)
			}
			if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
				t.Errorf("%d files are left", len(files))
			}
		})
	}
}

func TestResumeOfChangedFile(t *testing.T) {
	before, after := random(1, 300<<10), random(2, 200<<10)
	tests := []struct {
		name       string
		ignoreIf   bool
		wantFirst  Reason
		wantLength int
	}{
		{"the publisher heeds If-Range", false, "", len(after)},
		{"the publisher ignores If-Range", true, RangeMismatch, len(after)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &flaky{}
			f.set(before, `"v1"`)
			f.cut.Store(100 << 10)
			req := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if tt.ignoreIf {
					r.Header.Del("If-Range")
				}
				f.ServeHTTP(w, r)
			}))
			path := filepath.Join(t.TempDir(), "list")
			if _, err := Fetch(t.Context(), req, path); ReasonOf(err) != Truncated {
				t.Fatal(err)
			}
			f.set(after, `"v2"`)
			f.cut.Store(-1)
			result, err := Fetch(t.Context(), req, path)
			if ReasonOf(err) != tt.wantFirst {
				t.Fatal(err)
			}
			if tt.wantFirst != "" {
				result, err = Fetch(t.Context(), req, path)
			}
			if err != nil || result.SHA256 != digestOf(string(after)) || result.ETag != `"v2"` {
				t.Errorf("got %+v, %v", result, err)
			}
		})
	}
}

func TestResumeAfterKill(t *testing.T) {
	content := random(3, 20<<20)
	f := &flaky{}
	f.set(content, `"v1"`)
	f.cut.Store(-1)
	req := serve(t, f)
	path := filepath.Join(t.TempDir(), "list")
	// What a killed process leaves: the last checkpoint, bytes after it that
	// are not known to be whole, and the file that served before.
	p := openPart(path, req.URL, DefaultMaxBytes)
	p.restart(`"v1"`)
	if _, err := p.take(bytes.NewReader(content[:checkpoint+5000]), int64(len(content)), DefaultMaxBytes, ""); err == nil {
		t.Fatal("half a file is taken")
	}
	file, err := os.OpenFile(path+partSuffix, os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt(make([]byte, 3000), checkpoint+4000); err != nil {
		t.Fatal(err)
	}
	_ = file.Close()
	result, err := Fetch(t.Context(), req, path)
	if err != nil || result.SHA256 != digestOf(string(content)) {
		t.Fatalf("got %+v, %v", result, err)
	}
	if sent := f.sent.Load(); sent != int64(len(content))-checkpoint {
		t.Errorf("%d bytes were sent, want %d", sent, int64(len(content))-checkpoint)
	}
}

func TestPartOfSomethingElseIsNotUsed(t *testing.T) {
	content := random(4, 64<<10)
	spoil := map[string]func(path string) error{
		"state is no JSON":        func(p string) error { return os.WriteFile(p+stateSuffix, []byte("{"), 0o600) },
		"state is of more":        func(p string) error { return os.Truncate(p+partSuffix, 10) },
		"state is gone":           func(p string) error { return os.Remove(p + stateSuffix) },
		"part is gone":            func(p string) error { return os.Remove(p + partSuffix) },
		"state is without end":    func(p string) error { return os.WriteFile(p+stateSuffix, bytes.Repeat([]byte("["), 1<<20), 0o600) },
		"state has negative size": func(p string) error { return os.WriteFile(p+stateSuffix, []byte(`{"size":-1,"validator":"x"}`), 0o600) },
	}
	for name, do := range spoil {
		t.Run(name, func(t *testing.T) {
			f := &flaky{}
			f.set(content, `"v1"`)
			f.cut.Store(1000)
			req := serve(t, f)
			path := filepath.Join(t.TempDir(), "list")
			if _, err := Fetch(t.Context(), req, path); ReasonOf(err) != Truncated {
				t.Fatal(err)
			}
			if err := do(path); err != nil {
				t.Fatal(err)
			}
			f.cut.Store(-1)
			result, err := Fetch(t.Context(), req, path)
			if err != nil || result.SHA256 != digestOf(string(content)) || f.ranges.Load() != 0 {
				t.Errorf("got %+v, %v with %d requests for a range", result, err, f.ranges.Load())
			}
		})
	}
	// Another address, and a limit that is lower now.
	f := &flaky{}
	f.set(content, `"v1"`)
	f.cut.Store(1000)
	req := serve(t, f)
	path := filepath.Join(t.TempDir(), "list")
	for _, next := range []func(*Request){func(r *Request) { r.URL += "?secret=2" }, func(r *Request) { r.MaxBytes = 500 }} {
		if _, err := Fetch(t.Context(), req, path); ReasonOf(err) != Truncated {
			t.Fatal(err)
		}
		other := req
		next(&other)
		_, _ = Fetch(t.Context(), other, path)
		if f.ranges.Load() != 0 {
			t.Error("the part of another request is used")
		}
		if err := Discard(path); err != nil {
			t.Fatal(err)
		}
	}
	if state, err := os.ReadFile(path + stateSuffix); err == nil && strings.Contains(string(state), "secret") {
		t.Error("the state quotes the address")
	}
}

// Answers to a request for the rest that are not the rest.
func TestPartialAnswersThatDoNotContinue(t *testing.T) {
	content := random(5, 10000)
	const begun = 4000
	partial := func(contentRange string, body []byte, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", contentRange)
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(body)
		}
	}
	rest := content[begun:]
	tests := []struct {
		name   string
		answer http.HandlerFunc
		limit  int64
		want   Reason
	}{
		{"begins earlier", partial("bytes 3999-9999/10000", content[3999:]), 0, RangeMismatch},
		{"begins later", partial("bytes 4001-9999/10000", content[4001:]), 0, RangeMismatch},
		{"ends earlier", partial("bytes 4000-8999/10000", content[begun:9000]), 0, RangeMismatch},
		{"of unknown size", partial("bytes 4000-9999/*", rest), 0, RangeMismatch},
		{"no range", partial("", rest), 0, RangeMismatch},
		{"other unit", partial("items 4000-9999/10000", rest), 0, RangeMismatch},
		{"negative", partial("bytes 4000--1/0", nil), 0, RangeMismatch},
		{"shorter body than the range", partial("bytes 4000-9999/10000", rest[:100], "Content-Length", "100"), 0, RangeMismatch},
		{"another version", partial("bytes 4000-9999/10000", rest, "ETag", `"v2"`), 0, RangeMismatch},
		{"several parts", partial("", rest, "Content-Type", "multipart/byteranges; boundary=x"), 0, RangeMismatch},
		{"compressed", partial("bytes 4000-9999/10000", rest, "Content-Encoding", "gzip"), 0, Compressed},
		{"whole is over the limit", partial("bytes 4000-9999/10000", rest), 9999, TooLarge},
		{"cut again", partial("bytes 4000-9999/10000", rest[:100], "Content-Length", "6000"), 0, Truncated},
		{"goes on after the end", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes 4000-9999/10000")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(rest)
			_ = http.NewResponseController(w).Flush()
			_, _ = w.Write([]byte("more"))
		}, 0, RangeMismatch},
		{"exactly the rest", partial("bytes 4000-9999/10000", rest), 0, ""},
		{"no such range, then whole", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") != "" {
				w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
				return
			}
			_, _ = w.Write(content)
		}, 0, ""},
		{"no such range for ever", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusRequestedRangeNotSatisfiable) }, 0, Unexpected},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := serve(t, tt.answer)
			path := filepath.Join(t.TempDir(), "list")
			if err := os.WriteFile(path+partSuffix, content[:begun], 0o600); err != nil {
				t.Fatal(err)
			}
			p := &part{path: path, name: openPart(path+"x", req.URL, 1).name, validator: `"v1"`, size: begun}
			if kept := p.keep(Truncated); kept != begun {
				t.Fatalf("%d bytes are kept", kept)
			}
			req.MaxBytes = tt.limit
			result, err := Fetch(t.Context(), req, path)
			if ReasonOf(err) != tt.want {
				t.Fatalf("got %q, want %q: %v", ReasonOf(err), tt.want, err)
			}
			if err == nil && result.SHA256 != digestOf(string(content)) {
				t.Errorf("got %+v", result)
			}
			if _, statErr := os.Stat(path); (statErr == nil) != (err == nil) {
				t.Errorf("a file stands although it was refused: %v", statErr)
			}
			if _, statErr := os.Stat(path + partSuffix); (statErr == nil) != (tt.want == Truncated) {
				t.Errorf("a part stands: %v", statErr)
			}
		})
	}
}

// A publisher that sends a byte now and then has the time of one fetch.
func TestSlowPublisher(t *testing.T) {
	for _, where := range []string{"header", "body"} {
		t.Run(where, func(t *testing.T) {
			req := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					return
				}
				defer conn.Close()
				text := "HTTP/1.1 200 OK\r\n"
				if where == "body" {
					text += "ETag: \"v1\"\r\nContent-Length: 100000\r\n\r\n"
				}
				fmt.Fprint(conn, text)
				for i := range 100000 {
					if _, err := fmt.Fprintf(conn, "%c", "X-A: b\r\n"[i%8]); err != nil {
						return
					}
					time.Sleep(time.Millisecond)
				}
			}))
			req.Timeout = 100 * time.Millisecond
			_, err := Fetch(t.Context(), req, filepath.Join(t.TempDir(), "list"))
			if ReasonOf(err) != TimedOut {
				t.Errorf("got %v", err)
			}
		})
	}
}

func FuzzContentRange(f *testing.F) {
	for _, seed := range []string{"bytes 0-9/10", "bytes 5-9/10", "bytes 0-9/*", "bytes */10", "bytes 9-0/10", "bytes 18446744073709551615-0/0", "bytes +5-9/10", ""} {
		f.Add(seed, int64(5))
	}
	f.Fuzz(func(t *testing.T, value string, first int64) {
		s, err := parseContentRange(value, first)
		if err != nil {
			return
		}
		if s.first != first || s.first < 0 || s.last < s.first || s.size != s.last+1 {
			t.Fatalf("%q after %d gives %+v", value, first, s)
		}
		if want := fmt.Sprintf("%d-%d/%d", s.first, s.last, s.size); !strings.Contains(value, "0") && value != "bytes "+want {
			t.Fatalf("%q gives %s", value, want)
		}
	})
}
