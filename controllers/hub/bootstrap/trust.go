// SPDX-License-Identifier: Apache-2.0

package bootstrap

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/keyring"
	"github.com/frontline-screening/frontline/internal/trust"
)

// Keys of the Secret TrustSecret.
const (
	hubUID     = "hub-uid"
	rootKey    = "root.key"
	holdersKey = "holders.json"
)

// RootLifetime is how long a root.json is good unless its signers say otherwise.
const RootLifetime = 365 * 24 * time.Hour

// Trust keeps what the hub signs with, in Secrets of the key namespace: who
// the hub is and who its holders are in TrustSecret, and for each region its
// online keys and its roots in a Secret of its own.
//
// There are two modes. Online, the first, has one root key, in TrustSecret,
// and signs roots by itself. Offline begins when holders are named: the hub
// then has no root key, or one that it keeps only until no region's root names
// it any more, and new roots wait for the holders.
type Trust struct {
	secrets secrets
	now     func() time.Time
}

// NewTrust returns the trust kept in a namespace. c must not read from a cache.
func NewTrust(c client.Client, namespace string, now func() time.Time) *Trust {
	return &Trust{secrets: secrets{client: c, namespace: namespace}, now: now}
}

// Holder is one of those who sign roots.
type Holder struct {
	Name string
	Key  crypto.PublicKey
}

// HubTrust is the hub as its roots name it.
type HubTrust struct {
	UID string
	// Holders and Threshold are what the next roots will say.
	Holders   []Holder
	Threshold trust.Threshold
	// Offline says that holders were named.
	Offline bool
	// RootKey is the hub's own root key, or nil.
	RootKey crypto.Signer

	secret *corev1.Secret
}

// holdersFile is the form of holders.json.
type holdersFile struct {
	Format    string        `json:"format"`
	Threshold int           `json:"threshold"`
	Holders   []holderEntry `json:"holders"`
}

type holderEntry struct {
	Name string `json:"name"`
	// PublicKey is PKIX in PEM.
	PublicKey string `json:"publicKey"`
}

const holdersFormat = "frontline.holders/v1"

// ErrNoHub means that no hub was ever installed there.
var ErrNoHub = errors.New("no hub is installed here")

// Exists returns ErrNoHub where no hub has made its identity, and changes nothing.
func (t *Trust) Exists(ctx context.Context) error {
	key := types.NamespacedName{Namespace: t.secrets.namespace, Name: TrustSecret}
	err := t.secrets.client.Get(ctx, key, &corev1.Secret{})
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("%w: there is no Secret %s; name the hub's cluster with --context", ErrNoHub, key)
	}
	if err != nil {
		return fmt.Errorf("read Secret %s: %w", key, err)
	}
	return nil
}

// Hub returns the hub's identity and holders. Where there is none it makes an
// identity with a root key of its own.
func (t *Trust) Hub(ctx context.Context) (*HubTrust, error) {
	secret, err := t.secrets.ensure(ctx, TrustSecret, corev1.SecretTypeOpaque, func() (map[string][]byte, error) {
		key, err := keyring.New()
		if err != nil {
			return nil, err
		}
		encoded, err := keyring.Encode(key)
		return map[string][]byte{hubUID: []byte(uuid.NewUUID()), rootKey: encoded}, err
	})
	if err != nil {
		return nil, err
	}
	hub, err := readHub(secret)
	if err != nil {
		return nil, fmt.Errorf("secret %s/%s: %w; restore it from its backup, regions obey no other hub", secret.Namespace, secret.Name, err)
	}
	return hub, nil
}

func readHub(secret *corev1.Secret) (*HubTrust, error) {
	hub := &HubTrust{UID: string(secret.Data[hubUID]), secret: secret}
	if hub.UID == "" {
		return nil, fmt.Errorf("key %s is missing", hubUID)
	}
	if data, ok := secret.Data[rootKey]; ok {
		key, err := keyring.Parse(data)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", rootKey, err)
		}
		hub.RootKey = key
	}
	data, ok := secret.Data[holdersKey]
	if !ok {
		if hub.RootKey == nil {
			return nil, fmt.Errorf("neither %s nor %s is there", rootKey, holdersKey)
		}
		hub.Holders = []Holder{{Name: "hub", Key: hub.RootKey.Public()}}
		return hub, nil
	}
	var file holdersFile
	if err := json.Unmarshal(data, &file); err != nil || file.Format != holdersFormat {
		return nil, fmt.Errorf("key %s is damaged", holdersKey)
	}
	hub.Offline = true
	for _, entry := range file.Holders {
		key, err := keyring.ParsePublic([]byte(entry.PublicKey))
		if err != nil {
			return nil, fmt.Errorf("key %s: holder %s: %w", holdersKey, entry.Name, err)
		}
		hub.Holders = append(hub.Holders, Holder{Name: entry.Name, Key: key})
	}
	var err error
	hub.Threshold, err = trust.NewThreshold(file.Threshold)
	return hub, err
}

// Keys are the holders' public keys.
func (h *HubTrust) Keys() []crypto.PublicKey {
	keys := make([]crypto.PublicKey, 0, len(h.Holders))
	for _, holder := range h.Holders {
		keys = append(keys, holder.Key)
	}
	return keys
}

// SetHolders names those who sign roots from now on. Regions' roots change
// only when the holders of before have signed that too.
func (t *Trust) SetHolders(ctx context.Context, holders []Holder, threshold trust.Threshold) error {
	if threshold.Int() > len(holders) {
		return fmt.Errorf("threshold %d of %d holders cannot be met; name more holders", threshold.Int(), len(holders))
	}
	file := holdersFile{Format: holdersFormat, Threshold: threshold.Int()}
	for i, holder := range holders {
		if slices.ContainsFunc(holders[:i], func(h Holder) bool { return keyring.Equal(h.Key, holder.Key) }) {
			return fmt.Errorf("holder %s has a key that another has; one person's key counts once", holder.Name)
		}
		public, err := keyring.EncodePublic(holder.Key)
		if err != nil {
			return fmt.Errorf("holder %s: %w", holder.Name, err)
		}
		file.Holders = append(file.Holders, holderEntry{Name: holder.Name, PublicKey: string(public)})
	}
	hub, err := t.Hub(ctx)
	if err != nil {
		return err
	}
	if hub.RootKey != nil && slices.ContainsFunc(holders, func(h Holder) bool { return keyring.Equal(h.Key, hub.RootKey.Public()) }) {
		return errors.New("the hub's own root key is among the holders; a holder's key is never on the hub")
	}
	data, err := canonical.Marshal(file)
	if err != nil {
		return err
	}
	hub.secret.Data[holdersKey] = data
	return t.secrets.update(ctx, hub.secret)
}

// retire deletes the hub's own root key once no region's root names it.
func (t *Trust) retire(ctx context.Context, regions []string) error {
	hub, err := t.Hub(ctx)
	if err != nil || !hub.Offline || hub.RootKey == nil {
		return err
	}
	for _, name := range regions {
		region, err := t.Region(ctx, name)
		if err != nil {
			return err
		}
		if info, err := trust.DescribeRoot(region.Roots.Newest()); len(region.Roots) > 0 && (err != nil || info.Holder(hub.RootKey.Public())) {
			return err
		}
	}
	delete(hub.secret.Data, rootKey)
	return t.secrets.update(ctx, hub.secret)
}
