// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
)

// rows reads comma-separated values (RFC 4180) row by row, each within the limit of a
// record.
type rows struct {
	acc  *account
	file string // named in errors; empty where the format has one file
	dec  *csv.Reader
	in   *rowReader
	most int
	line int // of the last row
}

// rowReader bounds what one row reads.
type rowReader struct {
	r    io.Reader
	left int
}

// readAhead is what encoding/csv reads ahead of the row.
const readAhead = 64 << 10

func (r *rowReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if r.left -= n; r.left < 0 {
		return 0, errLongRow
	}
	return n, err
}

var errLongRow = fmt.Errorf("a row longer than a record may be: %w", ErrLimit)

func (a *account) newRows(r io.Reader, file string) *rows {
	// A row of empty columns takes some ten times its size in memory.
	most := int(min(int64(a.limits.RecordBytes), a.limits.Memory/16)) + readAhead
	in := &rowReader{r: r, left: most}
	buf := bufio.NewReaderSize(in, readAhead)
	if head, _ := buf.Peek(len(byteOrderMark)); string(head) == byteOrderMark {
		_, _ = buf.Discard(len(byteOrderMark))
	}
	dec := csv.NewReader(buf)
	dec.FieldsPerRecord = -1
	dec.ReuseRecord = true
	return &rows{acc: a, file: file, dec: dec, in: in, most: most}
}

// next returns the next row, valid until the one after, and its line; io.EOF at the end.
func (r *rows) next() ([]string, int, error) {
	r.in.left = r.most
	row, err := r.dec.Read()
	if err != nil {
		if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			err = r.at(parse.Line, parse.Err)
		} else if !errors.Is(err, io.EOF) {
			err = r.at(r.line+1, err)
		}
		return nil, 0, err
	}
	r.line, _ = r.dec.FieldPos(0)
	if err := checkUTF8(row...); err != nil {
		return nil, 0, r.at(r.line, err)
	}
	return row, r.line, nil
}

// at names file and line of an error.
func (r *rows) at(line int, err error) error {
	if r.file == "" {
		return fmt.Errorf("line %d: %w", line, err)
	}
	return fmt.Errorf("%s: line %d: %w", r.file, line, err)
}
