// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// endless repeats a body after a head, to a size; numbered bodies get a number in the
// place of #. It measures the heap at each read.
type endless struct {
	head, body    string
	size, written int
	n             int
	rest          string
	peak          *heap
	begun         bool
}

type heap struct {
	base, peak uint64
}

func (h *heap) measure() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	h.peak = max(h.peak, m.HeapAlloc)
}

func (e *endless) Read(p []byte) (int, error) {
	e.peak.measure()
	if e.written >= e.size {
		return 0, io.EOF
	}
	if !e.begun {
		e.begun, e.rest = true, e.head
	}
	n := 0
	for n < len(p) {
		if e.rest == "" {
			e.n++
			e.rest = strings.ReplaceAll(e.body, "#", strconv.Itoa(e.n))
		}
		c := copy(p[n:], e.rest)
		e.rest = e.rest[c:]
		n += c
	}
	e.written += n
	return n, nil
}

// Seek goes back to the beginning, which is all that ftm-json asks for.
func (e *endless) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence == io.SeekEnd {
		return 0, errors.New("not here")
	}
	if whence == io.SeekStart {
		*e = endless{head: e.head, body: e.body, size: e.size, peak: e.peak}
	}
	return 0, nil
}

// TestMemory parses content made to fill memory, far more of it than the limit, and
// measures the heap all the while: garbage included, it stays within twice the limit.
func TestMemory(t *testing.T) {
	const limit, size = 8 << 20, 24 << 20
	limits := Limits{Memory: limit, RecordBytes: 2 << 20}
	record := `{"id":"t-#","type":"Person","names":[{"full":"Ana Testova"}]}` + "\n"
	for _, tc := range []struct {
		name       string
		format     Format
		head, body string
		unlimited  bool // harmless: it is read to its end
	}{
		{name: "many records", format: FrontlineJSONL, body: record, unlimited: true},
		{name: "many records", format: UNXML, head: unHead + "<INDIVIDUALS>", body: "<INDIVIDUAL><REFERENCE_NUMBER>t-#</REFERENCE_NUMBER><FIRST_NAME>Ana</FIRST_NAME></INDIVIDUAL>\n", unlimited: true},
		{name: "many records", format: OpenSanctionsCSV, head: "id,schema,name\n", body: "t-#,Person,Ana\n", unlimited: true},
		{name: "one long line", format: FrontlineJSONL, body: " "},
		{name: "names without end", format: FrontlineJSONL, head: `{"names":[`, body: `{},`},
		{name: "elements without end", format: UNXML, head: unHead + "<INDIVIDUALS><INDIVIDUAL>", body: "<A/>"},
		{name: "distinct elements", format: UNXML, head: unHead + "<INDIVIDUALS><INDIVIDUAL>", body: "<A#>x</A#>"},
		{name: "text without end", format: OFACXML, head: ofacHead + "<sdnEntry><uid>", body: "x"},
		{name: "attributes without end", format: EUXML, head: euHead + "<sanctionEntity>", body: `<a b="1" c="2" d="3" e="4"/>`},
		{name: "open elements", format: EUXML, head: euHead, body: "<sanctionEntity>"},
		{name: "comment", format: EUXML, head: "<!--", body: " x"},
		{name: "distinct ignored elements", format: EUXML, head: euHead, unlimited: true,
			body: `<sanctionEntity logicalId="#"><subjectType code="person"/><nameAlias wholeName="A"/><x#>y</x#></sanctionEntity>`},
		{name: "links to many holders", format: FTMJSON, body: `{"id":"p#","schema":"Passport","properties":{"holder":["t#"],"number":["#"]}}` + "\n"},
		{name: "links to one holder", format: FTMJSON, body: `{"id":"p#","schema":"Passport","properties":{"holder":["t"],"number":["1"]}}` + "\n"},
		{name: "properties without end", format: FTMJSON, head: `{"id":"1","schema":"Person","properties":{`, body: `"#":[],`},
		{name: "values without end", format: FTMJSON, head: `{"id":"1","schema":"Person","properties":{"name":[`, body: `"a",`},
		{name: "fields without end", format: FTMJSON, head: `{"id":"1","schema":"Person"`, body: `,"#":0`},
		{name: "nested without end", format: FTMJSON, head: `{"id":"1","schema":"Person","properties":{"a":[`, body: `{"schema":"x"},`},
		{name: "a line of names", format: FrontlineJSONL, body: `{"names":[` + strings.Repeat(`{},`, 1<<19) + `{}]}` + "\n"},
		{name: "a line of properties", format: FTMJSON, body: `{"id":"1","schema":"Person","properties":{` + distinct(1<<17, `:[],`) + "\n"},
		{name: "a line of values", format: FTMJSON, body: `{"id":"1","schema":"Person","properties":{"a":[` + strings.Repeat(`"",`, 1<<19) + "\n"},
		{name: "a line of nested", format: FTMJSON, body: `{"id":"1","schema":"Person","properties":{"a":[` + strings.Repeat(`{"schema":"x"},`, 1<<17) + "\n"},
		{name: "a line of unknown fields", format: FTMJSON, body: `{"id":"1","x":{` + distinct(1<<17, `:0,`) + "\n"},
		{name: "distinct schemata", format: OpenSanctionsCSV, head: "id,schema,name\n", body: "#,S#,a\n", unlimited: true},
		{name: "columns without end", format: OpenSanctionsCSV, head: "id,schema,name", body: ",a#"},
		{name: "quote without end", format: OpenSanctionsCSV, head: "id,schema,name\n\"", body: "a\n"},
	} {
		t.Run(string(tc.format)+" "+tc.name, func(t *testing.T) {
			peak := startHeap()
			src := Source{Reader: &endless{head: tc.head, body: tc.body, size: size, peak: peak}}
			account, err := Parse(context.Background(), tc.format, src, limits, func(Record) error { return nil })
			peak.measure()
			peak.check(t, limit)
			if tc.unlimited && errors.Is(err, ErrLimit) {
				t.Error(err)
			}
			if !tc.unlimited && !errors.Is(err, ErrLimit) {
				t.Errorf("got %v after %d bytes, want a limit", err, account.Bytes)
			}
		})
	}
}

// distinct repeats a text behind distinct keys.
func distinct(n int, text string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "\"%x\"%s", i, text)
	}
	return b.String()
}

// TestMemoryOfFolders is the same for ofac-csv, which joins aliases to entities.
func TestMemoryOfFolders(t *testing.T) {
	const limit = 16 << 20
	rows := strings.Repeat(`#,1,"aka","A",-0- `+"\r\n", 1<<20)
	folder := fstest.MapFS{}
	for name, text := range ofacFolder {
		folder[name] = &fstest.MapFile{Data: []byte(text)}
	}
	folder["alt.csv"] = &fstest.MapFile{Data: []byte(rows)}
	peak := startHeap()
	n := 0
	_, err := Parse(context.Background(), OFACCSV, Source{FS: folder}, Limits{Memory: limit}, func(Record) error { n++; return nil })
	peak.measure()
	peak.check(t, limit)
	if !errors.Is(err, ErrLimit) || n != 0 {
		t.Errorf("got %v and %d records, want a limit", err, n)
	}
}

func startHeap() *heap {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return &heap{base: m.HeapAlloc, peak: m.HeapAlloc}
}

func (h *heap) check(t *testing.T, limit uint64) {
	t.Helper()
	if used := h.peak - h.base; used > 2*limit {
		t.Errorf("the heap grew by %d bytes, limit %d", used, limit)
	} else {
		t.Logf("the heap grew by %d of %d bytes", used, limit)
	}
}
