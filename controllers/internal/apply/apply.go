// SPDX-License-Identifier: Apache-2.0

// Package apply makes objects be as a controller wants them, by server-side
// apply under one field manager, and sends nothing when they already are.
package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontline-screening/frontline/internal/canonical"
)

// Applier applies objects under one field manager.
type Applier struct {
	client  client.Client
	manager string

	mu sync.Mutex
	// settled holds, for each object, what was applied last and the version
	// that the server answered with: a repeat of it changes nothing.
	settled map[string]settled
}

type settled struct {
	desired, resourceVersion string
	uid                      types.UID
}

// New returns an applier of the field manager. Several goroutines may use it.
func New(c client.Client, manager string) *Applier {
	return &Applier{client: c, manager: manager, settled: map[string]settled{}}
}

// Apply makes the object be as desired says and reports whether it had to be
// written. live is an empty object of the kind; it receives the object as it
// then stands. Fields that the manager set before and desired leaves out are
// given up. Fields of another manager are taken over: a child that was edited
// is repaired.
func (a *Applier) Apply(ctx context.Context, live client.Object, desired runtime.ApplyConfiguration) (bool, error) {
	encoded, err := json.Marshal(desired)
	if err != nil {
		return false, fmt.Errorf("apply: %w", err)
	}
	var want map[string]any
	if err := json.Unmarshal(encoded, &want); err != nil {
		return false, fmt.Errorf("apply: %w", err)
	}
	id, err := identify(want)
	if err != nil {
		return false, err
	}
	digest := canonical.Digest(encoded)
	err = a.client.Get(ctx, id.key, live)
	switch {
	case apierrors.IsNotFound(err):
	case err != nil:
		return false, fmt.Errorf("read %s: %w", id, err)
	case a.isSettled(id, digest, live):
		return false, nil
	default:
		same, err := Same(live, want, a.manager)
		if err != nil {
			return false, fmt.Errorf("compare %s: %w", id, err)
		}
		if same {
			return false, nil
		}
	}
	before := live.GetResourceVersion()
	// The client decodes the server's answer into what it was given.
	if err := a.client.Apply(ctx, desired, client.FieldOwner(a.manager), client.ForceOwnership); err != nil {
		return false, fmt.Errorf("apply %s: %w", id, err)
	}
	answer, err := json.Marshal(desired)
	if err != nil {
		return false, fmt.Errorf("apply %s: %w", id, err)
	}
	// Decoding merges maps; what was read before must not shine through.
	reflect.ValueOf(live).Elem().SetZero()
	if err := json.Unmarshal(answer, live); err != nil {
		return false, fmt.Errorf("apply %s: read the answer: %w", id, err)
	}
	a.settle(id, digest, live)
	return live.GetResourceVersion() != before, nil
}

// Forget drops what is known of an object that is gone.
func (a *Applier) Forget(apiVersion, kind, namespace, name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.settled, identity{apiVersion, kind, types.NamespacedName{Namespace: namespace, Name: name}}.String())
}

func (a *Applier) isSettled(id identity, digest string, live client.Object) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.settled[id.String()] == settled{digest, live.GetResourceVersion(), live.GetUID()}
}

func (a *Applier) settle(id identity, digest string, live client.Object) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settled[id.String()] = settled{digest, live.GetResourceVersion(), live.GetUID()}
}

type identity struct {
	apiVersion, kind string
	key              types.NamespacedName
}

func (i identity) String() string {
	if i.key.Namespace == "" {
		return i.apiVersion + " " + i.kind + " " + i.key.Name
	}
	return i.apiVersion + " " + i.kind + " " + i.key.String()
}

func identify(want map[string]any) (identity, error) {
	metadata, _ := want["metadata"].(map[string]any)
	text := func(m map[string]any, key string) string { s, _ := m[key].(string); return s }
	id := identity{
		apiVersion: text(want, "apiVersion"),
		kind:       text(want, "kind"),
		key:        types.NamespacedName{Namespace: text(metadata, "namespace"), Name: text(metadata, "name")},
	}
	if id.apiVersion == "" || id.kind == "" || id.key.Name == "" {
		return id, errors.New("apply: the configuration names no apiVersion, kind or name")
	}
	return id, nil
}
