// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

const (
	// maxArchiveFiles bounds the entries of an archive.
	maxArchiveFiles = 1000
	// maxDirectory bounds the bytes read to open a zip, and so its directory in memory.
	maxDirectory = 1 << 20
)

var errOutside = errors.New("the archive holds a path that leads out of it")

// inside refuses names of archive entries that lead out of the archive.
func inside(name string) (string, error) {
	clean := path.Clean(name)
	if path.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../") || strings.ContainsAny(name, "\\\x00:") {
		return "", errOutside
	}
	return clean, nil
}

// directoryReader bounds what is read of a zip until it is open.
type directoryReader struct {
	io.ReaderAt
	left int
	open bool
}

func (d *directoryReader) ReadAt(p []byte, off int64) (int, error) {
	if !d.open {
		if d.left -= len(p); d.left < 0 {
			return 0, fmt.Errorf("a zip with more than %d bytes of directory: %w", maxDirectory, ErrLimit)
		}
	}
	return d.ReaderAt.ReadAt(p, off)
}

// openZip opens the zip that raw gives, or, where raw cannot be read in place, that in
// gives, held in memory. Entries are in order, folders left out, names checked.
func (a *account) openZip(raw, in io.Reader) ([]zipFile, error) {
	at, size, err := a.inPlace(raw, in)
	if err != nil {
		return nil, err
	}
	d := &directoryReader{ReaderAt: at, left: maxDirectory}
	zr, err := zip.NewReader(d, size)
	switch {
	case errors.Is(err, ErrLimit):
		return nil, err
	case err != nil && !errors.Is(err, zip.ErrInsecurePath):
		return nil, errors.New("the zip is damaged")
	case len(zr.File) > maxArchiveFiles:
		return nil, fmt.Errorf("more than %d files: %w", maxArchiveFiles, ErrLimit)
	}
	d.open = true
	var files []zipFile
	for _, f := range zr.File {
		if _, err := inside(f.Name); err != nil {
			return nil, err
		}
		switch {
		case f.Mode().IsDir():
		case !f.Mode().IsRegular():
			return nil, errors.New("the zip holds something that is neither a file nor a folder")
		case f.Flags&1 != 0:
			return nil, errors.New("the zip is encrypted")
		default:
			files = append(files, zipFile{f, min(int64(min(f.CompressedSize64, 1<<40)), size)})
		}
	}
	return files, nil
}

// inPlace returns random access to the content.
func (a *account) inPlace(raw, in io.Reader) (io.ReaderAt, int64, error) {
	if at, ok := raw.(interface {
		io.ReaderAt
		io.Seeker
	}); ok {
		size, err := at.Seek(0, io.SeekEnd)
		if err != nil {
			return nil, 0, errors.New("the zip cannot be read")
		}
		return at, size, nil
	}
	most := min(a.limits.Memory, a.limits.Bytes) / 2 // a buffer that grows stands there twice
	data, err := io.ReadAll(io.LimitReader(in, most+1))
	if err != nil {
		return nil, 0, errors.New("the zip cannot be read")
	}
	if int64(len(data)) > most {
		return nil, 0, fmt.Errorf("a zip of more than %d bytes that is no file: %w", most, ErrLimit)
	}
	return bytes.NewReader(data), int64(len(data)), a.hold(int64(len(data)))
}

// zipFile is an entry and how many bytes it can have at most in the archive.
type zipFile struct {
	*zip.File
	packed int64
}

// open reads an entry. The sizes an entry claims are not believed: the compressed ones
// are bounded by the archive's, and what comes out is counted.
func (f zipFile) open() (io.ReadCloser, error) {
	rc, err := f.File.Open()
	if err != nil {
		return nil, errors.New("the zip uses a method that is not read, or is damaged")
	}
	return struct {
		io.Reader
		io.Closer
	}{&inflated{r: rc, in: func() int64 { return f.packed }}, rc}, nil
}

// unzip opens the only file of a zip.
func (a *account) unzip(raw, in io.Reader) (io.Reader, error) {
	files, err := a.openZip(raw, in)
	if err != nil {
		return nil, err
	}
	if len(files) != 1 {
		return nil, fmt.Errorf("the zip holds %d files; the format is one file", len(files))
	}
	return files[0].open()
}
