// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/region/internal/workload"
	"github.com/frontline-screening/frontline/internal/region"
)

// VaultSecret holds what makes the region itself, in the key namespace.
const VaultSecret = "frontline-region"

// vaultTimeout bounds each use of the Secret. What was made is kept also when
// the request that it was made for has ended.
const vaultTimeout = 10 * time.Second

// vault is a region.Vault in a Secret that is read and written by its name.
type vault struct {
	client client.Client
	key    types.NamespacedName
	region string

	mu   sync.Mutex
	kept region.Documents
}

// openVault reads the Secret. c must not read Secrets from a cache.
func openVault(c client.Client, namespace, regionName string) (*vault, error) {
	v := &vault{client: c, key: types.NamespacedName{Namespace: namespace, Name: VaultSecret}, region: regionName}
	ctx, cancel := context.WithTimeout(context.Background(), vaultTimeout)
	defer cancel()
	secret, err := v.read(ctx)
	if err != nil {
		return nil, err
	}
	v.kept = secret.Data
	return v, nil
}

// read returns the Secret, an empty one when there is none.
func (v *vault) read(ctx context.Context) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	err := v.client.Get(ctx, v.key, secret)
	switch {
	case apierrors.IsNotFound(err):
		return &corev1.Secret{}, nil
	case err != nil:
		return nil, fmt.Errorf("what makes region %s itself: Secret %s: %w", v.region, v.key, err)
	case secret.Labels[screeningv1.LabelRegion] != v.region:
		return nil, fmt.Errorf("secret %s is of region %q and not of %s; give each region of this cluster a key namespace of its own",
			v.key, secret.Labels[screeningv1.LabelRegion], v.region)
	}
	return secret, nil
}

// Read implements region.Vault: what the Secret held when it was last used.
func (v *vault) Read() (region.Documents, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.kept, nil
}

// Change implements region.Vault. It edits what the Secret holds now, so that of
// two agents at once neither undoes what the other kept.
func (v *vault) Change(edit func(region.Documents) error) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), vaultTimeout)
	defer cancel()
	return retry.RetryOnConflict(retry.DefaultRetry, func() error {
		secret, err := v.read(ctx)
		if err != nil {
			return err
		}
		next := region.Documents{}
		switch {
		case len(secret.Data) == 0:
			maps.Copy(next, v.kept) // it was deleted; the region goes on being itself
		case v.kept.Replaced(secret.Data):
			return fmt.Errorf("secret %s holds another identity of region %s than this agent runs by; restart the agent if it was restored on purpose", v.key, v.region)
		default:
			maps.Copy(next, secret.Data)
		}
		if err := edit(next); err != nil {
			return err
		}
		if !maps.EqualFunc(next, secret.Data, bytes.Equal) {
			if err := v.write(ctx, secret.ResourceVersion, next); err != nil {
				return err
			}
		}
		v.kept = next
		return nil
	})
}

// write applies the documents to the Secret as it was read.
func (v *vault) write(ctx context.Context, version string, documents region.Documents) error {
	desired := corev1ac.Secret(v.key.Name, v.key.Namespace).
		WithLabels(map[string]string{
			"app.kubernetes.io/name": "frontline", "app.kubernetes.io/managed-by": "frontline-agent", screeningv1.LabelRegion: v.region,
		}).
		WithType(corev1.SecretTypeOpaque).
		WithData(documents)
	if version != "" {
		desired.WithResourceVersion(version)
	}
	err := v.client.Apply(ctx, desired, client.FieldOwner(workload.ManagerAgent), client.ForceOwnership)
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("what makes region %s itself: write Secret %s: %w; make the namespace, or start the agent without --key-namespace", v.region, v.key, err)
	}
	if err != nil {
		return fmt.Errorf("what makes region %s itself: write Secret %s: %w", v.region, v.key, err)
	}
	return nil
}
