// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"strings"
	"testing"

	"github.com/frontline-screening/frontline/internal/canonical"
)

// batch has a renewal for north and a first root for south.
func batch(t testing.TB) (Batch, *hub) {
	t.Helper()
	n := north(t)
	s := &hub{uid: "hub-a", region: "south", term: 1, holders: n.holders, threshold: 2, keys: signers(41)}
	b := Batch{Format: BatchFormat, HubUID: "hub-a", Created: start}
	renewed := must[[]byte](t)(NextRoot(n.roots.Newest(), n.spec(t, start.AddDate(2, 0, 0))))
	first := must[[]byte](t)(NewRoot(s.spec(t, start.AddDate(2, 0, 0))))
	b.Roots = []BatchRoot{{Region: "north", Previous: n.roots.Newest(), Root: renewed}, {Region: "south", Root: first}}
	return b, n
}

func reread(t testing.TB, b Batch) Batch {
	t.Helper()
	return must[Batch](t)(ReadBatch(must[[]byte](t)(canonical.Marshal(b))))
}

// TestBatch: each holder signs one file once, in turn or side by side.
func TestBatch(t *testing.T) {
	b, n := batch(t)
	change := must[Change](t)(b.Roots[0].Change("hub-a"))
	if change.Before == nil || change.Before.Version != 1 || change.After.Version != 2 || change.Missing != 2 {
		t.Errorf("change of north is %+v", change)
	}
	if change := must[Change](t)(b.Roots[1].Change("hub-a")); change.Before != nil || change.After.Region != "south" {
		t.Errorf("change of south is %+v", change)
	}
	if err := b.Complete(); err == nil || !strings.Contains(err.Error(), "2 signatures") {
		t.Errorf("unsigned: %v", err)
	}
	if count, err := b.Sign(n.holders[2]); err != nil || count != 2 {
		t.Errorf("first holder signed %d, %v", count, err)
	}
	if _, err := b.Sign(n.holders[2]); err != nil {
		t.Error(err)
	}
	b = reread(t, b)
	if err := b.Complete(); err == nil || !strings.Contains(err.Error(), "1 signatures") {
		t.Errorf("one holder, twice: %v", err)
	}
	if _, err := b.Sign(key(99)); err == nil {
		t.Error("a stranger signed")
	}
	side, _ := batch(t)
	if _, err := side.Sign(n.holders[0]); err != nil {
		t.Fatal(err)
	}
	if err := b.Merge(side); err != nil {
		t.Fatal(err)
	}
	if err := reread(t, b).Complete(); err != nil {
		t.Errorf("two holders: %v", err)
	}
	other, _ := batch(t)
	other.Roots[1].Root = bytes.Replace(other.Roots[1].Root, []byte("2028"), []byte("2029"), 1)
	if err := b.Merge(other); err == nil || !strings.Contains(err.Error(), "not copies") {
		t.Errorf("merged another batch: %v", err)
	}
}

func TestReadBatchRefuses(t *testing.T) {
	south := newHub(t, "hub-a", "south", signers(41))
	for name, change := range map[string]func(*Batch){
		"another format":                    func(b *Batch) { b.Format = "x" },
		"nothing":                           func(b *Batch) { b.Roots = nil },
		"a region twice":                    func(b *Batch) { b.Roots[1] = b.Roots[0] },
		"another hub":                       func(b *Batch) { b.HubUID = "hub-b" },
		"a region misnamed":                 func(b *Batch) { b.Roots[1].Region = "west" },
		"a previous root of another region": func(b *Batch) { b.Roots[0].Previous = south.roots[0] },
		"a first root of version 2":         func(b *Batch) { b.Roots[0].Previous = nil },
		"damaged":                           func(b *Batch) { b.Roots[0].Root = []byte("{}") },
	} {
		t.Run(name, func(t *testing.T) {
			b, _ := batch(t)
			change(&b)
			if _, err := ReadBatch(must[[]byte](t)(canonical.Marshal(b))); err == nil {
				t.Error("it was read")
			}
		})
	}
}
