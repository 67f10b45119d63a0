// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/bundle"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/region/regiontest"
)

func export(t testing.TB) (*regiontest.Hub, []byte) {
	t.Helper()
	hub := regiontest.NewHub(t, regiontest.NewClock(), "north", "AL")
	regiontest.NewRegion(t, hub, t.TempDir())
	var feeds []order.Feed
	for _, id := range []string{"intl.un-sc", "intl.other"} {
		feeds = append(feeds, hub.PushFeed(t, id, 3, "Testina Sample", "AL"))
	}
	hub.Publish(t, order.Input{Feeds: feeds})
	return hub, hub.Bundle(t, 7, bundleLife, nil)
}

const bundleLife = 7 * 24 * time.Hour

// file is an entry of an archive.
type file struct {
	tar.Header
	data []byte
}

func unpack(t testing.TB, data []byte) []file {
	t.Helper()
	archive := tar.NewReader(bytes.NewReader(data))
	var files []file
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file{*h, content})
	}
}

func pack(t testing.TB, files []file) []byte {
	t.Helper()
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	for _, f := range files {
		if err := archive.WriteHeader(&f.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write(f.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func plain(name string, data []byte) file {
	return file{tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(data)), Mode: 0o644, Format: tar.FormatUSTAR}, data}
}

func flipped(data []byte) []byte {
	out := bytes.Clone(data)
	out[len(out)/2] ^= 1
	return out
}

func TestBundleIsAnImageLayout(t *testing.T) {
	hub, data := export(t)
	if again := hub.Bundle(t, 7, bundleLife, nil); !bytes.Equal(data, again) {
		t.Error("equal contents are written as different bytes")
	}
	files := unpack(t, data)
	if files[0].Name != "oci-layout" || files[1].Name != "index.json" {
		t.Fatalf("it begins with %s and %s", files[0].Name, files[1].Name)
	}
	var index ocispec.Index
	if err := json.Unmarshal(files[1].data, &index); err != nil || len(index.Manifests) != 4 || index.MediaType != ocispec.MediaTypeImageIndex {
		t.Fatalf("index: %+v, %v", index, err)
	}
	for _, f := range files {
		if f.Typeflag != tar.TypeReg || f.Uid != 0 || f.ModTime.Unix() != 0 || f.Uname != "" {
			t.Errorf("entry %+v", f.Header)
		}
	}
	s, err := bundle.Describe(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if s.Region != "north" || s.Number != 7 || s.Sequence != 1 || len(s.Feeds) != 2 || s.Bytes != int64(len(data)) ||
		s.Feeds[0].ID != "intl.other" || s.Feeds[1].Release != 3 || s.Feeds[1].Absent != 0 || s.Feeds[1].Bytes < 1000 || s.Expires.Sub(s.Created) != bundleLife {
		t.Errorf("described as %+v", s)
	}
}

// TestArchivesThatAreRefused: a bundle has plain files of known names, each
// once, in their order, and nothing else.
func TestArchivesThatAreRefused(t *testing.T) {
	_, data := export(t)
	good := unpack(t, data)
	last := good[len(good)-1]
	with := func(f file) []file { return append(append([]file{}, good...), f) }
	special := func(kind byte, name, link string) file {
		return file{tar.Header{Typeflag: kind, Name: name, Linkname: link, Mode: 0o644, Format: tar.FormatUSTAR}, nil}
	}
	replaced := func(at int, f file) []file {
		out := append([]file{}, good...)
		out[at] = f
		return out
	}
	index := func(change func(*ocispec.Index)) []file {
		var i ocispec.Index
		if err := json.Unmarshal(good[1].data, &i); err != nil {
			t.Fatal(err)
		}
		change(&i)
		changed, err := json.Marshal(i)
		if err != nil {
			t.Fatal(err)
		}
		return replaced(1, plain("index.json", changed))
	}
	swapped := append([]file{}, good...)
	swapped[2], swapped[3] = swapped[3], swapped[2]
	pax := file{tar.Header{
		Typeflag: tar.TypeReg, Name: last.Name, Size: last.Size, Mode: 0o644, Format: tar.FormatPAX,
		PAXRecords: map[string]string{"VENDOR.path": "../../etc/passwd"},
	}, last.data}
	tests := []struct {
		name string
		data []byte
		want error
	}{
		{"nothing", nil, bundle.ErrTruncated},
		{"no archive", []byte(strings.Repeat("no archive ", 200)), bundle.ErrMalformed},
		{"an empty archive", pack(t, nil), bundle.ErrTruncated},
		{"a path out of the folder", pack(t, with(plain("../../etc/passwd", []byte("x")))), bundle.ErrMalformed},
		{"an absolute path", pack(t, with(plain("/etc/passwd", []byte("x")))), bundle.ErrMalformed},
		{"a path through a blob's folder", pack(t, with(plain("blobs/sha256/../../x", []byte("x")))), bundle.ErrMalformed},
		{"a path with a backslash", pack(t, with(plain(`blobs\sha256\x`, []byte("x")))), bundle.ErrMalformed},
		{"a symbolic link", pack(t, with(special(tar.TypeSymlink, "blobs/sha256/link", "/etc/passwd"))), bundle.ErrMalformed},
		{"a hard link", pack(t, with(special(tar.TypeLink, "blobs/sha256/link", "index.json"))), bundle.ErrMalformed},
		{"a device", pack(t, with(special(tar.TypeChar, "blobs/sha256/null", ""))), bundle.ErrMalformed},
		{"a pipe", pack(t, with(special(tar.TypeFifo, "blobs/sha256/pipe", ""))), bundle.ErrMalformed},
		{"a folder", pack(t, with(special(tar.TypeDir, "blobs/", ""))), bundle.ErrMalformed},
		{"a link in the place of the index", pack(t, replaced(1, special(tar.TypeSymlink, "index.json", "oci-layout"))), bundle.ErrMalformed},
		{"an extended header", pack(t, replaced(len(good)-1, pax)), bundle.ErrMalformed},
		{"an entry twice", pack(t, with(last)), bundle.ErrMalformed},
		{"a blob that nothing names", pack(t, with(plain("blobs/sha256/"+strings.Repeat("0", 64), []byte("x")))), bundle.ErrMalformed},
		{"a blob of another size", pack(t, replaced(len(good)-1, plain(last.Name, last.data[1:]))), bundle.ErrMalformed},
		{"a blob of other bytes", pack(t, replaced(len(good)-1, plain(last.Name, flipped(last.data)))), bundle.ErrDigest},
		{"a statement of other bytes", pack(t, replaced(2, plain(good[2].Name, flipped(good[2].data)))), bundle.ErrDigest},
		{"entries in another order", pack(t, swapped), bundle.ErrMalformed},
		{"no index", pack(t, append(append([]file{}, good[:1]...), good[2:]...)), bundle.ErrMalformed},
		{"an index that is no JSON", pack(t, replaced(1, plain("index.json", []byte("{")))), bundle.ErrMalformed},
		{"another layout", pack(t, replaced(0, plain("oci-layout", []byte(`{"imageLayoutVersion":"2.0.0"}`)))), bundle.ErrMalformed},
		{"another artifact", pack(t, index(func(i *ocispec.Index) { i.ArtifactType = "application/other" })), bundle.ErrMalformed},
		{"no order", pack(t, index(func(i *ocispec.Index) { i.Manifests = i.Manifests[:1] })), bundle.ErrMalformed},
		{"a list in the place of the order", pack(t, index(func(i *ocispec.Index) { i.Manifests[1] = i.Manifests[2] })), bundle.ErrMalformed},
		{"a list twice", pack(t, index(func(i *ocispec.Index) { i.Manifests[3] = i.Manifests[2] })), bundle.ErrMalformed},
		{"a manifest of another algorithm", pack(t, index(func(i *ocispec.Index) { i.Manifests[2].Digest = "md5:00" })), bundle.ErrMalformed},
		{"a manifest without end", pack(t, index(func(i *ocispec.Index) { i.Manifests[2].Size = 1 << 40 })), artifact.ErrTooLarge},
		{"manifests without end", pack(t, index(func(i *ocispec.Index) {
			for range 40 {
				m := i.Manifests[2]
				m.Size = 4 << 20
				i.Manifests = append(i.Manifests, m)
			}
		})), artifact.ErrTooLarge},
		{"lists without end", pack(t, index(func(i *ocispec.Index) {
			for range bundle.MaxFeeds {
				i.Manifests = append(i.Manifests, i.Manifests[2])
			}
		})), artifact.ErrTooLarge},
		{"an index without end", pack(t, replaced(1, plain("index.json", bytes.Repeat([]byte(" "), 1<<20+1)))), artifact.ErrTooLarge},
		{"no trailer", data[:len(data)-1024], bundle.ErrTruncated},
		{"half a trailer", data[:len(data)-512], bundle.ErrTruncated},
		{"two archives", append(bytes.Clone(data), data...), bundle.ErrMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := bundle.Describe(bytes.NewReader(test.data)); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
}

// TestCutAnywhere: no beginning of a bundle reads like a whole one.
func TestCutAnywhere(t *testing.T) {
	_, data := export(t)
	step := max(len(data)/997, 1)
	for cut := 0; cut < len(data); cut += step {
		if _, err := bundle.Describe(bytes.NewReader(data[:cut])); !errors.Is(err, bundle.ErrTruncated) {
			t.Fatalf("cut at %d of %d: %v", cut, len(data), err)
		}
	}
	for cut := 0; cut < len(data); cut += 512 {
		if _, err := bundle.Describe(bytes.NewReader(data[:cut])); !errors.Is(err, bundle.ErrTruncated) {
			t.Fatalf("cut at %d of %d, between blocks: %v", cut, len(data), err)
		}
	}
}

func FuzzReader(f *testing.F) {
	hub := regiontest.NewHub(f, regiontest.NewClock(), "north", "AL")
	hub.Publish(f, order.Input{})
	small := hub.Bundle(f, 7, bundleLife, nil)
	f.Add(small)
	f.Add(small[:len(small)-1024])
	files := unpack(f, small)
	f.Add(pack(f, files[:4]))
	f.Add(pack(f, []file{plain("../x", nil)}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := bundle.Describe(bytes.NewReader(data))
		if err == nil && s.Bytes != int64(len(data)) {
			t.Errorf("%d of %d bytes were read", s.Bytes, len(data))
		}
	})
}
