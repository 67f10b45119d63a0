// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/hack/stage"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/pki"
)

// stolenRegistry is the hub's registry in the hands of somebody who has its
// authority's key and not the one that signs orders.
func (s *suite) stolenRegistry(t *testing.T) *artifact.Registry {
	t.Helper()
	var secret corev1.Secret
	must(t, s.clients["hub"].Get(t.Context(), types.NamespacedName{Namespace: stage.Namespace, Name: "frontline-hub-ca"}, &secret))
	ca, err := pki.ParseCA(secret.Data["tls.crt"], secret.Data["tls.key"])
	must(t, err)
	certificate, key, err := ca.Issue(pki.LeafRequest{CommonName: "thief", SPIFFE: pki.HubID(), Client: true, Lifetime: time.Hour}, time.Now())
	must(t, err)
	source, err := pki.FromPEM(certificate, key)
	must(t, err)
	const port = "15443"
	ctx, stop := context.WithCancel(t.Context())
	forward := exec.CommandContext(ctx, s.KubectlPath(), "--kubeconfig", s.Hub.Kubeconfig, "--context", s.Hub.Context,
		"-n", stage.Namespace, "port-forward", "--address", "127.0.0.1", "service/frontline-registry", port+":5000")
	must(t, forward.Start())
	t.Cleanup(func() { stop(); _ = forward.Wait() })
	config := pki.ClientConfig(source, ca.Pool(), "frontline-registry."+stage.Namespace+".svc")
	registry, err := artifact.Connect("https://127.0.0.1:"+port, &http.Client{Transport: &http.Transport{TLSClientConfig: config}})
	must(t, err)
	within(t, 30*time.Second, "the registry is within reach", func(ctx context.Context) error {
		_, err := registry.Resolve(ctx, artifact.OrderRepository("north"), artifact.CurrentTag)
		return err
	})
	return registry
}

// observed is the sequence and digest of the order that a region reported.
func (s *suite) observed(t *testing.T, name string) screeningv1.ObservedOrder {
	t.Helper()
	r := region(name)
	must(t, s.clients["hub"].Get(t.Context(), client.ObjectKeyFromObject(r), r))
	if r.Status.Observed == nil {
		t.Fatalf("region %s observed no order", name)
	}
	return *r.Status.Observed
}

func refusesOrders(t *testing.T, s *suite) {
	registry := s.stolenRegistry(t)
	repository := artifact.OrderRepository("north")
	ctx := t.Context()
	old, _, err := registry.FetchOrder(ctx, repository, nil)
	must(t, err)
	// A newer order exists before an old one can be replayed.
	release := s.answers(t, "north")
	s.publish(t, s.people[0]+1, s.people[1]+1)
	must(t, s.WaitRelease(ctx, s.posts["north"], person(t, 50), release+1))
	good, _, err := registry.FetchOrder(ctx, repository, nil)
	must(t, err)
	foreign, _, err := registry.FetchOrder(ctx, artifact.OrderRepository("south"), nil)
	must(t, err)
	within(t, time.Minute, "the hub knows that north follows its newest order", func(ctx context.Context) error {
		r := region("north")
		if err := s.hasCondition(ctx, "hub", r, screeningv1.ConditionOrderObserved, "True", ""); err != nil {
			return err
		}
		if r.Status.Observed.Sequence != r.Status.Order.Sequence {
			return fmt.Errorf("observed %d of %d", r.Status.Observed.Sequence, r.Status.Order.Sequence)
		}
		return nil
	})
	before := s.observed(t, "north")

	tampered := maps.Clone(good)
	edited := maps.Clone(good)
	for name, data := range good {
		switch {
		case name == "timestamp.json":
			tampered[name] = bytes.Replace(data, []byte(`"version":`), []byte(`"version":9`), 1)
		case strings.HasSuffix(name, ".order.json"):
			edited[name] = bytes.Replace(data, []byte(`"AL"`), []byte(`"ME"`), 1)
		}
	}
	said := ""
	for _, attack := range []struct {
		name   string
		files  map[string][]byte
		reason string
	}{
		{"tampered timestamp", tampered, "BadSignature"},
		{"replayed order", old, "Rollback"},
		{"edited index", edited, "Mixed"},
		// Rollback or Foreign: whichever of the two regions has had more orders.
		{"another region's order", foreign, "refused ("},
	} {
		within(t, 90*time.Second, attack.name+" is refused and reported", func(ctx context.Context) error {
			// Again and again: the hub itself signs over it on its schedule.
			if _, err := registry.PushOrder(ctx, repository, attack.files); err != nil {
				return err
			}
			message, err := s.refusal(ctx, "north")
			if err == nil && (message == said || !strings.Contains(message, attack.reason)) {
				err = fmt.Errorf("the hub shows: %s", message)
			}
			if err == nil {
				said = message
			}
			return err
		})
		if now := s.observed(t, "north"); now.Sequence != before.Sequence || now.Digest != before.Digest {
			t.Errorf("%s: north obeyed order %d %s", attack.name, now.Sequence, now.Digest)
		}
		if now := s.answers(t, "north"); now != release+1 {
			t.Errorf("%s: north answers from release %d", attack.name, now)
		}
	}
	s.publish(t, s.people[0]+1, s.people[1]+1)
	must(t, s.WaitRelease(ctx, s.posts["north"], person(t, 50), release+2))
	within(t, time.Minute, "north follows the hub's own order again", func(ctx context.Context) error {
		return s.hasCondition(ctx, "hub", region("north"), screeningv1.ConditionOrderObserved, "True", "")
	})
}

