// SPDX-License-Identifier: Apache-2.0

package order_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/level"
	"github.com/frontline-screening/frontline/internal/order"
)

// The types of this file are those of an agent and a loader of the first level,
// which decode strictly. They are never changed: what a hub compiles for level
// 1 is what these take.
type (
	level1Index struct {
		Format   string       `json:"format"`
		HubUID   string       `json:"hubUID"`
		Term     int64        `json:"term"`
		Sequence int64        `json:"sequence"`
		Region   level1Region `json:"region"`
		Parts    []level1Part `json:"parts"`
		Erasures *level1Blob  `json:"erasures,omitempty"`
	}
	level1Blob struct {
		Version int64  `json:"version"`
		Digest  string `json:"digest"`
		Size    int64  `json:"size"`
	}
	level1Region struct {
		Name             string          `json:"name"`
		UID              string          `json:"uid"`
		Jurisdiction     string          `json:"jurisdiction"`
		Profile          string          `json:"profile"`
		Link             string          `json:"link"`
		HeartbeatSeconds int64           `json:"heartbeatSeconds"`
		Freshness        level1Freshness `json:"freshness"`
		BytesPerSecond   int64           `json:"bytesPerSecond,omitempty"`
	}
	level1Freshness struct {
		MarkSeconds int64 `json:"markSeconds,omitempty"`
		StopSeconds int64 `json:"stopSeconds,omitempty"`
	}
	level1Part struct {
		Kind   string `json:"kind"`
		Shard  int    `json:"shard"`
		Shards int    `json:"shards"`
		Digest string `json:"digest"`
		Size   int64  `json:"size"`
	}
	level1Feed struct {
		ID            string           `json:"id"`
		UID           string           `json:"uid"`
		State         string           `json:"state"`
		Release       int64            `json:"release,omitempty"`
		Floor         int64            `json:"floor,omitempty"`
		Content       string           `json:"content,omitempty"`
		Artifact      string           `json:"artifact,omitempty"`
		Epoch         int64            `json:"epoch,omitempty"`
		KeyFloor      int64            `json:"keyFloor,omitempty"`
		Retain        int64            `json:"retain,omitempty"`
		Blocks        *level1Blob      `json:"blocks,omitempty"`
		Size          int64            `json:"size,omitempty"`
		Records       int64            `json:"records,omitempty"`
		ListDate      string           `json:"listDate,omitempty"`
		Grade         string           `json:"grade,omitempty"`
		Nature        string           `json:"nature,omitempty"`
		Purposes      []string         `json:"purposes,omitempty"`
		LegalBasis    level1LegalBasis `json:"legalBasis"`
		Jurisdictions []string         `json:"jurisdictions,omitempty"`
		Freshness     level1Freshness  `json:"freshness"`
	}
	level1LegalBasis struct {
		Controller string `json:"controller,omitempty"`
		Reference  string `json:"reference,omitempty"`
		ValidUntil string `json:"validUntil,omitempty"`
	}
	level1Workload struct {
		Name       string          `json:"name"`
		UID        string          `json:"uid"`
		Generation int64           `json:"generation"`
		Spec       json.RawMessage `json:"spec"`
	}
	level1Approver struct {
		Name      string `json:"name"`
		Scope     string `json:"scope"`
		PublicKey string `json:"publicKey"`
	}
	level1Tombstone struct {
		Kind string `json:"kind"`
		Name string `json:"name"`
		UID  string `json:"uid"`
	}
	level1Document struct {
		Kind       string            `json:"kind"`
		Feeds      []level1Feed      `json:"feeds,omitempty"`
		Workloads  []level1Workload  `json:"workloads,omitempty"`
		Approvers  []level1Approver  `json:"approvers,omitempty"`
		Tombstones []level1Tombstone `json:"tombstones,omitempty"`
	}
)

// level1Kinds are the parts that an agent of the first level opens.
var level1Kinds = []string{"feeds", "pools", "posts", "approvers", "tombstones"}

// readAtLevel1 opens an order as the first level does, and says it again: what
// comes back equals what was read when nothing was lost.
func readAtLevel1(body order.Body) error {
	index, err := body.At(1)
	if err != nil {
		return err
	}
	var opened level1Index
	if err := readExactly(index, &opened); err != nil {
		return fmt.Errorf("index: %w", err)
	}
	if opened.Format != "frontline.order/v1" {
		return fmt.Errorf("its format is %s", opened.Format)
	}
	for _, p := range opened.Parts {
		var doc level1Document
		if err := readExactly(body.Parts[p.Digest], &doc); err != nil {
			return fmt.Errorf("part %s: %w", p.Kind, err)
		}
		if doc.Kind != p.Kind || !slices.Contains(level1Kinds, p.Kind) {
			return fmt.Errorf("part %s is of kind %s", p.Kind, doc.Kind)
		}
	}
	return nil
}

func readExactly(data []byte, into any) error {
	if err := canonical.UnmarshalStrict(data, into); err != nil {
		return err
	}
	again, err := canonical.Marshal(into)
	if err == nil && string(again) != string(data) {
		err = fmt.Errorf("%s came back as %s", data, again)
	}
	return err
}

