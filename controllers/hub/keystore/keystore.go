// SPDX-License-Identifier: Apache-2.0

// Package keystore keeps the hub's secrets about feeds in its key namespace:
// for each feed the key that names its records and the keys of the hub's own
// copies, and for all of them the ledger of erasures. Nothing in it is personal
// data; whoever reads it can open the hub's copies.
//
// A feed's Secret is read once a process, by the one that leads, and the ledger
// each time. Both are changed only against the version that was read, so that two
// processes never overwrite each other.
package keystore

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/feedkey"
	"github.com/frontline-screening/frontline/internal/seal"
)

// Keys of a feed's Secret.
const (
	hashKey    = "hash.key"
	copiesFile = "copies.json"
)

// annotationFeed names the feed of a Secret whose name is a hash of it.
const annotationFeed = screeningv1.GroupName + "/feed"

// Store reads and writes the key namespace.
type Store struct {
	client    client.Client
	namespace string
	now       func() time.Time

	// changing is held while a feed's Secret is changed: what was written first
	// must not be remembered last.
	changing sync.Mutex

	mu sync.Mutex
	// feeds are the keys as they were read or written last. Only change writes
	// them; hash keys never change.
	feeds map[string]Feed
}

// New returns the store of a namespace. c must not read from a cache.
func New(c client.Client, namespace string, now func() time.Time) *Store {
	return &Store{client: c, namespace: namespace, now: now, feeds: map[string]Feed{}}
}

// Feed is what the hub knows of one feed in secret.
type Feed struct {
	// Key names records, salts snapshots and compares layers.
	Key feedkey.Key
	// Copies are the keys of the hub's own copies, newest epoch first; there is
	// at least one.
	Copies []CopyKey
	// Blocks are the records that are blocked.
	Blocks Blocks
}

// CopyKey is the key of the hub's own copies of one epoch.
type CopyKey struct {
	Epoch     int64     `json:"epoch"`
	Identity  string    `json:"identity"`
	Recipient string    `json:"recipient"`
	Since     time.Time `json:"since"`
}

// Current is the key that new copies are sealed to.
func (f Feed) Current() CopyKey { return f.Copies[0] }

// Identities are the private keys of all epochs that still exist.
func (f Feed) Identities() []string {
	out := make([]string, 0, len(f.Copies))
	for _, c := range f.Copies {
		out = append(out, c.Identity)
	}
	return out
}

// SecretName is the name of a feed's Secret. It is a hash, because an id may
// be longer than a name.
func SecretName(feed screeningv1.FeedID) string {
	sum := sha256.Sum256([]byte(feed))
	return "frontline-feed-" + hex.EncodeToString(sum[:8])
}

// Feed returns a feed's keys, which it makes for a feed that has none.
func (s *Store) Feed(ctx context.Context, feed screeningv1.FeedID) (Feed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.feeds[string(feed)]; ok {
		return known, nil
	}
	secret, err := s.ensure(ctx, SecretName(feed), func() (map[string][]byte, error) {
		key := feedkey.New()
		copies, err := json.Marshal([]CopyKey{s.newCopyKey(1)})
		return map[string][]byte{hashKey: key[:], copiesFile: copies}, err
	}, map[string]string{annotationFeed: string(feed)})
	if err != nil {
		return Feed{}, err
	}
	out, err := read(secret, feed)
	if err == nil {
		s.feeds[string(feed)] = out
	}
	return out, err
}

// Lookup returns a feed's keys and makes none.
func (s *Store) Lookup(ctx context.Context, feed screeningv1.FeedID) (Feed, error) {
	secret := &corev1.Secret{}
	key := types.NamespacedName{Namespace: s.namespace, Name: SecretName(feed)}
	if err := s.client.Get(ctx, key, secret); err != nil {
		return Feed{}, fmt.Errorf("keys of feed %s in Secret %s: %w", feed, key, err)
	}
	return read(secret, feed)
}

// Rotate begins an epoch of the hub's own copies: what is stored from now on
// is sealed to a new key. Older keys stay until Destroy.
func (s *Store) Rotate(ctx context.Context, feed screeningv1.FeedID) (Feed, error) {
	return s.change(ctx, feed, func(f *Feed) error {
		f.Copies = slices.Insert(f.Copies, 0, s.newCopyKey(f.Current().Epoch+1))
		return nil
	})
}