// refusal is what the hub shows of a region that refuses its order.
func (s *suite) refusal(ctx context.Context, name string) (string, error) {
	r := region(name)
	if err := s.hasCondition(ctx, "hub", r, screeningv1.ConditionOrderObserved, "False", screeningv1.ReasonOrderRefused); err != nil {
		return "", err
	}
	return meta.FindStatusCondition(r.Status.Conditions, screeningv1.ConditionOrderObserved).Message, nil
}

// refusesArtifact damages the bytes of a release in the volume of the hub's
// registry before north has pulled them.
func refusesArtifact(t *testing.T, s *suite) {
	north, south := s.answers(t, "north"), s.answers(t, "south")
	must(t, s.clusters["north"].Cut(t.Context()))
	s.publish(t, s.people[0]+1, s.people[1]+1)
	must(t, s.WaitRelease(t.Context(), s.posts["south"], person(t, 50), south+1))
	blob := s.layerOfRelease(t, "north", north+1)
	good, err := os.ReadFile(blob)
	must(t, err)
	damaged := bytes.Clone(good)
	damaged[len(damaged)/2] ^= 0x40
	must(t, os.WriteFile(blob, damaged, 0o600))
	must(t, s.clusters["north"].Mend(t.Context()))
	within(t, time.Minute, "the hub shows what north refused", func(ctx context.Context) error {
		replica := &screeningv1.WatchlistReplica{}
		replica.Namespace, replica.Name = "region-north", feedSpace+"."+feedName
		return s.hasCondition(ctx, "hub", replica, screeningv1.ConditionHeld, "False", screeningv1.ReasonDigestMismatch)
	})
	s.quiet(t, 5*time.Second)
	if now := s.answers(t, "north"); now != north {
		t.Errorf("north answers from release %d, whose artifact is damaged", now)
	}
	must(t, os.WriteFile(blob, good, 0o600))
	must(t, s.WaitRelease(t.Context(), s.posts["north"], person(t, 50), north+1))
}

// layerOfRelease is the file, in the volume of the hub's registry, of a layer
// that a region needs for a release and does not have.
func (s *suite) layerOfRelease(t *testing.T, name string, release int64) string {
	t.Helper()
	desc, err := s.stolenRegistry(t).Resolve(t.Context(), artifact.FeedRepository(name, feedSpace+"."+feedName), artifact.ReleaseTag(release))
	must(t, err)
	data, err := os.ReadFile(s.blobFile(t, desc.Digest.Encoded()))
	must(t, err)
	var manifest ocispec.Manifest
	must(t, json.Unmarshal(data, &manifest))
	held := s.blobs(t, name)
	for _, layer := range manifest.Layers {
		if !held[layer.Digest.Encoded()] {
			return s.blobFile(t, layer.Digest.Encoded())
		}
	}
	t.Fatalf("%s has every layer of release %d already", name, release)
	return ""
}

// blobFile finds a blob in the volumes of the hub.
func (s *suite) blobFile(t *testing.T, hex string) string {
	t.Helper()
	found := ""
	must(t, filepath.WalkDir(s.clusters["hub"].VolumesDir(), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == "data" && filepath.Base(filepath.Dir(path)) == hex {
			found = path
		}
		return nil
	}))
	if found == "" {
		t.Fatalf("no blob %s in the volumes of the hub", hex)
	}
	return found
}
