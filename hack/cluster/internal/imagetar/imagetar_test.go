// SPDX-License-Identifier: Apache-2.0

package imagetar_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/hack/cluster/internal/imagetar"
)

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "pause")
	if err := os.WriteFile(program, []byte("static program"), 0o755); err != nil {
		t.Fatal(err)
	}
	image := imagetar.Image{Ref: "example.org/pause:v1", Program: program, User: "65532:65532"}
	archive := filepath.Join(dir, "pause.tar")
	if err := imagetar.WriteFile(archive, image); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	files := untar(t, first)

	var manifests []struct {
		Config           string
		RepoTags, Layers []string
	}
	decode(t, files["manifest.json"], &manifests)
	if len(manifests) != 1 || len(manifests[0].Layers) != 1 {
		t.Fatalf("manifest %s", files["manifest.json"])
	}
	if diff := cmp.Diff([]string{"example.org/pause:v1"}, manifests[0].RepoTags); diff != "" {
		t.Error(diff)
	}
	layer := files[manifests[0].Layers[0]]
	if diff := cmp.Diff(map[string][]byte{"pause": []byte("static program")}, untar(t, layer)); diff != "" {
		t.Error(diff)
	}
	var config struct {
		Config struct {
			User       string
			Entrypoint []string
		}
		RootFS struct {
			DiffIDs []string `json:"diff_ids"`
		}
	}
	decode(t, files[manifests[0].Config], &config)
	sum := sha256.Sum256(layer)
	if diff := cmp.Diff([]string{"sha256:" + hex.EncodeToString(sum[:])}, config.RootFS.DiffIDs); diff != "" {
		t.Error(diff)
	}
	if config.Config.User != "65532:65532" || len(config.Config.Entrypoint) != 1 || config.Config.Entrypoint[0] != "/pause" {
		t.Errorf("configuration %+v", config.Config)
	}

	if err := imagetar.WriteFile(archive, image); err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(archive)
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("packing twice gives different bytes (%v)", err)
	}
}

func untar(t *testing.T, content []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	reader := tar.NewReader(bytes.NewReader(content))
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[header.Name], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
	}
}

func decode(t *testing.T, content []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(content, into); err != nil {
		t.Fatal(err)
	}
}