// Destroy removes the keys of the hub's own copies below an epoch; the newest
// always stays. What etcd and its backups keep of a Secret is in their hands.
func (s *Store) Destroy(ctx context.Context, feed screeningv1.FeedID, below int64) (Feed, error) {
	return s.change(ctx, feed, func(f *Feed) error {
		newest := f.Current().Epoch
		f.Copies = slices.DeleteFunc(f.Copies, func(c CopyKey) bool { return c.Epoch < below && c.Epoch != newest })
		return nil
	})
}

func (s *Store) change(ctx context.Context, feed screeningv1.FeedID, edit func(*Feed) error) (Feed, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	var out Feed
	err := s.update(ctx, SecretName(feed), func(secret *corev1.Secret) error {
		var err error
		if out, err = read(secret, feed); err != nil {
			return err
		}
		if err := edit(&out); err != nil {
			return err
		}
		if secret.Data[copiesFile], err = json.Marshal(out.Copies); err != nil {
			return err
		}
		if out.Blocks.Version > 0 || len(out.Blocks.Overflow) > 0 {
			secret.Data[blocksFile], err = json.Marshal(out.Blocks)
		}
		return err
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.feeds, string(feed))
	if err != nil {
		return Feed{}, err
	}
	s.feeds[string(feed)] = out
	return out, nil
}

func (s *Store) newCopyKey(epoch int64) CopyKey {
	identity, recipient := seal.NewIdentity()
	return CopyKey{Epoch: epoch, Identity: identity, Recipient: recipient, Since: s.now().UTC().Truncate(time.Second)}
}

func read(secret *corev1.Secret, feed screeningv1.FeedID) (Feed, error) {
	fail := func(err error) (Feed, error) {
		return Feed{}, fmt.Errorf("secret %s/%s, keys of feed %s: %w; restore it from the backup of the hub's keys", secret.Namespace, secret.Name, feed, err)
	}
	if got := secret.Annotations[annotationFeed]; got != string(feed) {
		return fail(errors.New("it is of another feed"))
	}
	key, err := feedkey.Parse(secret.Data[hashKey])
	if err != nil {
		return fail(err)
	}
	out := Feed{Key: key}
	if out.Blocks, err = readBlocks(secret); err != nil {
		return fail(err)
	}
	if err := json.Unmarshal(secret.Data[copiesFile], &out.Copies); err != nil || len(out.Copies) == 0 {
		return fail(fmt.Errorf("%s is damaged", copiesFile))
	}
	slices.SortFunc(out.Copies, func(a, b CopyKey) int { return cmp.Compare(b.Epoch, a.Epoch) })
	for _, c := range out.Copies {
		if recipient, err := seal.Recipient(c.Identity); err != nil || recipient != c.Recipient || c.Epoch < 1 {
			return fail(fmt.Errorf("%s is damaged", copiesFile))
		}
	}
	return out, nil
}

// ensure returns the Secret, which it makes with what fill returns if there is none.
func (s *Store) ensure(ctx context.Context, name string, fill func() (map[string][]byte, error), annotations map[string]string) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	key := types.NamespacedName{Namespace: s.namespace, Name: name}
	err := s.client.Get(ctx, key, secret)
	if err == nil {
		return secret, nil
	}
	if !apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("read Secret %s: %w", key, err)
	}
	data, err := fill()
	if err != nil {
		return nil, fmt.Errorf("make Secret %s: %w", key, err)
	}
	secret = &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name, Annotations: annotations},
		Type:       corev1.SecretTypeOpaque, Data: data,
	}
	err = s.client.Create(ctx, secret)
	if apierrors.IsAlreadyExists(err) {
		secret = &corev1.Secret{}
		err = s.client.Get(ctx, key, secret)
	}
	if err != nil {
		return nil, fmt.Errorf("make Secret %s: %w", key, err)
	}
	return secret, nil
}

// update changes an existing Secret against the version that was read.
func (s *Store) update(ctx context.Context, name string, edit func(*corev1.Secret) error) error {
	key := types.NamespacedName{Namespace: s.namespace, Name: name}
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		secret := &corev1.Secret{}
		if err := s.client.Get(ctx, key, secret); err != nil {
			return err
		}
		if err := edit(secret); err != nil {
			return err
		}
		return s.client.Update(ctx, secret)
	})
	if err != nil {
		return fmt.Errorf("change Secret %s: %w", key, err)
	}
	return nil
}
