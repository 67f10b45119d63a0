// SPDX-License-Identifier: Apache-2.0

package order_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/trust"
)

func input() order.Input {
	return order.Input{
		HubUID: "hub", Term: 1,
		Region: order.Region{Name: "north", UID: "r", Jurisdiction: "AL", Profile: "Standard", Link: "Remote", HeartbeatSeconds: 30},
		Feeds: []order.Feed{
			{ID: "b.two", UID: "2", State: order.Serve, Release: 3, Jurisdictions: []string{"ME", "AL"}, Purposes: []string{"B", "A"}},
			{ID: "a.one", UID: "1", State: order.Erase},
		},
		Pools:      []order.Workload{workload("general", 10), workload("documents", 10)},
		Posts:      []order.Workload{workload("post", 10)},
		Approvers:  []order.Approver{{Name: "z", Scope: "region", PublicKey: "k"}, {Name: "a", Scope: "region", PublicKey: "k"}},
		Tombstones: []order.Tombstone{{Kind: order.KindPost, Name: "p", UID: "9"}, {Kind: order.KindPool, Name: "p", UID: "8"}},
	}
}

func workload(name string, size int) order.Workload {
	spec, err := json.Marshal(map[string]string{"text": strings.Repeat("x", size)})
	if err != nil {
		panic(err)
	}
	return order.Workload{Name: name, UID: "uid-" + name, Generation: 1, Spec: spec}
}

func open(t testing.TB, body order.Body, sequence int64) *order.Order {
	t.Helper()
	index, err := body.At(sequence)
	if err != nil {
		t.Fatal(err)
	}
	o, err := order.Open(index, func(digest string) ([]byte, error) { return body.Parts[digest], nil })
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestCompileAndOpen(t *testing.T) {
	body, err := order.Compile(input())
	if err != nil {
		t.Fatal(err)
	}
	o := open(t, body, 7)
	if o.Sequence != 7 || o.HubUID != "hub" || o.Region.Name != "north" {
		t.Errorf("index is %+v", o.Index)
	}
	if o.Feeds[0].ID != "a.one" || o.Feed("b.two").Release != 3 || o.Feed("c.none") != nil {
		t.Errorf("feeds are %+v", o.Feeds)
	}
	if o.Pool("general") == nil || o.Post("post") == nil || o.Pool("post") != nil {
		t.Errorf("pools %+v, posts %+v", o.Pools, o.Posts)
	}
	if !o.Withdrawn(order.KindPool, "8") || o.Withdrawn(order.KindPool, "9") {
		t.Errorf("tombstones are %+v", o.Tombstones)
	}
}

// Blobs are opaque to the order, and what it says of them is proven on both ends.
func TestBlobsTravelWithTheOrder(t *testing.T) {
	ledger, blocks := []byte("sealed to the hub"), []byte("sealed to the region")
	in := input()
	in.Erasures = &order.Blob{Version: 4, Digest: canonical.Digest(ledger), Size: int64(len(ledger))}
	in.Feeds[0].Blocks = &order.Blob{Version: 2, Digest: canonical.Digest(blocks), Size: int64(len(blocks))}
	in.Blobs = map[string][]byte{in.Erasures.Digest: ledger, in.Feeds[0].Blocks.Digest: blocks}
	body, err := order.Compile(in)
	if err != nil {
		t.Fatal(err)
	}
	o := open(t, body, 1)
	if string(o.Blobs[o.Erasures.Digest]) != string(ledger) || string(o.Blobs[o.Feed("b.two").Blocks.Digest]) != string(blocks) {
		t.Errorf("blobs are %q", o.Blobs)
	}
	index, err := body.At(1)
	if err != nil {
		t.Fatal(err)
	}
	swapped := func(digest string) ([]byte, error) {
		if digest == in.Erasures.Digest {
			return blocks, nil
		}
		return body.Parts[digest], nil
	}
	if _, err := order.Open(index, swapped); err == nil || !strings.Contains(err.Error(), "ledger of erasures") {
		t.Errorf("a swapped blob was opened: %v", err)
	}
	for _, tt := range []struct {
		name   string
		blob   order.Blob
		absent bool
	}{
		{"missing bytes", *in.Feeds[0].Blocks, true},
		{"no version", order.Blob{Digest: canonical.Digest(blocks), Size: int64(len(blocks))}, false},
		{"other size", order.Blob{Version: 2, Digest: canonical.Digest(blocks), Size: 3}, false},
	} {
		in.Feeds[0].Blocks = &tt.blob
		in.Blobs = map[string][]byte{in.Erasures.Digest: ledger}
		if !tt.absent {
			in.Blobs[tt.blob.Digest] = blocks
		}
		if _, err := order.Compile(in); err == nil || !strings.Contains(err.Error(), "blocks of feed b.two") {
			t.Errorf("%s: compiled with error %v", tt.name, err)
		}
	}
}

// What a pool names in vain is listed, so that the region can say why.
func TestCompileListsWhatIsNotServed(t *testing.T) {
	in := input()
	in.Feeds = []order.Feed{
		{ID: "rs.national", UID: "1", State: order.Erase, Jurisdictions: []string{"RS", "ME"}},
		{ID: "intl.new", UID: "2", State: order.Serve, Jurisdictions: []string{"AL"}},
	}
	body, err := order.Compile(in)
	if err != nil {
		t.Fatal(err)
	}
	want := []order.Feed{in.Feeds[1], {ID: "rs.national", UID: "1", State: order.Erase, Jurisdictions: []string{"ME", "RS"}}}
	if diff := cmp.Diff(want, open(t, body, 1).Feeds); diff != "" {
		t.Errorf("feeds (-want +got):\n%s", diff)
	}
}

func TestSequenceIsAllThatDiffers(t *testing.T) {
	body, err := order.Compile(input())
	if err != nil {
		t.Fatal(err)
	}
	one, two := open(t, body, 1), open(t, body, 2)
	if one.IndexDigest == two.IndexDigest {
		t.Error("two sequences have one digest")
	}
	two.Sequence, two.IndexDigest = 1, one.IndexDigest
	if diff := cmp.Diff(one, two); diff != "" {
		t.Errorf("orders differ in more than the sequence:\n%s", diff)
	}
}

func TestCompileRefuses(t *testing.T) {
	tests := []struct {
		name string
		edit func(*order.Input)
		want string
	}{
		{"a feed outside its jurisdictions", func(in *order.Input) { in.Feeds[0].Jurisdictions = []string{"RS"} }, "may not be held in AL"},
		{"a locked feed outside its jurisdictions", func(in *order.Input) {
			in.Feeds[0].State, in.Feeds[0].Jurisdictions = order.Lock, nil
		}, "may not be held in AL"},
		{"a feed twice", func(in *order.Input) { in.Feeds = append(in.Feeds, in.Feeds[0]) }, "listed twice"},
		{"a pool twice", func(in *order.Input) { in.Pools = append(in.Pools, in.Pools[0]) }, "listed twice"},
		{"a spec beyond the limit", func(in *order.Input) { in.Posts = []order.Workload{workload("big", order.MaxPart)} }, "make it smaller"},
		{"a spec that is no JSON", func(in *order.Input) { in.Pools[0].Spec = json.RawMessage("{") }, "pools"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input()
			tt.edit(&in)
			if _, err := order.Compile(in); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want one that contains %q", err, tt.want)
			}
		})
	}
}

