// SPDX-License-Identifier: Apache-2.0

package xmlscan

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// tokens spells a document's tokens, runs of text joined.
func tokens(in io.Reader) (string, error) {
	s := New(in, Limits{Token: 1 << 16, Depth: 64})
	var out, text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			out.WriteString("T" + text.String() + "\x00")
			text.Reset()
		}
	}
	for {
		k, err := s.Next()
		if err != nil {
			return "", err
		}
		if k == Text {
			text.Write(s.Text())
			continue
		}
		flush()
		switch k {
		case EOF:
			return out.String(), nil
		case Start:
			out.WriteString("<" + s.Name())
			for _, a := range s.Attrs() {
				out.WriteString(" " + a.Name + "=" + string(a.Value))
			}
			out.WriteString("\x00")
		case End:
			out.WriteString(">" + s.Name() + "\x00")
		}
	}
}

// reference spells the same with encoding/xml.
func standard(in string) (string, error) {
	dec := xml.NewDecoder(strings.NewReader(in))
	var out, text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			out.WriteString("T" + text.String() + "\x00")
			text.Reset()
		}
	}
	full := func(n xml.Name) string {
		if n.Space != "" {
			return n.Space + ":" + n.Local
		}
		return n.Local
	}
	depth, root := 0, ""
	var open []string
	for {
		tok, err := dec.RawToken()
		if errors.Is(err, io.EOF) && depth == 0 {
			flush()
			return out.String(), nil
		}
		if err != nil {
			return "", err
		}
		switch t := tok.(type) {
		case xml.CharData:
			if depth > 0 {
				text.Write(t)
			}
		case xml.StartElement:
			flush()
			if depth == 0 {
				root = t.Name.Space
			}
			if t.Name.Space != root {
				return "", errors.New("prefix")
			}
			out.WriteString("<" + t.Name.Local)
			for _, a := range t.Attr {
				if name := full(a.Name); name != "xmlns" && !strings.HasPrefix(name, "xmlns:") {
					out.WriteString(" " + name + "=" + a.Value)
				}
			}
			out.WriteString("\x00")
			open = append(open, full(t.Name))
			depth++
		case xml.EndElement:
			flush()
			out.WriteString(">" + t.Name.Local + "\x00")
			if depth == 0 || open[depth-1] != full(t.Name) {
				return "", errors.New("end tag")
			}
			depth--
			open = open[:depth]
		}
	}
}

var documents = []string{
	`<a/>`,
	"\ufeff<?xml version=\"1.0\" encoding=\"utf-8\" standalone='yes'?>\r\n<!-- c --><a x=\"1\" y='&lt;&#x41;&#66;\"'>t &amp; u<b/>\r\nv\rw<![CDATA[<&]]>]]</a >\n<?p i?><!---->",
	`<n:a xmlns:n="urn:x" xmlns:o="urn:y" o:b="c"><n:d>Ана 日本</n:d></n:a>`,
	`<a xmlns="urn:x"><b xmlns="urn:x">]]</b></a>`,
	"<a\n b = 'c>d' ></a>",
}

