// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// get asks a publisher for a path and returns status, ETag and body.
func get(t *testing.T, p *Publisher, path, ifNoneMatch string) (status int, etag, body string) {
	t.Helper()
	request := httptest.NewRequest(http.MethodGet, path, nil)
	request.Header.Set("If-None-Match", ifNoneMatch)
	recorder := httptest.NewRecorder()
	p.ServeHTTP(recorder, request)
	data, err := io.ReadAll(recorder.Body)
	if err != nil {
		t.Fatal(err)
	}
	return recorder.Code, recorder.Header().Get("ETag"), string(data)
}

func TestPublisherServesWhatChanged(t *testing.T) {
	p, err := NewPublisher(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.PublishList(watchlist.UNXML, []byte("one")); err != nil {
		t.Fatal(err)
	}
	status, etag, body := get(t, p, "/list", "")
	if status != http.StatusOK || body != "one" {
		t.Fatalf("%d %q", status, body)
	}
	if status, _, _ := get(t, p, "/list", etag); status != http.StatusNotModified {
		t.Errorf("an unchanged list answers %d", status)
	}
	if err := p.PublishList(watchlist.UNXML, []byte("two")); err != nil {
		t.Fatal(err)
	}
	if status, _, body := get(t, p, "/list", etag); status != http.StatusOK || body != "two" {
		t.Errorf("a changed list answers %d %q", status, body)
	}
	if status, _, _ := get(t, p, "/../secret", ""); status != http.StatusNotFound {
		t.Errorf("a path outside the folder answers %d", status)
	}
}

func TestFolderListsTravelAsTheirFiles(t *testing.T) {
	folder := t.TempDir()
	files := map[string]string{
		"sdn.csv": `9999990,"SAMPLE, Synthetic","individual","SAMPLE",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ` + "\r\n",
		"alt.csv": "", "add.csv": "",
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := ReadList(folder)
	if err != nil {
		t.Fatal(err)
	}
	extended, err := Extend(watchlist.OFACCSV, list)
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []struct {
		list []byte
		want int
	}{{list, 1}, {extended, 2}} {
		parsed, err := ParseList(t.Context(), watchlist.OFACCSV, version.list)
		if err != nil || len(parsed) != version.want {
			t.Errorf("%d records, want %d: %v", len(parsed), version.want, err)
		}
	}
	p, err := NewPublisher(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.PublishList(watchlist.OFACCSV, extended); err != nil {
		t.Fatal(err)
	}
	if status, _, body := get(t, p, "/sdn.csv", ""); status != http.StatusOK || strings.Count(body, "\n") != 2 {
		t.Errorf("sdn.csv answers %d with %d lines", status, strings.Count(body, "\n"))
	}
}

func TestCastTellsVersionsApart(t *testing.T) {
	parse := func(first, last int) List {
		data, err := SyntheticList(first, last, time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		list, err := ParseList(t.Context(), watchlist.UNXML, data)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	roles := map[string]int{}
	for _, traveller := range Cast(parse(1, 20), parse(3, 23), screen.PurposeBorderControl) {
		roles[traveller.Role]++
		if both := traveller.Before != "" && traveller.After != ""; both != (traveller.Role == "on both versions") {
			t.Errorf("%s: before %q, after %q", traveller.Role, traveller.Before, traveller.After)
		}
	}
	for _, role := range []string{"on both versions", "added later", "removed later", "on no list"} {
		if roles[role] != 2 {
			t.Errorf("%d travellers are %s", roles[role], role)
		}
	}
}

func TestCheckOfAnswers(t *testing.T) {
	candidate := screen.Answer{Outcome: screen.Candidates, Candidates: []screen.Candidate{{Record: "SYi.001"}}}
	none := screen.Answer{Outcome: screen.NoCandidate}
	for _, test := range []struct {
		name           string
		answer         screen.Answer
		due, forbidden string
		right          bool
	}{
		{"due and there", candidate, "SYi.001", "", true},
		{"due and missing", none, "SYi.001", "", false},
		{"gone and gone", none, "", "SYi.001", true},
		{"gone and there", candidate, "", "SYi.001", false},
		{"another record is no matter", candidate, "", "SYi.002", true},
		{"on no list", none, "", "", true},
		{"on no list and met", candidate, "", "", false},
		{"not searched", screen.Answer{Outcome: screen.Incomplete}, "", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := Check(test.answer, test.due, test.forbidden); (err == nil) != test.right {
				t.Errorf("Check says %v", err)
			}
		})
	}
}
