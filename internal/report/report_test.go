// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/envelope"
	"github.com/frontline-screening/frontline/internal/report"
)

var at = time.Date(2026, 3, 1, 12, 0, 0, 500, time.UTC)

func key(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func public(k ed25519.PrivateKey) ed25519.PublicKey {
	p, _ := k.Public().(ed25519.PublicKey)
	return p
}

var digest = "sha256:" + strings.Repeat("0a", 32)

func sample() report.Report {
	return report.Report{
		Format: report.Format, Region: "north", RegionUID: "r", HubUID: "h", Incarnation: 2, Number: 5,
		Observed: &report.Observed{Term: 1, Sequence: 3, Digest: digest, Issued: at.Truncate(time.Second)},
		Feeds:    []report.Feed{{ID: "a.b", UID: "u", State: "Serve", Wanted: 2, Held: 1, Content: digest, Servers: 3}},
		Pools:    []report.Object{{Name: "p", UID: "u", Generation: 4, Status: json.RawMessage(`{"pods":"1/1"}`)}},
	}
}

func TestSignAndVerify(t *testing.T) {
	data, err := report.Sign(t.Context(), sample(), key(1), at)
	if err != nil {
		t.Fatal(err)
	}
	got, when, err := report.Verify(t.Context(), data, public(key(1)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), got); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	if want := at.Truncate(time.Second); !when.Equal(want) {
		t.Errorf("signed at %s, want %s", when, want)
	}
}

func TestVerifyRefuses(t *testing.T) {
	good, err := report.Sign(t.Context(), sample(), key(1), at)
	if err != nil {
		t.Fatal(err)
	}
	seal := func(payloadType, payload string) []byte {
		data, err := envelope.Sign(t.Context(), payloadType, []byte(payload), key(1))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var tampered map[string]any
	if err := json.Unmarshal(good, &tampered); err != nil {
		t.Fatal(err)
	}
	payload, err := base64.StdEncoding.DecodeString(tampered["payload"].(string))
	if err != nil {
		t.Fatal(err)
	}
	event := string(payload)
	tampered["payload"] = base64.StdEncoding.EncodeToString([]byte(strings.Replace(event, `"number":5`, `"number":6`, 1)))
	changed, err := json.Marshal(tampered)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := report.Sign(t.Context(), sample(), key(2), at)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"another key":     foreign,
		"changed payload": changed,
		"no envelope":     []byte("hello"),
		"empty":           nil,
		"another type":    seal("text/plain", event),
		"another event":   seal(report.PayloadType, strings.Replace(event, report.EventType, "other", 1)),
		"another version": seal(report.PayloadType, strings.Replace(event, `"specversion":"1.0"`, `"specversion":"0.3"`, 1)),
		"another format":  seal(report.PayloadType, strings.Replace(event, report.Format, "frontline.report/v2", 1)),
	} {
		if _, _, err := report.Verify(t.Context(), data, public(key(1))); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// A region that is newer than its hub is understood as far as the hub goes.
func TestVerifyPassesOverWhatItDoesNotKnow(t *testing.T) {
	data, err := report.Sign(t.Context(), sample(), key(1), at)
	if err != nil {
		t.Fatal(err)
	}
	event, err := envelope.Verify(t.Context(), report.PayloadType, data, public(key(1)))
	if err != nil {
		t.Fatal(err)
	}
	newer := strings.NewReplacer(`"number":5`, `"number":5,"new":{"a":1}`, `"specversion"`, `"more":"1","specversion"`).Replace(string(event))
	if data, err = envelope.Sign(t.Context(), report.PayloadType, []byte(newer), key(1)); err != nil {
		t.Fatal(err)
	}
	got, _, err := report.Verify(t.Context(), data, public(key(1)))
	if diff := cmp.Diff(sample(), got); err != nil || diff != "" {
		t.Errorf("error %v, report (-want +got):\n%s", err, diff)
	}
}

func TestVerifyRefusesForms(t *testing.T) {
	const person = "Synthetic Person, born 1970"
	tests := []struct {
		name string
		edit func(*report.Report)
		want string
	}{
		{"a sequence beyond all", func(r *report.Report) { r.Observed.Sequence = 1 << 62 }, "observed.sequence is not a count"},
		{"a negative release", func(r *report.Report) { r.Feeds[0].Held = -1 }, "feeds[0].held is not a count"},
		{"a negative number of pods", func(r *report.Report) { r.Feeds[0].Servers = -1 }, "feeds[0].servers is not a count"},
		{"a digest that is none", func(r *report.Report) { r.Observed.Digest = person }, "observed.digest has not the form"},
		{"content that is none", func(r *report.Report) { r.Feeds[0].Content = person }, "feeds[0].content has not the form"},
		{"a reason in prose", func(r *report.Report) { r.Feeds[0].Reason = person }, "feeds[0].reason has not the form"},
		{"an endless id", func(r *report.Report) { r.Feeds[0].ID = strings.Repeat("a", 1000) }, "feeds[0].id has not the form"},
		{"a pool of no name", func(r *report.Report) { r.Pools[0].Name = "" }, "pools[0].name has not the form"},
		{"a refusal in prose", func(r *report.Report) { r.Refusals = []report.Refusal{{Subject: "order", Reason: person}} }, "refusals[0].reason"},
		{"an endless subject", func(r *report.Report) {
			r.Refusals = []report.Refusal{{Subject: strings.Repeat(person, 20), Reason: "Foreign"}}
		}, "refusals[0].subject is longer than"},
		{"endless terms", func(r *report.Report) { r.Terms = &report.Terms{Feeds: []string{strings.Repeat(person, 20)}} }, "terms.feeds[0] is longer than"},
		{"an endless purpose", func(r *report.Report) {
			r.Terms = &report.Terms{Purposes: []string{"", strings.Repeat(person, 20)}}
		}, "terms.purposes[1] is longer than"},
		{"terms without end", func(r *report.Report) { r.Terms = &report.Terms{Feeds: make([]string, 1025)} }, "terms.feeds has more than 1024 entries"},
		{"an endless version", func(r *report.Report) { r.Versions.Agent = strings.Repeat(person, 20) }, "report: versions.agent is longer than"},
		{"a version in prose", func(r *report.Report) { r.Versions.Agent = person }, "report: versions.agent has not the form"},
		{"a level below all", func(r *report.Report) { r.Versions.Level = -1 }, "report: versions.level is not a count"},
		{"pods beyond all", func(r *report.Report) { r.Versions.Pods = 1 << 62 }, "report: versions.pods is not a count"},
		{"pools before posts", func(r *report.Report) {
			r.Pools, r.Posts = []report.Object{{}}, []report.Object{{}}
		}, "pools[0].name has not the form"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := sample()
			tt.edit(&r)
			data, err := report.Sign(t.Context(), r, key(1), at)
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = report.Verify(t.Context(), data, public(key(1)))
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), person) {
				t.Errorf("error is %v, want one that contains %q and nothing of the report", err, tt.want)
			}
		})
	}
}

