// SPDX-License-Identifier: Apache-2.0

package keystore_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/frontline-screening/frontline/controllers/hub/keystore"
	"github.com/frontline-screening/frontline/internal/erasure"
	"github.com/frontline-screening/frontline/internal/seal"
)

const (
	namespace = "frontline-system"
	feed      = "intl.un-sc"
)

func open(c client.Client) *keystore.Store { return keystore.New(c, namespace, time.Now) }

func TestFeedKeysLast(t *testing.T) {
	c := fake.NewFakeClient()
	first, err := open(c).Feed(t.Context(), feed)
	if err != nil {
		t.Fatal(err)
	}
	again, err := open(c).Feed(t.Context(), feed)
	if err != nil || again.Key != first.Key || again.Current() != first.Current() {
		t.Errorf("another process reads other keys (%v)", err)
	}
	other, err := open(c).Feed(t.Context(), "al.national")
	if err != nil || other.Key == first.Key || other.Current().Identity == first.Current().Identity {
		t.Errorf("two feeds share a key (%v)", err)
	}
}

func TestRotateAndDestroy(t *testing.T) {
	c := fake.NewFakeClient()
	store := open(c)
	first, err := store.Feed(t.Context(), feed)
	if err != nil {
		t.Fatal(err)
	}
	second, err := store.Rotate(t.Context(), feed)
	if err != nil || second.Current().Epoch != 2 || len(second.Identities()) != 2 || second.Key != first.Key {
		t.Fatalf("after the rotation: epoch %d, %d keys, %v", second.Current().Epoch, len(second.Identities()), err)
	}
	if read, err := store.Feed(t.Context(), feed); err != nil || read.Current() != second.Current() {
		t.Errorf("the rotation is not seen by who made it: %v", err)
	}
	for _, below := range []int64{2, 99} {
		left, err := store.Destroy(t.Context(), feed, below)
		if err != nil || len(left.Copies) != 1 || left.Current() != second.Current() {
			t.Errorf("destroyed below %d: %d keys are left, %v; the newest stays, and it alone", below, len(left.Copies), err)
		}
	}
	var secrets corev1.SecretList
	if err := c.List(t.Context(), &secrets); err != nil {
		t.Fatal(err)
	}
	for _, s := range secrets.Items {
		if strings.Contains(string(s.Data["copies.json"]), first.Current().Identity) {
			t.Error("a destroyed key is still in the Secret")
		}
	}
}

func TestDamageIsNamed(t *testing.T) {
	for name, edit := range map[string]func(*corev1.Secret){
		"hash key cut": func(s *corev1.Secret) { s.Data["hash.key"] = s.Data["hash.key"][:8] },
		"no copy keys": func(s *corev1.Secret) { s.Data["copies.json"] = []byte("[]") },
		"another feed": func(s *corev1.Secret) { s.Annotations = nil },
		"other halves": func(s *corev1.Secret) {
			s.Data["copies.json"] = []byte(strings.Replace(string(s.Data["copies.json"]), `"age1`, `"age1q`, 1))
		},
		"copies broken": func(s *corev1.Secret) { s.Data["copies.json"] = []byte("{") },
	} {
		c := fake.NewFakeClient()
		if _, err := open(c).Feed(t.Context(), feed); err != nil {
			t.Fatal(err)
		}
		secret := &corev1.Secret{}
		if err := c.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: keystore.SecretName(feed)}, secret); err != nil {
			t.Fatal(err)
		}
		private := string(secret.Data["copies.json"])
		edit(secret)
		if err := c.Update(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
		_, err := open(c).Feed(t.Context(), feed)
		if err == nil || !strings.Contains(err.Error(), feed) || !strings.Contains(err.Error(), "restore it") {
			t.Errorf("%s: error is %v", name, err)
		}
		if err != nil && strings.Contains(private, "AGE-SECRET") && strings.Contains(err.Error(), "AGE-SECRET") {
			t.Errorf("%s: the error quotes a private key", name)
		}
	}
}