// The order of lists is nothing: the same content gives the same bytes.
func TestCompileIsInvariantUnderPermutation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := input()
		for i := range rapid.IntRange(0, 40).Draw(t, "pools") {
			in.Pools = append(in.Pools, workload(fmt.Sprintf("pool-%d", i), rapid.IntRange(0, 20_000).Draw(t, "size")))
		}
		first, err := order.Compile(in)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		shuffle(r, in.Feeds)
		shuffle(r, in.Pools)
		shuffle(r, in.Approvers)
		shuffle(r, in.Tombstones)
		second, err := order.Compile(in)
		if err != nil {
			t.Fatal(err)
		}
		a, _ := first.Content()
		b, _ := second.Content()
		if a != b {
			t.Fatalf("content %s became %s", a, b)
		}
		for digest, part := range first.Parts {
			if len(part) > order.MaxPart {
				t.Fatalf("part %s has %d bytes, more than %d", digest, len(part), order.MaxPart)
			}
		}
	})
}

func shuffle[T any](r *rand.Rand, list []T) {
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

// One more pool, within the same number of shards, changes one part.
func TestShardsAreStable(t *testing.T) {
	in := input()
	in.Pools = nil
	for i := range 100 {
		in.Pools = append(in.Pools, workload(fmt.Sprintf("pool-%03d", i), 8_000))
	}
	before, err := order.Compile(in)
	if err != nil {
		t.Fatal(err)
	}
	in.Pools = append(in.Pools, workload("one-more", 10))
	after, err := order.Compile(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(before.Parts) < 5 || len(before.Parts) != len(after.Parts) {
		t.Fatalf("%d parts became %d; the test wants several and no split", len(before.Parts), len(after.Parts))
	}
	changed := 0
	for digest := range after.Parts {
		if before.Parts[digest] == nil {
			changed++
		}
	}
	if changed != 1 {
		t.Errorf("%d parts changed, want 1", changed)
	}
}

func TestOpenRefuses(t *testing.T) {
	body, err := order.Compile(input())
	if err != nil {
		t.Fatal(err)
	}
	index, err := body.At(1)
	if err != nil {
		t.Fatal(err)
	}
	missing := errors.New("not there")
	good := func(digest string) ([]byte, error) { return body.Parts[digest], nil }
	tests := []struct {
		name  string
		index string
		part  func(string) ([]byte, error)
		want  string
	}{
		{"a foreign format", strings.Replace(string(index), order.Format, "frontline.order/v9", 1), good, "upgrade the older"},
		{"an unknown field", strings.Replace(string(index), `"term":1`, `"term":1,"extra":1`, 1), good, "unknown field"},
		{"trailing data", string(index) + "{}", good, "unexpected data"},
		{"a missing part", string(index), func(string) ([]byte, error) { return nil, missing }, "not there"},
		{"a damaged part", string(index), func(digest string) ([]byte, error) { return append([]byte(" "), body.Parts[digest]...), nil }, "damaged"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := order.Open([]byte(tt.index), tt.part); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want one that contains %q", err, tt.want)
			}
		})
	}
	t.Run("a part of another kind", func(t *testing.T) {
		data, err := canonical.Marshal(map[string]any{"kind": "pools"})
		if err != nil {
			t.Fatal(err)
		}
		forged, err := canonical.Marshal(order.Index{Format: order.Format, Parts: []order.Part{{Kind: order.PartPosts, Digest: canonical.Digest(data)}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := order.Open(forged, func(string) ([]byte, error) { return data, nil }); err == nil || !strings.Contains(err.Error(), "says of itself") {
			t.Errorf("error is %v", err)
		}
	})
}

func TestTighten(t *testing.T) {
	tests := []struct{ a, b, want order.Freshness }{
		{order.Freshness{}, order.Freshness{}, order.Freshness{}},
		{order.Freshness{MarkSeconds: 5}, order.Freshness{StopSeconds: 9}, order.Freshness{MarkSeconds: 5, StopSeconds: 9}},
		{order.Freshness{MarkSeconds: 5, StopSeconds: 9}, order.Freshness{MarkSeconds: 7, StopSeconds: 8}, order.Freshness{MarkSeconds: 5, StopSeconds: 8}},
	}
	for _, tt := range tests {
		if got := tt.a.Tighten(tt.b); got != tt.want {
			t.Errorf("%+v tightened by %+v is %+v, want %+v", tt.a, tt.b, got, tt.want)
		}
		if got := tt.b.Tighten(tt.a); got != tt.want {
			t.Errorf("%+v tightened by %+v is %+v, want %+v", tt.b, tt.a, got, tt.want)
		}
	}
}

func TestPartFileIsNoRepositoryFile(t *testing.T) {
	if name := order.PartFile(canonical.Digest(nil)); trust.IsRepositoryFile(name) {
		t.Errorf("%s would be taken for a file of the TUF repository", name)
	}
}

// A region of ten thousand posts, far more than any has, fits one order.
func TestTenThousandPostsFit(t *testing.T) {
	in := input()
	in.Posts = nil
	for i := range 10_000 {
		in.Posts = append(in.Posts, workload(fmt.Sprintf("post-%05d", i), 1500))
	}
	body, err := order.Compile(in)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for digest, part := range body.Parts {
		total += len(part)
		if len(part) > order.MaxPart {
			t.Errorf("part %s has %d bytes", digest, len(part))
		}
	}
	// Beside the parts stand the index and at most a handful of metadata files.
	if files := len(body.Parts) + 16; files > artifact.MaxOrderFiles || total > artifact.MaxOrderTotal/2 {
		t.Errorf("%d files of %d bytes; an order holds %d of %d", files, total, artifact.MaxOrderFiles, artifact.MaxOrderTotal)
	}
	index, err := body.At(1)
	if err != nil || len(index) > artifact.MaxOrderFile/4 {
		t.Errorf("the index has %d bytes, %v", len(index), err)
	}
	if o := open(t, body, 1); len(o.Posts) != 10_000 {
		t.Errorf("%d posts came back", len(o.Posts))
	}
	t.Logf("%d parts, %d bytes, an index of %d", len(body.Parts), total, len(index))
}
