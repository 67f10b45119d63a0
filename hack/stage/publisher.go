// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

// Publisher serves the files of a folder as a list's publisher does: over
// HTTP, with a strong ETag that follows the content.
type Publisher struct{ dir string }

// NewPublisher serves dir, which is made when it is missing.
func NewPublisher(dir string) (*Publisher, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // a folder of published files
		return nil, fmt.Errorf("publisher's folder: %w", err)
	}
	return &Publisher{dir: dir}, nil
}

// Publish replaces the file name with data in one step.
func (p *Publisher) Publish(name string, data []byte) error {
	return renameio.WriteFile(filepath.Join(p.dir, filepath.Base(name)), data, 0o644)
}

// listName is the file of a list that is one file.
const listName = "list"

// ListURL is where a feed finds the list that PublishList published below the
// publisher's base URL: a file, or the folder for a format of several.
func ListURL(base string, format watchlist.Format) string {
	if format == watchlist.OFACCSV {
		return base + "/"
	}
	return base + "/" + listName
}

// ListPath is the file that PublishList writes below a publisher's folder.
func ListPath(folder string) string { return filepath.Join(folder, listName) }

// PublishList publishes a list as ReadList returned it.
func (p *Publisher) PublishList(format watchlist.Format, list []byte) error {
	if format != watchlist.OFACCSV {
		return p.Publish(listName, list)
	}
	archive := tar.NewReader(bytes.NewReader(list))
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("publish list: %w", err)
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			return fmt.Errorf("publish list: %w", err)
		}
		if err := p.Publish(header.Name, data); err != nil {
			return err
		}
	}
}

// ServeHTTP implements http.Handler.
func (p *Publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, err := fs.ReadFile(os.DirFS(p.dir), filepath.Base(r.URL.Path))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	sum := sha256.Sum256(data)
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

// Serve answers on address until ctx ends.
func (p *Publisher) Serve(ctx context.Context, address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("publisher: %w", err)
	}
	server := &http.Server{Handler: p, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("publisher: %w", err)
	}
	return nil
}

// ReadList reads a publisher's list as it is served: a file as it is, a folder
// (ofac-csv) as a tar of its files.
func ReadList(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	if !info.IsDir() {
		return os.ReadFile(path) //nolint:gosec // the list that the user named
	}
	var buf bytes.Buffer
	archive := tar.NewWriter(&buf)
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() {
			continue
		}
		data, err := os.ReadFile(filepath.Join(path, entry.Name())) //nolint:gosec // a file of the user's folder
		if err != nil {
			return nil, fmt.Errorf("list: %w", err)
		}
		header := &tar.Header{Name: entry.Name(), Mode: 0o644, Size: int64(len(data)), Format: tar.FormatUSTAR}
		if err := archive.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("list: %w", err)
		}
		if _, err := archive.Write(data); err != nil {
			return nil, fmt.Errorf("list: %w", err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	return buf.Bytes(), nil
}
