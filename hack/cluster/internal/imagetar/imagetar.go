// SPDX-License-Identifier: Apache-2.0

// Package imagetar packs static programs into container images without a
// builder or a registry, as the archives of `docker save` (Docker Image
// Specification v1.2), which containerd imports.
package imagetar

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// Image is a one-layer image around one static program.
type Image struct {
	// Ref is the whole reference, with host and tag.
	Ref string
	// Program is the path of a static Linux program; in the image it lies in the
	// root folder under its base name and is the entry point.
	Program string
	// User is the numeric user, for example "65532:65532".
	User string
}

// config is the part of an OCI image configuration (OCI Image Format
// Specification, "OCI Image Configuration") that a one-layer image needs.
type config struct {
	Architecture string  `json:"architecture"`
	OS           string  `json:"os"`
	Config       process `json:"config"`
	RootFS       rootFS  `json:"rootfs"`
}

type process struct {
	User       string   `json:"User,omitempty"`
	Entrypoint []string `json:"Entrypoint"`
	WorkingDir string   `json:"WorkingDir"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

// manifest is an entry of manifest.json.
type manifest struct {
	Config   string   `json:"Config"`
	RepoTags []string `json:"RepoTags"`
	Layers   []string `json:"Layers"`
}

// WriteFile packs the image into an archive at path. The same image yields the
// same bytes.
func WriteFile(path string, image Image) error {
	program, err := os.ReadFile(image.Program)
	if err != nil {
		return fmt.Errorf("pack image %s: %w", image.Ref, err)
	}
	partial := path + ".partial"
	file, err := os.Create(partial)
	if err != nil {
		return fmt.Errorf("pack image %s: %w", image.Ref, err)
	}
	defer file.Close()
	if err := write(file, image, program); err != nil {
		return fmt.Errorf("pack image %s: %w", image.Ref, err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("pack image %s: %w", image.Ref, err)
	}
	return os.Rename(partial, path)
}

func write(out io.Writer, image Image, program []byte) error {
	name := filepath.Base(image.Program)
	var layer bytes.Buffer
	if err := writeTar(&layer, entry{name, 0o755, program}); err != nil {
		return err
	}
	diffID := digest(layer.Bytes())
	configuration, err := json.Marshal(config{
		Architecture: runtime.GOARCH,
		OS:           "linux",
		Config:       process{User: image.User, Entrypoint: []string{"/" + name}, WorkingDir: "/"},
		RootFS:       rootFS{Type: "layers", DiffIDs: []string{"sha256:" + diffID}},
	})
	if err != nil {
		return err
	}
	configName := digest(configuration) + ".json"
	manifests, err := json.Marshal([]manifest{{Config: configName, RepoTags: []string{image.Ref}, Layers: []string{"layer.tar"}}})
	if err != nil {
		return err
	}
	return writeTar(out,
		entry{"manifest.json", 0o644, manifests},
		entry{configName, 0o644, configuration},
		entry{"layer.tar", 0o644, layer.Bytes()})
}

type entry struct {
	name    string
	mode    int64
	content []byte
}

func writeTar(out io.Writer, entries ...entry) error {
	writer := tar.NewWriter(out)
	for _, e := range entries {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: e.name, Mode: e.mode, Size: int64(len(e.content))}
		if err := writer.WriteHeader(header); err != nil {
			return err
		}
		if _, err := writer.Write(e.content); err != nil {
			return err
		}
	}
	return writer.Close()
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