func TestTokensAreThoseOfTheStandardLibrary(t *testing.T) {
	for _, doc := range documents {
		want, err := standard(doc)
		if err != nil {
			t.Fatal(err)
		}
		for name, in := range map[string]io.Reader{
			"whole": strings.NewReader(doc), "byte by byte": iotest.OneByteReader(strings.NewReader(doc)), "data with the end": iotest.DataErrReader(strings.NewReader(doc)),
		} {
			got, err := tokens(in)
			if err != nil {
				t.Errorf("%s: %q: %v", name, doc, err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s: %s", name, d)
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		want     error
	}{
		{"nothing", " \n", ErrEmpty},
		{"DTD", `<!DOCTYPE a><a/>`, ErrDTD},
		{"DTD within", `<a><!ENTITY x "y"></a>`, ErrDTD},
		{"entity", `<a>&x;</a>`, ErrSyntax},
		{"entity in an attribute", `<a b="&x;"/>`, ErrSyntax},
		{"reference to no character", `<a>&#0;</a>`, ErrSyntax},
		{"bare ampersand", `<a>b & c</a>`, ErrSyntax},
		{"encoding", `<?xml version="1.0" encoding="latin1"?><a/>`, ErrCharset},
		{"version", `<?xml version="1.1"?><a/>`, ErrSyntax},
		{"late declaration", `<!-- c --><?xml version="1.0"?><a/>`, ErrSyntax},
		{"cut in an element", `<a><b>c`, ErrEnd},
		{"cut in a tag", `<a b="`, ErrEnd},
		{"cut in a comment", `<a><!-- `, ErrEnd},
		{"wrong end", `<a></b>`, ErrSyntax},
		{"end too many", `<a/></a>`, ErrSyntax},
		{"two roots", `<a/><b/>`, ErrSyntax},
		{"text outside", `<a/>b`, ErrSyntax},
		{"CDATA outside", `<![CDATA[ ]]><a/>`, ErrSyntax},
		{"attribute twice", `<a b="1" b="2"/>`, ErrSyntax},
		{"attribute without quotes", `<a b=1/>`, ErrSyntax},
		{"attributes joined", `<a b="1"c="2"/>`, ErrSyntax},
		{"tag in attribute", `<a b="<"/>`, ErrSyntax},
		{"tag in tag", `<a <b>`, ErrSyntax},
		{"hyphens", `<a><!-- -- --></a>`, ErrSyntax},
		{"CDATA's end", `<a>]]></a>`, ErrSyntax},
		{"control", "<a>\x01</a>", ErrSyntax},
		{"NUL", "<a>\x00</a>", ErrSyntax},
		{"UTF-8", "<a>\xff</a>", ErrSyntax},
		{"UTF-8 in a comment", "<a><!--\xff--></a>", ErrSyntax},
		{"name", `<é/>`, ErrSyntax},
		{"colon before a name", `<a :b="c"/>`, ErrSyntax},
		{"colon behind a name", `<a b:="c"/>`, ErrSyntax},
		{"two colons", `<a b:c:d="e"/>`, ErrSyntax},
		{"other prefix", `<a xmlns:b="c"><b:d/></a>`, ErrSyntax},
		{"other namespace", `<a xmlns="b"><c xmlns="d"/></a>`, ErrSyntax},
		{"depth", strings.Repeat("<a>", 65), ErrDepth},
		{"long text", "<a>" + strings.Repeat("b", 1<<17) + "</a>", ErrToken},
		{"long tag", "<a " + strings.Repeat(" ", 1<<17) + "/>", ErrToken},
		{"long comment", "<a><!-- " + strings.Repeat(" ", 1<<17) + "--></a>", ErrToken},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := tokens(strings.NewReader(tc.in)); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
	if _, err := tokens(iotest.ErrReader(io.ErrClosedPipe)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a reader's error: %v", err)
	}
}

func TestPosition(t *testing.T) {
	s := New(strings.NewReader("<a>\n\n<b/>\n</a>"), Limits{Token: 1024, Depth: 4})
	for range 3 {
		if _, err := s.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if s.Name() != "b" || s.Line() != 3 || s.Offset() != 9 || s.Depth() != 2 {
		t.Errorf("%s: line %d, offset %d, depth %d", s.Name(), s.Line(), s.Offset(), s.Depth())
	}
}

func FuzzScanner(f *testing.F) {
	for _, doc := range documents {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := tokens(bytes.NewReader(in))
		if err != nil {
			return
		}
		want, err := standard(strings.TrimPrefix(string(in), "\ufeff"))
		if err != nil {
			t.Fatalf("encoding/xml refuses: %v", err)
		}
		if got != want {
			t.Errorf("%q and %q", got, want)
		}
	})
}

// BenchmarkScanner and BenchmarkStandard read the same document.
func BenchmarkScanner(b *testing.B) {
	b.SetBytes(int64(len(large)))
	for b.Loop() {
		s := New(strings.NewReader(large), Limits{Token: 1 << 16, Depth: 64})
		for k := Start; k != EOF; {
			var err error
			if k, err = s.Next(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkStandard(b *testing.B) {
	b.SetBytes(int64(len(large)))
	for b.Loop() {
		dec := xml.NewDecoder(strings.NewReader(large))
		for {
			if _, err := dec.RawToken(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}

var large = "<a>" + strings.Repeat("<INDIVIDUAL><FIRST_NAME>Ana</FIRST_NAME><GENDER>Female</GENDER>\n<ALIAS quality=\"Good\">Ана Тестова</ALIAS></INDIVIDUAL>\n", 5000) + "</a>"
