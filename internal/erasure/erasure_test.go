// SPDX-License-Identifier: Apache-2.0

package erasure_test

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/frontline-screening/frontline/internal/erasure"
)

func record(n int) string { return fmt.Sprintf("%022d", n) }

func entry(feed string, n int) erasure.Entry {
	return erasure.Entry{Feed: feed, Record: record(n), Request: fmt.Sprintf("request-%d", n)}
}

func ledger(t testing.TB, entries ...erasure.Entry) erasure.Ledger {
	t.Helper()
	var l erasure.Ledger
	for _, e := range entries {
		var err error
		if l, err = l.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func TestLedgerRoundTrip(t *testing.T) {
	l := ledger(t, entry("intl.a", 1), entry("intl.b", 2), entry("intl.a", 1))
	if l.Version() != 2 {
		t.Errorf("version is %d; the same record twice is one entry", l.Version())
	}
	data, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := erasure.DecodeLedger(data)
	if diff := cmp.Diff(l, back); err != nil || diff != "" {
		t.Errorf("%v, difference (-want +got):\n%s", err, diff)
	}
	if !back.Has("intl.b", record(2)) || back.Has("intl.b", record(1)) || len(back.Of("intl.a")) != 1 {
		t.Errorf("the ledger read back is %+v", back)
	}
}

// Whatever two hubs recorded apart, nothing erased is forgotten, and the order
// of the merge does not matter for what is erased.
func TestMergeForgetsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) erasure.Ledger {
			var l erasure.Ledger
			for _, n := range rapid.SliceOfN(rapid.IntRange(0, 20), 0, 15).Draw(t, name) {
				next, err := l.Add(entry([]string{"x.a", "x.b"}[n%2], n))
				if err != nil {
					t.Fatal(err)
				}
				l = next
			}
			return l
		}
		a, b := draw("a"), draw("b")
		ab, ba := a.Merge(b), b.Merge(a)
		if ab.Version() != ba.Version() {
			t.Fatalf("%d entries one way, %d the other", ab.Version(), ba.Version())
		}
		for _, e := range append(append([]erasure.Entry{}, a.Entries...), b.Entries...) {
			if !ab.Has(e.Feed, e.Record) || !ba.Has(e.Feed, e.Record) {
				t.Fatalf("%v was forgotten", e)
			}
		}
		if again := ab.Merge(a); again.Version() != ab.Version() {
			t.Fatal("merging what is known adds entries")
		}
	})
}

func TestLedgerRefuses(t *testing.T) {
	for name, e := range map[string]erasure.Entry{
		"no feed":           {Record: record(1), Request: "r"},
		"a record's own id": {Feed: "intl.a", Record: "SYi.001", Request: "r"},
		"no request":        {Feed: "intl.a", Record: record(1)},
	} {
		if _, err := (erasure.Ledger{}).Add(e); err == nil {
			t.Errorf("%s: it was added", name)
		}
	}
	for name, data := range map[string]string{
		"other format":     `{"format":"frontline.erasures/v9","entries":[]}`,
		"unknown field":    `{"format":"frontline.erasures/v1","entries":[{"feed":"a","record":"` + record(1) + `","request":"r","note":"x"}]}`,
		"incomplete entry": `{"format":"frontline.erasures/v1","entries":[{"feed":"a","record":"` + record(1) + `"}]}`,
		"no JSON":          `{`,
		"too large":        strings.Repeat(" ", erasure.MaxLedger+1),
	} {
		if _, err := erasure.DecodeLedger([]byte(data)); err == nil {
			t.Errorf("%s: it was read", name)
		}
	}
	full := erasure.Ledger{Format: erasure.LedgerFormat, Entries: make([]erasure.Entry, 12000)}
	for i := range full.Entries {
		full.Entries[i] = entry("intl.a", i)
	}
	if _, err := full.Add(entry("intl.b", 1)); !errors.Is(err, erasure.ErrFull) {
		t.Errorf("beyond its size: %v, want ErrFull", err)
	}
}

func receipt() erasure.Receipt {
	return erasure.Receipt{
		Format: erasure.ReceiptFormat, Region: "north", RegionUID: "uid", Feed: "intl.a", FeedUID: "f",
		Order: erasure.Order{Sequence: 7, Digest: "sha256:" + strings.Repeat("a", 64)},
		Floor: 3, KeyFloor: 2, Manifests: []string{"sha256:" + strings.Repeat("b", 64)}, Blobs: 9,
		KeysDestroyed: []int64{1}, Pods: 2, At: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}
}

func TestReceipt(t *testing.T) {
	seed := make([]byte, ed25519.SeedSize)
	key := ed25519.NewKeyFromSeed(seed)
	signed, err := erasure.Sign(t.Context(), receipt(), key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := erasure.Verify(t.Context(), signed, key.Public().(ed25519.PublicKey))
	if diff := cmp.Diff(receipt(), got); err != nil || diff != "" {
		t.Errorf("%v, difference (-want +got):\n%s", err, diff)
	}
	seed[0] = 1
	if _, err := erasure.Verify(t.Context(), signed, ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)); err == nil {
		t.Error("a receipt of another key was taken")
	}
	for name, edit := range map[string]func(*erasure.Receipt){
		"no region":       func(r *erasure.Receipt) { r.Region = "" },
		"no order":        func(r *erasure.Receipt) { r.Order = erasure.Order{} },
		"negative blobs":  func(r *erasure.Receipt) { r.Blobs = -1 },
		"no time":         func(r *erasure.Receipt) { r.At = time.Time{} },
		"manifest's form": func(r *erasure.Receipt) { r.Manifests = []string{"v3"} },
	} {
		r := receipt()
		edit(&r)
		if _, err := erasure.Sign(t.Context(), r, key); err == nil {
			t.Errorf("%s: it was signed", name)
		}
	}
}

func FuzzDecodeLedger(f *testing.F) {
	f.Add([]byte(`{"format":"frontline.erasures/v1","entries":[{"feed":"intl.a","record":"0000000000000000000001","request":"r"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := erasure.DecodeLedger(data)
		if err != nil {
			return
		}
		again, err := l.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := erasure.DecodeLedger(again)
		if err != nil || back.Version() != l.Version() {
			t.Fatalf("what was read is not read back: %v", err)
		}
	})
}
