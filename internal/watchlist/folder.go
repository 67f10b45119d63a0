// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// A member is one file of a folder or archive. It is opened when it is read.
type member func() (io.ReadCloser, error)

// members are the files of a list by name in lower case.
type members map[string]member

var ofacNames = map[string]bool{"sdn.csv": true, "alt.csv": true, "add.csv": true, "sdn_comments.csv": true}

// ofacFiles finds the files of the folder, or of the tar or zip of it. Names are
// compared without case; other files are counted and left aside.
func (a *account) ofacFiles(src Source) (members, error) {
	files := members{}
	switch {
	case src.FS != nil && src.Reader == nil:
		return files, a.filesOfFS(src.FS, files)
	case src.Reader == nil:
		return nil, errors.New("no source given")
	}
	in := bufio.NewReader(src.Reader)
	head, _ := in.Peek(512)
	switch {
	case bytes.HasPrefix(head, magicZip):
		return files, a.filesOfZip(src.Reader, in, files)
	case len(head) == 512 && bytes.HasPrefix(head[257:], []byte("ustar")):
		return files, a.filesOfTar(in, files)
	}
	return nil, errors.New("neither a zip nor an uncompressed tar of the folder")
}

// add notes one file of the list.
func (a *account) add(files members, name string, open member) error {
	clean, err := inside(name)
	if err != nil {
		return err
	}
	base := strings.ToLower(path.Base(clean))
	switch {
	case !ofacNames[base]:
		a.ignore("other files")
	case files[base] != nil:
		return fmt.Errorf("%s is there twice", base)
	default:
		files[base] = open
	}
	return nil
}

func (a *account) filesOfFS(folder fs.FS, files members) error {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return errors.New("the folder cannot be read")
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		err := a.add(files, e.Name(), func() (io.ReadCloser, error) {
			f, err := folder.Open(e.Name())
			if err != nil {
				return nil, errors.New("a file of the folder cannot be opened")
			}
			return f, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *account) filesOfZip(raw, in io.Reader, files members) error {
	entries, err := a.openZip(raw, in)
	if err != nil {
		return err
	}
	for _, f := range entries {
		if err := a.add(files, f.Name, f.open); err != nil {
			return err
		}
	}
	return nil
}

// filesOfTar holds the files in memory: a tar is read from front to back, and the
// files come in any order.
func (a *account) filesOfTar(in io.Reader, files members) error {
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
		if !ofacNames[strings.ToLower(path.Base(h.Name))] {
			if err := a.add(files, h.Name, nil); err != nil {
				return err
			}
			continue
		}
		// The header's size is the truth of a tar, so the buffer never grows.
		if h.Size > a.limits.Bytes {
			return fmt.Errorf("more than %d bytes: %w", a.limits.Bytes, ErrLimit)
		}
		if err := a.hold(h.Size); err != nil {
			return err
		}
		data := make([]byte, h.Size)
		if _, err := io.ReadFull(tr, data); err != nil {
			return errors.New("the tar is damaged or too large")
		}
		err = a.add(files, h.Name, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil })
		if err != nil {
			return err
		}
	}
}
