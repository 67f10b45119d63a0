// SPDX-License-Identifier: Apache-2.0

package watchlist

import (
	"archive/tar"
	"bytes"
	"strings"
	"testing"
)

// fuzz holds a parser to what must hold whatever it reads: the account agrees with what
// was emitted, records are canonical, and no error quotes what was read.
func fuzz(f *testing.F, format Format, seeds ...[]byte) {
	for _, s := range seeds {
		f.Add(s)
		f.Add(gzipOf(f, s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		limits := Limits{Bytes: 1 << 20, Depth: 16, Records: 1000, RecordBytes: 1 << 16, Memory: 8 << 20}
		got, acc, err := parseAll(format, Source{Reader: bytes.NewReader(in)}, limits)
		if len(got) != acc.Records || acc.Persons+acc.Entities+acc.Objects != acc.Records {
			t.Errorf("emitted %d, account %+v", len(got), acc)
		}
		for field, n := range acc.Missing {
			if n > acc.Persons {
				t.Errorf("%d of %d persons lack %s", n, acc.Persons, field)
			}
		}
		for i := range got {
			if len(got[i].ID) == 0 || len(got[i].Names)+len(got[i].Documents)+len(got[i].Fingerprints)+len(got[i].Faces) == 0 {
				t.Errorf("record %d cannot be named or found", i)
			}
		}
		if err != nil && strings.Contains(err.Error(), "Testova") {
			t.Errorf("the error quotes the list: %v", err)
		}
	})
}

func FuzzUNXML(f *testing.F)   { fuzz(f, UNXML, []byte(unList)) }
func FuzzOFACXML(f *testing.F) { fuzz(f, OFACXML, []byte(ofacXMLList)) }
func FuzzEUXML(f *testing.F)   { fuzz(f, EUXML, []byte(euList)) }
func FuzzFTMJSON(f *testing.F) { fuzz(f, FTMJSON, []byte(ftmFlat), []byte(ftmNested)) }
func FuzzOpenSanctionsCSV(f *testing.F) {
	fuzz(f, OpenSanctionsCSV, []byte(simpleList))
}

func FuzzOFACCSV(f *testing.F) {
	fuzz(f, OFACCSV, zipOf(f, ofacFolder), tarOf(f, ofacFolder, tar.TypeReg))
}

func FuzzFrontlineJSONL(f *testing.F) {
	fuzz(f, FrontlineJSONL, []byte(`{"id":"1","type":"Person","names":[{"full":"Ana Testova"}]}`), zipOf(f, map[string]string{"a": `{"id":"1","type":"Object","names":[{"full":"A"}]}`}))
}
