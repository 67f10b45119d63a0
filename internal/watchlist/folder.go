// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

const (
	// maxArchiveFiles bounds the entries of an archive.
	maxArchiveFiles = 1000
	// maxRatio bounds how much a zip's entry may grow: text rarely exceeds 20.
	maxRatio = 200
)

var ofacNames = map[string]bool{"sdn.csv": true, "alt.csv": true, "add.csv": true, "sdn_comments.csv": true}

// ofacFiles reads the files of the folder, or of the tar or zip of it. Names are
// compared without case; other files are counted and left aside.
func (a *account) ofacFiles(src Source) (map[string]io.Reader, error) {
	files := map[string]io.Reader{}
	switch {
	case src.FS != nil && src.Reader == nil:
		return files, a.filesOfFS(src.FS, files)
	case src.Reader == nil:
		return nil, errors.New("no source given")
	}
	in := bufio.NewReader(src.Reader)
	head, _ := in.Peek(512)
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return files, a.filesOfZip(in, files)
	case len(head) == 512 && bytes.HasPrefix(head[257:], []byte("ustar")):
		return files, a.filesOfTar(in, files)
	}
	return nil, errors.New("neither a zip nor an uncompressed tar of the folder")
}

// keep reads one file into memory, within the limits of the list.
func (a *account) keep(files map[string]io.Reader, name string, r io.Reader) error {
	clean := path.Clean(name)
	if path.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../") || strings.ContainsAny(name, "\\\x00") {
		return errors.New("the archive holds a path that leads out of it")
	}
	base := strings.ToLower(path.Base(clean))
	if !ofacNames[base] {
		a.Ignored["other files"]++
		return nil
	}
	if files[base] != nil {
		return fmt.Errorf("%s is there twice", base)
	}
	// Files are read whole because entities are joined across them; the record
	// allowance does not apply to a file.
	a.spare = a.limits.Bytes + slack
	data, err := io.ReadAll(meter{a, r})
	if err != nil {
		return fmt.Errorf("%s: %w", base, err)
	}
	files[base] = bytes.NewReader(data)
	return nil
}

func (a *account) filesOfFS(folder fs.FS, files map[string]io.Reader) error {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return errors.New("the folder cannot be read")
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		f, err := folder.Open(e.Name())
		if err != nil {
			return errors.New("a file of the folder cannot be opened")
		}
		err = a.keep(files, e.Name(), f)
		_ = f.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *account) filesOfTar(in io.Reader, files map[string]io.Reader) error {
	tr := tar.NewReader(io.LimitReader(in, a.limits.Bytes+1))
	for n := 0; ; n++ {
		h, err := tr.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return errors.New("the tar is damaged or too large")
		case n >= maxArchiveFiles:
			return fmt.Errorf("more than %d files: %w", maxArchiveFiles, ErrLimit)
		case h.Typeflag == tar.TypeDir:
			continue
		case h.Typeflag != tar.TypeReg:
			return errors.New("the tar holds something that is neither a file nor a folder")
		}
		if err := a.keep(files, h.Name, tr); err != nil {
			return err
		}
	}
}

func (a *account) filesOfZip(in io.Reader, files map[string]io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(in, a.limits.Bytes+1))
	if err != nil {
		return errors.New("the zip cannot be read")
	}
	if int64(len(data)) > a.limits.Bytes {
		return fmt.Errorf("more than %d bytes: %w", a.limits.Bytes, ErrLimit)
	}
	zr, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return errors.New("the zip is damaged")
	}
	if len(zr.File) > maxArchiveFiles {
		return fmt.Errorf("more than %d files: %w", maxArchiveFiles, ErrLimit)
	}
	for _, f := range zr.File {
		if f.Mode().IsDir() {
			continue
		}
		if !f.Mode().IsRegular() {
			return errors.New("the zip holds something that is neither a file nor a folder")
		}
		rc, err := f.Open()
		if err != nil {
			return errors.New("the zip uses a method that is not read")
		}
		// The size an entry claims is not believed: what comes out is counted.
		most := int64(f.CompressedSize64)*maxRatio + slack
		limited := &io.LimitedReader{R: rc, N: most}
		err = a.keep(files, f.Name, limited)
		_ = rc.Close()
		if err != nil {
			return err
		}
		if limited.N <= 0 {
			return fmt.Errorf("a file of the zip grows more than %d times: %w", maxRatio, ErrLimit)
		}
	}
	return nil
}
