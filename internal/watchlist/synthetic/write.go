// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"archive/tar"
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

// Write writes the list as its publisher would: one file, for ofac-csv a tar of the
// folder. A format leaves out what it cannot say.
func (s *Set) Write(w io.Writer, format watchlist.Format, date time.Time) error {
	out := bufio.NewWriterSize(w, 1<<16)
	var err error
	switch format {
	case watchlist.FrontlineJSONL:
		err = s.writeJSONL(out)
	case watchlist.UNXML:
		s.writeUN(out, date)
	case watchlist.OFACXML:
		s.writeOFACXML(out, date)
	case watchlist.OFACCSV:
		err = s.writeOFACTar(out, date)
	case watchlist.EUXML:
		s.writeEU(out, date)
	case watchlist.FTMJSON:
		err = s.writeFTM(out, date)
	case watchlist.OpenSanctionsCSV:
		err = s.writeSimple(out, date)
	default:
		err = fmt.Errorf("no synthetic list in format %q", format)
	}
	if err != nil {
		return err
	}
	return out.Flush()
}

// Bytes is Write into memory.
func (s *Set) Bytes(format watchlist.Format, date time.Time) ([]byte, error) {
	var b bytes.Buffer
	err := s.Write(&b, format, date)
	return b.Bytes(), err
}

func (s *Set) writeJSONL(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for r := range s.All() {
		if err := enc.Encode(&r); err != nil {
			return err
		}
	}
	return nil
}

// OFACFolder returns the files of ofac-csv by name.
func (s *Set) OFACFolder() map[string][]byte {
	var sdn, alt, add bytes.Buffer
	for i := range s.n {
		writeOFACRow(&sdn, &alt, &add, s.At(i), i)
	}
	files := map[string][]byte{}
	for name, b := range map[string]*bytes.Buffer{"sdn.csv": &sdn, "alt.csv": &alt, "add.csv": &add} {
		b.WriteByte(0x1a)
		files[name] = b.Bytes()
	}
	return files
}

func (s *Set) writeOFACTar(w io.Writer, date time.Time) error {
	files := s.OFACFolder()
	tw := tar.NewWriter(w)
	for _, name := range []string{"sdn.csv", "alt.csv", "add.csv"} {
		h := &tar.Header{Name: name, Size: int64(len(files[name])), Mode: 0o644, ModTime: date, Format: tar.FormatUSTAR}
		if err := tw.WriteHeader(h); err != nil {
			return err
		}
		if _, err := tw.Write(files[name]); err != nil {
			return err
		}
	}
	return tw.Close()
}