func TestLedger(t *testing.T) {
	c := fake.NewFakeClient()
	empty, err := open(c).Ledger(t.Context())
	if err != nil || empty.Blob != nil || empty.Version() != 0 {
		t.Fatalf("before the first erasure: %+v, %v", empty.Blob, err)
	}
	add := func(record string) keystore.Ledger {
		t.Helper()
		l, err := open(c).Extend(t.Context(), func(l erasure.Ledger) (erasure.Ledger, error) {
			return l.Add(erasure.Entry{Feed: feed, Record: record, Request: "r"})
		})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	one := add(strings.Repeat("a", 22))
	if one.Blob == nil || one.Blob.Version != 1 || one.Blob.Size != int64(len(one.Sealed)) {
		t.Fatalf("the first erasure is carried as %+v", one.Blob)
	}
	if same := add(strings.Repeat("a", 22)); same.Blob.Digest != one.Blob.Digest {
		t.Error("the same erasure again is carried in other bytes; every region would get a new order")
	}
	two := add(strings.Repeat("b", 22))
	opened, err := two.Open(two.Sealed)
	if err != nil || opened.Version() != 2 {
		t.Errorf("what orders carry opens to %d entries, %v", opened.Version(), err)
	}
	_, stranger := seal.NewIdentity()
	foreign, err := seal.SealBytes([]byte("{}"), stranger)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := two.Open(foreign); err == nil {
		t.Error("a ledger of another hub was opened")
	}
}

// Writers that meet lose nothing.
func TestLedgerWritersMeet(t *testing.T) {
	c := fake.NewFakeClient()
	if _, err := open(c).Ledger(t.Context()); err != nil {
		t.Fatal(err)
	}
	records := []string{"a", "b", "c", "d"}
	var group sync.WaitGroup
	errs := make([]error, len(records))
	for i, r := range records {
		group.Go(func() {
			_, errs[i] = open(c).Extend(t.Context(), func(l erasure.Ledger) (erasure.Ledger, error) {
				return l.Add(erasure.Entry{Feed: feed, Record: strings.Repeat(r, 22), Request: "r"})
			})
		})
	}
	group.Wait()
	if slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
		t.Fatalf("errors: %v", errs)
	}
	l, err := open(c).Ledger(t.Context())
	if err != nil || l.Version() != int64(len(records)) {
		t.Errorf("the ledger has %d entries, %v; want %d", l.Version(), err, len(records))
	}
}

// Two blocks that meet are both remembered, whichever answer of the server
// comes back last.
func TestBlocksMeet(t *testing.T) {
	records := []string{strings.Repeat("a", 21) + "A", strings.Repeat("b", 21) + "A"}
	second := make(chan error, 1)
	var store *keystore.Store
	var met atomic.Bool
	c := interceptor.NewClient(fake.NewFakeClient(), interceptor.Funcs{
		Update: func(ctx context.Context, c client.WithWatch, o client.Object, options ...client.UpdateOption) error {
			if err := c.Update(ctx, o, options...); err != nil {
				return err
			}
			if met.Swap(true) {
				return nil
			}
			// The first was written; its answer is slow.
			go func() {
				_, err := store.Block(ctx, feed, records[1])
				second <- err
			}()
			select {
			case err := <-second:
				second <- err
			case <-time.After(200 * time.Millisecond): // it waits for its turn
			}
			return nil
		},
	})
	store = open(c)
	if _, err := store.Block(t.Context(), feed, records[0]); err != nil {
		t.Fatal(err)
	}
	if err := <-second; err != nil {
		t.Fatal(err)
	}
	got, err := store.Feed(t.Context(), feed)
	if err != nil || got.Blocks.Version != 2 || !slices.Equal(got.Blocks.Records, records) {
		t.Errorf("remembered are version %d with %d records, %v; want 2 and 2", got.Blocks.Version, len(got.Blocks.Records), err)
	}
}
