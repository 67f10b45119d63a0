// SPDX-License-Identifier: Apache-2.0

package bootstrap

import (
	"bytes"
	"context"
	"crypto"
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/frontline-screening/frontline/controllers/hub/order"
	"github.com/frontline-screening/frontline/internal/keyring"
	"github.com/frontline-screening/frontline/internal/trust"
)

// RegionSecret is the name of the Secret with a region's online keys and roots.
func RegionSecret(region string) string { return "frontline-keys-" + region }

// next marks keys that no signed root names as yet.
const next = "next."

// RegionTrust is what the hub signs one region's orders with.
type RegionTrust struct {
	Name string
	// Keys are those that the newest root names, or the first root will.
	Keys trust.Signers
	// Next are to replace them with the next root; nil when none are.
	Next *trust.Signers
	// Roots are the signed versions of root.json.
	Roots trust.Roots

	secret *corev1.Secret
}

var _ order.Signers = (*Trust)(nil)

// Region returns what is kept for a region, with new online keys if nothing is.
func (t *Trust) Region(ctx context.Context, name string) (*RegionTrust, error) {
	secret, err := t.secrets.ensure(ctx, RegionSecret(name), corev1.SecretTypeOpaque, func() (map[string][]byte, error) {
		data := map[string][]byte{}
		return data, newKeys(data, "")
	})
	if err != nil {
		return nil, err
	}
	region := &RegionTrust{Name: name, secret: secret}
	if err := region.read(); err != nil {
		return nil, fmt.Errorf("secret %s/%s: %w; restore it from its backup, or run: frontline trust rotate %s", secret.Namespace, secret.Name, err, name)
	}
	return region, nil
}

// signerKeys are the names of a region's keys, with where they go.
func signerKeys(s *trust.Signers) map[string]*crypto.Signer {
	return map[string]*crypto.Signer{
		"targets.key": &s.Targets, "snapshot.key": &s.Snapshot, "timestamp.key": &s.Timestamp, "bundle.key": &s.Bundle,
	}
}

func newKeys(data map[string][]byte, prefix string) error {
	for name := range signerKeys(&trust.Signers{}) {
		key, err := keyring.New()
		if err != nil {
			return err
		}
		if data[prefix+name], err = keyring.Encode(key); err != nil {
			return err
		}
	}
	return nil
}

func (r *RegionTrust) read() error {
	if err := readKeys(r.secret.Data, "", &r.Keys); err != nil {
		return err
	}
	if _, ok := r.secret.Data[next+"timestamp.key"]; ok {
		r.Next = &trust.Signers{}
		if err := readKeys(r.secret.Data, next, r.Next); err != nil {
			return err
		}
	}
	for version := 1; ; version++ {
		root, ok := r.secret.Data[rootName(version)]
		if !ok {
			return nil
		}
		r.Roots = append(r.Roots, root)
	}
}

func rootName(version int) string { return strconv.Itoa(version) + ".root.json" }

func readKeys(data map[string][]byte, prefix string, into *trust.Signers) error {
	for name, key := range signerKeys(into) {
		parsed, err := keyring.Parse(data[prefix+name])
		if err != nil {
			return fmt.Errorf("key %s: %w", prefix+name, err)
		}
		*key = parsed
	}
	return nil
}

// Signer implements order.Signers. In Online mode it signs the region's first
// root, and renews a root in the last third of its life.
func (t *Trust) Signer(ctx context.Context, name string) (order.Signer, error) {
	region, err := t.Region(ctx, name)
	if err != nil {
		return order.Signer{}, err
	}
	hub, err := t.Hub(ctx)
	if err != nil {
		return order.Signer{}, err
	}
	if !hub.Offline && t.due(region) {
		if err := t.signAlone(ctx, hub, region); err != nil {
			return order.Signer{}, err
		}
		if region, err = t.Region(ctx, name); err != nil {
			return order.Signer{}, err
		}
	}
	if len(region.Roots) == 0 {
		return order.Signer{}, fmt.Errorf("region %s: %w; run: frontline trust root add", name, order.ErrRootPending)
	}
	info, err := trust.CheckRoots(region.Roots)
	if err == nil && info.HubUID != hub.UID {
		err = fmt.Errorf("its roots are of hub %s, this is hub %s", info.HubUID, hub.UID)
	}
	if err != nil {
		return order.Signer{}, fmt.Errorf("secret %s/%s: %w; restore it from its backup", region.secret.Namespace, region.secret.Name, err)
	}
	state, err := region.State(hub)
	if err != nil {
		return order.Signer{}, err
	}
	return order.Signer{
		Term: info.Term, Keys: region.Keys, Roots: region.Roots, RootExpires: info.Expires,
		Waits: state == RootChanging, KeysLost: state == KeysLost,
	}, nil
}

// due reports whether an Online hub has a root to sign for the region.
func (t *Trust) due(region *RegionTrust) bool {
	if len(region.Roots) == 0 || region.Next != nil {
		return true
	}
	info, err := trust.DescribeRoot(region.Roots.Newest())
	return err == nil && info.Uses(region.Keys.Public()) && info.Expires.Sub(t.now()) < RootLifetime/3
}

// signAlone signs the region's next root with the hub's own key.
func (t *Trust) signAlone(ctx context.Context, hub *HubTrust, region *RegionTrust) error {
	entry, err := t.plan(hub, region, RootLifetime)
	if err != nil {
		return err
	}
	return t.store(ctx, region, entry.Root)
}

// Adopt implements order.Signers.
func (t *Trust) Adopt(ctx context.Context, name string, roots trust.Roots) error {
	region, err := t.Region(ctx, name)
	if err != nil {
		return err
	}
	for i := len(region.Roots); i < len(roots); i++ {
		if err := t.store(ctx, region, roots[i]); err != nil {
			return err
		}
	}
	return nil
}

// store appends a signed root, and puts keys in place that it names.
func (t *Trust) store(ctx context.Context, region *RegionTrust, root []byte) error {
	info, err := trust.CheckRoot(region.Roots.Newest(), root)
	if err != nil {
		return fmt.Errorf("region %s: %w", region.Name, err)
	}
	if info.Region != region.Name {
		return fmt.Errorf("region %s: the root is of region %s", region.Name, info.Region)
	}
	region.secret.Data[rootName(int(info.Version))] = root
	if region.Next != nil && info.Uses(region.Next.Public()) {
		for name := range signerKeys(&trust.Signers{}) {
			region.secret.Data[name] = region.secret.Data[next+name]
			delete(region.secret.Data, next+name)
		}
		region.Keys, region.Next = *region.Next, nil
	}
	if err := t.secrets.update(ctx, region.secret); err != nil {
		return err
	}
	region.Roots = append(region.Roots, bytes.Clone(root))
	return nil
}

// Root returns the newest signed root of a region: what an invitation pins.
func (t *Trust) Root(ctx context.Context, region string) ([]byte, error) {
	signer, err := t.Signer(ctx, region)
	if err != nil {
		return nil, err
	}
	if !signer.RootExpires.After(t.now()) {
		return nil, fmt.Errorf("the trust root of region %s expired on %s; run: frontline trust root renew", region, signer.RootExpires.Format(time.DateOnly))
	}
	return signer.Roots.Newest(), nil
}
