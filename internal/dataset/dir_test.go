// SPDX-License-Identifier: Apache-2.0

package dataset_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/dataset"
)

func open(t *testing.T) dataset.Dir {
	t.Helper()
	d := dataset.OpenDir(t.TempDir())
	if err := d.Prepare(); err != nil {
		t.Fatal(err)
	}
	return d
}

// blob puts content where it belongs and returns a served feed of it.
func blob(t *testing.T, d dataset.Dir, id string, release int64, content string) dataset.Feed {
	t.Helper()
	digest := canonical.Digest([]byte(content))
	if err := os.WriteFile(d.BlobPath(digest), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return dataset.Feed{ID: id, State: dataset.Serve, Release: release, Content: digest, Size: int64(len(content))}
}

func install(t *testing.T, d dataset.Dir, feeds ...dataset.Feed) string {
	t.Helper()
	digest, err := d.Install(dataset.Set{Region: "north", Pool: "general", Feeds: feeds})
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func TestInstallIsReadBack(t *testing.T) {
	d := open(t)
	if _, _, err := d.Current(); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("before the first set Current says %v, want fs.ErrNotExist", err)
	}
	b := blob(t, d, "intl.b", 2, "two")
	a := blob(t, d, "intl.a", 1, "one")
	given := []dataset.Feed{b, a}
	digest := install(t, d, given...)
	if given[0].ID != "intl.b" {
		t.Error("Install changed the order of the caller's feeds")
	}

	set, got, err := d.Current()
	if err != nil {
		t.Fatal(err)
	}
	want := dataset.Set{Format: dataset.SetFormat, Region: "north", Pool: "general", Feeds: []dataset.Feed{a, b}}
	if diff := cmp.Diff(want, set); diff != "" || got != digest {
		t.Errorf("current set %s (want %s), difference (-want +got):\n%s", got, digest, diff)
	}
	if again := install(t, d, a, b); again != digest {
		t.Errorf("the same feeds in another order became the set %s, want %s", again, digest)
	}
}

func TestInstallRefusesAnAbsentBlob(t *testing.T) {
	d := open(t)
	first := install(t, d, blob(t, d, "intl.a", 1, "one"))
	missing := dataset.Feed{ID: "intl.a", State: dataset.Serve, Release: 2, Content: canonical.Digest([]byte("absent"))}
	if _, err := d.Install(dataset.Set{Pool: "general", Feeds: []dataset.Feed{missing}}); err == nil {
		t.Fatal("a set without its blob was installed")
	}
	if _, digest, err := d.Current(); err != nil || digest != first {
		t.Errorf("after the refusal the current set is %s (%v), want %s", digest, err, first)
	}
}

func TestCurrentRefusesDamage(t *testing.T) {
	tests := []struct {
		name string
		data string
		want string
	}{
		{"other bytes under the same name", `{"format":"frontline.set/v1","region":"south","pool":"general","feeds":[]}`, "damaged"},
		{"nothing", "", "damaged"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := open(t)
			digest := install(t, d)
			path := filepath.Join(d.Root(), "sets", strings.TrimPrefix(digest, "sha256:")+".json")
			if err := os.WriteFile(path, []byte(tt.data), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, _, err := d.Current(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want one that contains %q", err, tt.want)
			}
		})
	}
}

func TestCollectKeepsWhatIsUsed(t *testing.T) {
	d := open(t)
	one := blob(t, d, "intl.a", 1, "one")
	two := blob(t, d, "intl.a", 2, "two")
	three := blob(t, d, "intl.a", 3, "three")
	first := install(t, d, one)
	install(t, d, two) // the engine never took it
	third := install(t, d, three)

	has := func() [3]bool {
		return [3]bool{d.HasBlob(one.Content), d.HasBlob(two.Content), d.HasBlob(three.Content)}
	}
	if err := d.Collect(first); err != nil {
		t.Fatal(err)
	}
	if got, want := has(), [3]bool{true, false, true}; got != want {
		t.Errorf("while the engine uses the first set, blobs 1, 2, 3 are there: %v, want %v", got, want)
	}
	coming := blob(t, d, "intl.a", 4, "four")
	if err := d.Collect(third, coming.Content); err != nil {
		t.Fatal(err)
	}
	if !d.HasBlob(coming.Content) {
		t.Error("a blob on its way into a set was removed")
	}
	if got, want := has(), [3]bool{false, false, true}; got != want {
		t.Errorf("after the engine took the third set, blobs 1, 2, 3 are there: %v, want %v", got, want)
	}
	if err := d.Collect(first); err == nil {
		t.Error("Collect took a set in use that is not there for granted; it cannot know that set's blobs")
	}
	if !d.HasBlob(three.Content) {
		t.Error("a failed Collect removed the current set's blob")
	}
}

// An overlay is a blob like any other: a set without it is not installed, and it stays
// for as long as the set that names it, or the one in use, does.
func TestOverlaysAreBlobs(t *testing.T) {
	d := open(t)
	feed := blob(t, d, "intl.a", 1, "one")
	plain := install(t, d, feed)
	feed.Blocks = canonical.Digest([]byte("overlay"))
	if _, err := d.Install(dataset.Set{Region: "north", Pool: "general", Feeds: []dataset.Feed{feed}}); err == nil {
		t.Fatal("a set was installed without its overlay")
	}
	if _, digest, err := d.Current(); err != nil || digest != plain {
		t.Errorf("after the refusal the current set is %s (%v), want %s", digest, err, plain)
	}
	feed.Blocks = blob(t, d, "", 0, "overlay").Content
	blocked := install(t, d, feed)
	install(t, d, dataset.Feed{ID: "intl.a", State: dataset.Unavailable, Reason: "Locked", Blocks: feed.Blocks})
	if err := d.Collect(blocked); err != nil || !d.HasBlob(feed.Blocks) || !d.HasBlob(feed.Content) {
		t.Errorf("while the engine uses the overlay: %v, overlay there: %v", err, d.HasBlob(feed.Blocks))
	}
	if err := d.Collect(""); err != nil || d.HasBlob(feed.Blocks) {
		t.Errorf("when nothing is searched: %v, overlay there: %v", err, d.HasBlob(feed.Blocks))
	}
}

func TestClocksAndAck(t *testing.T) {
	d := open(t)
	issued := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	clocks := dataset.Clocks{
		Format: dataset.ClocksFormat, OrderIssued: issued, Connected: true,
		SourceChecked: map[string]time.Time{"intl.a": issued.Add(-time.Hour)},
	}
	if err := d.WriteClocks(clocks); err != nil {
		t.Fatal(err)
	}
	got, err := d.Clocks()
	if diff := cmp.Diff(clocks, got); diff != "" || err != nil {
		t.Errorf("clocks read back with %v, difference (-want +got):\n%s", err, diff)
	}

	dir := t.TempDir()
	if ack, err := dataset.ReadAck(dir); err != nil || !cmp.Equal(ack, dataset.Ack{}) {
		t.Errorf("before the first acknowledgement: %+v, %v; want an empty one", ack, err)
	}
	ack := dataset.Ack{Format: dataset.AckFormat, Set: "sha256:aa", Feeds: map[string]int64{"intl.a": 3}}
	if err := dataset.WriteAck(dir, ack); err != nil {
		t.Fatal(err)
	}
	if got, err := dataset.ReadAck(dir); err != nil || !cmp.Equal(ack, got) {
		t.Errorf("acknowledgement read back: %+v, %v; want %+v", got, err, ack)
	}

	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("the directory holds %v, %v; want the acknowledgement alone", entries, err)
	}
	newer := []byte(`{"format":"frontline.ack/v9","set":"sha256:aa"}`)
	if err := os.WriteFile(filepath.Join(dir, entries[0].Name()), newer, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := dataset.ReadAck(dir); err == nil || !cmp.Equal(got, dataset.Ack{}) {
		t.Errorf("an acknowledgement of another format: %+v, %v; want an error", got, err)
	}
}