// full is an input in which every field of the first level is used.
func full() order.Input {
	in := input()
	ledger, overlay := []byte("sealed ledger"), []byte("sealed overlay")
	in.Region.Freshness = order.Freshness{MarkSeconds: 60, StopSeconds: 3600}
	in.Region.BytesPerSecond = 1 << 17
	in.Erasures = blob(4, ledger)
	in.Feeds[0].Floor, in.Feeds[0].Content, in.Feeds[0].Artifact = 2, canonical.Digest([]byte("content")), canonical.Digest([]byte("artifact"))
	in.Feeds[0].Epoch, in.Feeds[0].KeyFloor, in.Feeds[0].Retain, in.Feeds[0].Blocks = 5, 4, 2, blob(7, overlay)
	in.Feeds[0].Size, in.Feeds[0].Records, in.Feeds[0].ListDate = 4096, 12, "2026-02-27T00:00:00Z"
	in.Feeds[0].Grade, in.Feeds[0].Nature = "Official", "Sanctions"
	in.Feeds[0].LegalBasis = order.LegalBasis{Controller: "Ministry of Examples", Reference: "Act 1/2026", ValidUntil: "2027-01-01T00:00:00Z"}
	in.Feeds[0].Freshness = order.Freshness{MarkSeconds: 30, StopSeconds: 1800}
	in.Blobs = map[string][]byte{in.Erasures.Digest: ledger, in.Feeds[0].Blocks.Digest: overlay}
	return in
}

func blob(version int64, data []byte) *order.Blob {
	return &order.Blob{Version: version, Digest: canonical.Digest(data), Size: int64(len(data))}
}

// TestLevel1Bytes holds the bytes of an order to those that the first level
// signed: no upgrade of a hub makes a new order where nothing new is asked for.
func TestLevel1Bytes(t *testing.T) {
	want, err := os.ReadFile(filepath.Join("testdata", "level1.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, reads := range []int64{0, 1, level.Known, level.Known + 1} {
		in := full()
		in.Level = reads
		body, err := order.Compile(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := readAtLevel1(body); err != nil {
			t.Errorf("for level %d: %v", reads, err)
		}
		index, err := body.At(12)
		if err != nil {
			t.Fatal(err)
		}
		// One document a line: the index, then the parts by digest.
		lines := []string{string(index)}
		for _, digest := range slices.Sorted(maps.Keys(body.Parts)) {
			lines = append(lines, string(body.Parts[digest]))
		}
		if diff := cmp.Diff(strings.Split(string(want), "\n"), append(lines, "")); diff != "" {
			t.Errorf("for level %d (-want +got):\n%s", reads, diff)
		}
	}
}

// TestLevel1Uses holds full to its name: a field that it left empty would be
// missing in what the test above compares.
func TestLevel1Uses(t *testing.T) {
	in := full()
	for _, one := range []any{in.Region, in.Feeds[0], in.Pools[0], in.Approvers[0], in.Tombstones[0], *in.Erasures} {
		for name, used := range usedFields(reflect.ValueOf(one)) {
			if !used {
				t.Errorf("%T.%s is not used", one, name)
			}
		}
	}
}

// TestInputNamesItsLevels: what an order is made of beside what the first level
// had carries its level, so that it is left out below it.
func TestInputNamesItsLevels(t *testing.T) {
	first := []string{"HubUID", "Term", "Region", "Feeds", "Pools", "Posts", "Approvers", "Tombstones", "Erasures", "Blobs", "Level"}
	for f := range reflect.TypeFor[order.Input]().Fields() {
		if f.Tag.Get("level") == "" && !slices.Contains(first, f.Name) {
			t.Errorf("Input.%s has no level in its tag; give it the level that brings it", f.Name)
		}
	}
}

// usedFields tells of each stored field of the first level whether it is used.
func usedFields(v reflect.Value) map[string]bool {
	out := map[string]bool{}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Tag.Get("json") == "-" || field.Tag.Get("level") != "" {
			continue
		}
		out[field.Name] = !v.Field(i).IsZero()
		if field.Type.Kind() == reflect.Struct {
			for name, used := range usedFields(v.Field(i)) {
				out[field.Name+"."+name] = used
			}
		}
	}
	return out
}

// TestLevel1ReadsWhateverIsCompiledForIt puts anything into every field there
// is, those of later levels included. A field that was added without its level
// in the tag fails here.
func TestLevel1ReadsWhateverIsCompiledForIt(t *testing.T) {
	feeds, regions := rapid.Make[order.Feed](), rapid.Make[order.Region]()
	rapid.Check(t, func(t *rapid.T) {
		in := order.Input{
			HubUID: rapid.String().Draw(t, "hub"), Term: rapid.Int64().Draw(t, "term"), Region: regions.Draw(t, "region"),
			Approvers:  rapid.SliceOf(rapid.Make[order.Approver]()).Draw(t, "approvers"),
			Tombstones: rapid.SliceOf(rapid.Make[order.Tombstone]()).Draw(t, "tombstones"),
			Level:      rapid.Int64Range(0, 1).Draw(t, "level"),
			Blobs:      map[string][]byte{},
		}
		carry := func(name string) *order.Blob {
			data := rapid.SliceOf(rapid.Byte()).Draw(t, name)
			b := blob(rapid.Int64Range(1, 1<<40).Draw(t, "version"), data)
			in.Blobs[b.Digest] = data
			return b
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "feeds") {
			f := feeds.Draw(t, "feed")
			f.ID = fmt.Sprintf("%d.%s", i, f.ID)
			f.Jurisdictions = append(f.Jurisdictions, in.Region.Jurisdiction)
			if f.Blocks != nil {
				f.Blocks = carry("overlay")
			}
			in.Feeds = append(in.Feeds, f)
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "pools") {
			in.Pools = append(in.Pools, workload(fmt.Sprintf("pool-%d", i), rapid.IntRange(0, 100).Draw(t, "size")))
		}
		if rapid.Bool().Draw(t, "erasures") {
			in.Erasures = carry("ledger")
		}
		body, err := order.Compile(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := readAtLevel1(body); err != nil {
			t.Fatal(err)
		}
	})
}
