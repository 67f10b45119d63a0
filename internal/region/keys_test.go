// SPDX-License-Identifier: Apache-2.0

package region_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/frontline-screening/frontline/internal/region"
)

func TestFeedKeys(t *testing.T) {
	const feed = "intl.un-sc"
	type call struct {
		ordered       int64
		current, next int64
	}
	tests := []struct {
		name  string
		calls []call
	}{
		{"before any order", []call{{0, 1, 2}, {0, 1, 2}}},
		{"the order names the epoch", []call{{0, 1, 2}, {1, 1, 2}}},
		{"the hub turned to the next", []call{{1, 2, 3}}},
		{"rotation", []call{{0, 1, 2}, {1, 1, 2}, {2, 2, 3}, {3, 3, 4}}},
		{"the volume was lost", []call{{7, 8, 9}, {7, 8, 9}, {8, 8, 9}}},
		{"the volume was lost before an order was read", []call{{0, 1, 2}, {7, 8, 9}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			store, err := region.OpenStore(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			recipients := map[int64]string{}
			for _, c := range tt.calls {
				keys, err := store.FeedKeys(feed, c.ordered)
				if err != nil {
					t.Fatal(err)
				}
				if keys.Current.Epoch != c.current || keys.Next.Epoch != c.next {
					t.Errorf("under epoch %d the keys are %d and %d, want %d and %d", c.ordered, keys.Current.Epoch, keys.Next.Epoch, c.current, c.next)
				}
				for _, k := range []struct {
					epoch     int64
					recipient string
				}{{keys.Current.Epoch, keys.Current.Recipient}, {keys.Next.Epoch, keys.Next.Recipient}} {
					if before, known := recipients[k.epoch]; known && before != k.recipient {
						t.Errorf("epoch %d got a second key", k.epoch)
					}
					recipients[k.epoch] = k.recipient
				}
			}
		})
	}
}

func TestDestroyKeys(t *testing.T) {
	dir := t.TempDir()
	store, err := region.OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	const feed = "intl.un-sc"
	for epoch := range int64(4) {
		if _, err := store.FeedKeys(feed, epoch); err != nil {
			t.Fatal(err)
		}
	}
	other, err := store.FeedKeys("al.national", 0)
	if err != nil {
		t.Fatal(err)
	}
	destroyed, err := store.DestroyKeys(feed, 3)
	if err != nil || !slices.Equal(destroyed, []int64{1, 2}) {
		t.Fatalf("destroyed %v, %v; want epochs 1 and 2", destroyed, err)
	}
	keys, err := store.EpochKeys(feed)
	if err != nil || len(keys) != 2 || keys[0].Epoch != 4 || keys[1].Epoch != 3 {
		t.Errorf("left are %v, %v; want epochs 4 and 3", len(keys), err)
	}
	if again, err := store.DestroyKeys(feed, 3); err != nil || len(again) != 0 {
		t.Errorf("a second time %v was destroyed, %v", again, err)
	}
	if after, err := store.FeedKeys("al.national", 0); err != nil || after != other {
		t.Errorf("another feed's keys changed: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "keys", feed, "*.age")); err != nil || len(left) != 2 {
		t.Errorf("files left: %v, %v", left, err)
	}
	info, err := os.Stat(filepath.Join(dir, "keys", feed, "3.age"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("a key's file: %v, %v; want it readable by its owner alone", info, err)
	}
}

func TestKeysRefuseForeignPaths(t *testing.T) {
	store, err := region.OpenStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, feed := range []string{"", "..", "../identity", "a/b", "A.b"} {
		if _, err := store.FeedKeys(feed, 0); err == nil {
			t.Errorf("keys were made for the id %q", feed)
		}
	}
}
