// SPDX-License-Identifier: Apache-2.0

package feedkey

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func fixed() Key {
	var k Key
	for i := range k {
		k[i] = byte(i)
	}
	return k
}

// TestRecordHashIsPinned holds the format: names that are already in RecordRequests
// must find their record under every later build.
func TestRecordHashIsPinned(t *testing.T) {
	k := fixed()
	inner := hmac.New(sha256.New, k[:])
	inner.Write([]byte("frontline.feedkey/v1 record"))
	outer := hmac.New(sha256.New, inner.Sum(nil))
	outer.Write([]byte("t-1"))
	want := base64.RawURLEncoding.EncodeToString(outer.Sum(nil)[:16])
	if got := k.RecordHash("t-1"); got != want || len(got) != 22 {
		t.Errorf("got %s, want %s", got, want)
	}
	if k.RecordHash("t-1") != k.RecordKey().Hash("t-1") {
		t.Error("the record key hashes otherwise than the key")
	}
	if !IsRecordHash(want) || IsRecordHash(want[1:]) || IsRecordHash(want+"A") || IsRecordHash("t-1") || IsRecordHash(want[:21]+"_\n") {
		t.Error("IsRecordHash")
	}
}

func TestUsesAreApart(t *testing.T) {
	k, plain := fixed(), sha256.Sum256([]byte("layer"))
	other := k
	other[31]++
	seen := map[string]string{}
	for _, v := range []struct{ name, value string }{
		{"record", k.RecordHash("t-1")},
		{"another record", k.RecordHash("t-2")},
		{"record of another feed", other.RecordHash("t-1")},
		{"salt", string(k.Salt())},
		{"salt of another feed", string(other.Salt())},
		{"layer", k.LayerDigest("north", 1, plain)},
		{"layer of another epoch", k.LayerDigest("north", 2, plain)},
		{"layer of another region", k.LayerDigest("south", 1, plain)},
		{"another layer", k.LayerDigest("north", 1, sha256.Sum256(nil))},
		{"layer of another feed", other.LayerDigest("north", 1, plain)},
	} {
		if was, twice := seen[v.value]; twice {
			t.Errorf("%s is %s", v.name, was)
		}
		seen[v.value] = v.name
	}
	if k.LayerDigest("north", 1, plain) != fixed().LayerDigest("north", 1, plain) || !bytes.Equal(k.Salt(), fixed().Salt()) || len(k.Salt()) != 16 {
		t.Error("the same input gives another value")
	}
}

func TestParse(t *testing.T) {
	k := New()
	if k == New() {
		t.Fatal("two keys are the same")
	}
	if got, err := Parse(k[:]); err != nil || got != k {
		t.Errorf("parse: %v", err)
	}
	if _, err := Parse(k[:31]); !errors.Is(err, ErrSize) {
		t.Errorf("short key: %v", err)
	}
	if got, err := ParseRecordKey(k.RecordKey().Text()); err != nil || got != k.RecordKey() {
		t.Errorf("record key: %v", err)
	}
	for _, bad := range []string{"", "AAAA", "?", k.RecordKey().Text() + "A"} {
		if _, err := ParseRecordKey(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestKeysDoNotPrint(t *testing.T) {
	k := fixed()
	digits := hex.EncodeToString(k[:4])
	for _, verb := range []string{"%v", "%s", "%x", "%+v", "%#v", "%d"} {
		for _, v := range []any{k, &k, k.RecordKey(), struct{ K Key }{k}} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, digits) || strings.Contains(got, "0 1 2 3") || !strings.Contains(got, "key]") {
				t.Errorf("%s prints %s", verb, got)
			}
		}
	}
	if _, err := json.Marshal(struct{ K Key }{k}); err == nil {
		t.Error("a key became JSON")
	}
}

func BenchmarkRecordHash(b *testing.B) {
	k := fixed().RecordKey()
	b.ReportAllocs()
	for b.Loop() {
		k.Hash("t-100000")
	}
}