// A region cuts its messages; one that does not is refused, and not quoted.
func TestMessagesHaveALimit(t *testing.T) {
	for name, set := range map[string]func(r *report.Report, message string){
		"feeds[0].message": func(r *report.Report, message string) { r.Feeds[0].Message = message },
		"refusals[0].message": func(r *report.Report, message string) {
			r.Refusals = []report.Refusal{{Reason: "Foreign", Message: message}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := sample()
			set(&r, strings.Repeat("ë", 1000))
			data, err := report.Sign(t.Context(), r, key(1), at)
			if err != nil {
				t.Fatal(err)
			}
			got, _, err := report.Verify(t.Context(), data, public(key(1)))
			if err != nil {
				t.Fatalf("a report with a long cause does not arrive: %v", err)
			}
			want := sample()
			set(&want, strings.Repeat("ë", 510)+"…")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}

			set(&r, "SHORT")
			if data, err = report.Sign(t.Context(), r, key(1), at); err != nil {
				t.Fatal(err)
			}
			event, err := envelope.Verify(t.Context(), report.PayloadType, data, public(key(1)))
			if err != nil {
				t.Fatal(err)
			}
			longer := bytes.Replace(event, []byte("SHORT"), bytes.Repeat([]byte("Synthetic Person "), 100), 1)
			if data, err = envelope.Sign(t.Context(), report.PayloadType, longer, key(1)); err != nil {
				t.Fatal(err)
			}
			_, _, err = report.Verify(t.Context(), data, public(key(1)))
			if err == nil || !strings.Contains(err.Error(), name+" is longer than") || strings.Contains(err.Error(), "Synthetic") {
				t.Errorf("error is %v, want one that names %s and quotes nothing", err, name)
			}
		})
	}
}

func TestAfter(t *testing.T) {
	r := report.Report{Incarnation: 2, Number: 5}
	tests := []struct {
		incarnation, number int64
		want                bool
	}{
		{2, 4, true}, {2, 5, false}, {2, 6, false}, {1, 99, true}, {3, 0, false}, {0, 0, true},
	}
	for _, tt := range tests {
		if got := r.After(tt.incarnation, tt.number); got != tt.want {
			t.Errorf("2.5 after %d.%d is %v, want %v", tt.incarnation, tt.number, got, tt.want)
		}
	}
}
