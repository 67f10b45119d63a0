// SPDX-License-Identifier: Apache-2.0

package watchlistfeed_test

import (
	"context"
	"net/http"
	"path/filepath"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/depot"
	"github.com/frontline-screening/frontline/internal/feedkey"
	"github.com/frontline-screening/frontline/internal/seal"
)

// newKeyring has the same new keys for every feed.
func newKeyring() depot.Keyring {
	identity, recipient := seal.NewIdentity()
	keys := depot.Keys{Key: feedkey.New(), Epoch: 1, Recipient: recipient, Identities: []string{identity}}
	return func(context.Context, string) (depot.Keys, error) { return keys, nil }
}

// newDepot is the store of a hub process that starts.
func newDepot(t *testing.T, registry *artifact.Registry, keys depot.Keyring) *depot.Depot {
	t.Helper()
	d, err := depot.New(registry, keys, filepath.Join(t.TempDir(), "depot"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// nothingErased is a ledger without entries.
func nothingErased(context.Context, string) (map[string]bool, error) { return nil, nil }

func objectMeta(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}

func newClient() *http.Client { return &http.Client{Transport: &http.Transport{}} }

func request(o client.Object) ctrl.Request {
	return ctrl.Request{NamespacedName: client.ObjectKeyFromObject(o)}
}
