// SPDX-License-Identifier: Apache-2.0

package order

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/hub"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/trust"
)

// Signer is the hub as its orders name it, and its key.
type Signer struct {
	HubUID string
	Term   int64
	Key    ed25519.PrivateKey
	// Root is the newest root.json.
	Root []byte
}

// published is the order of a region as it stands in the registry, verified
// with the hub's own root.
type published struct {
	hub.Numbered
	order *order.Order
	trust trust.Files
	// parts are the order's parts by the name of their file.
	parts map[string][]byte
	// signed is when this process signed its timestamp last; zero when an
	// earlier one did.
	signed time.Time
}

// feed returns the order's word on a feed, or nil.
func (p *published) feed(id string) *order.Feed {
	if p == nil {
		return nil
	}
	return p.order.Feed(id)
}

// ledger holds what stands in the registry for each region. A nil entry says
// that nothing does; a missing one that nobody has looked.
type ledger struct {
	mu      sync.Mutex
	regions map[string]*published
	// failures is when publishing for a region began to fail.
	failures map[string]time.Time
}

// failing notes whether publishing for the region failed just now, and returns
// since when it fails.
func (l *ledger) failing(region string, failed bool, now time.Time) (since time.Time, failing bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !failed {
		delete(l.failures, region)
		return time.Time{}, false
	}
	if l.failures == nil {
		l.failures = map[string]time.Time{}
	}
	if _, known := l.failures[region]; !known {
		l.failures[region] = now
	}
	return l.failures[region], true
}

func (l *ledger) get(region string) (p *published, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, known = l.regions[region]
	return p, known
}

func (l *ledger) put(region string, p *published) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.regions == nil {
		l.regions = map[string]*published{}
	}
	l.regions[region] = p
}

func (l *ledger) forget(region string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.regions, region)
	delete(l.failures, region)
}

// adopt reads, once a process, what stands in the registry, so that a hub that
// lost its memory goes on from there.
func (r *Reconciler) adopt(ctx context.Context, s *scope) error {
	if p, known := r.ledger.get(s.region.Name); known {
		s.published = p
		return nil
	}
	files, _, err := r.Registry.FetchOrder(ctx, artifact.OrderRepository(s.region.Name), nil)
	switch {
	case errors.Is(err, artifact.ErrNotFound):
	case errors.Is(err, artifact.ErrDigest), errors.Is(err, artifact.ErrMalformed):
		logr.FromContextOrDiscard(ctx).Error(err, "The order in the registry is damaged; it is published anew")
	case err != nil:
		return err
	default:
		if s.published, err = read(files, r.Signer.Root); err != nil {
			logr.FromContextOrDiscard(ctx).Error(err, "The order in the registry is not this hub's; it is published anew")
		}
	}
	r.ledger.put(s.region.Name, s.published)
	return nil
}

// read verifies the files of an order.
func read(files map[string][]byte, root []byte) (*published, error) {
	p := &published{trust: trust.Files{}, parts: map[string][]byte{}}
	for name, data := range files {
		if trust.IsRepositoryFile(name) {
			p.trust[name] = data
		} else {
			p.parts[name] = data
		}
	}
	sequence, _, err := trust.AdoptSequence(p.trust, root)
	if err != nil {
		return nil, err
	}
	index, err := indexOf(p.trust)
	if err != nil {
		return nil, err
	}
	p.order, err = order.Open(index, func(digest string) ([]byte, error) {
		data, ok := p.parts[order.PartFile(digest)]
		if !ok {
			return nil, errors.New("it is missing from the registry")
		}
		return data, nil
	})
	if err != nil {
		return nil, err
	}
	p.Numbered = hub.Numbered{Sequence: sequence, Digest: p.order.IndexDigest}
	if p.order.Sequence != sequence {
		return nil, fmt.Errorf("order %d is signed as %d", p.order.Sequence, sequence)
	}
	return p, nil
}

// indexOf returns the index that the timestamp names. The timestamp was
// verified; other files of that name may lie beside it.
func indexOf(files trust.Files) ([]byte, error) {
	var timestamp struct {
		Signed struct {
			Frontline struct {
				Digest string `json:"digest"`
			} `json:"x-frontline"`
		} `json:"signed"`
	}
	if err := json.Unmarshal(files["timestamp.json"], &timestamp); err != nil {
		return nil, fmt.Errorf("timestamp.json: %w", err)
	}
	digest := timestamp.Signed.Frontline.Digest
	index, ok := files[strings.TrimPrefix(digest, "sha256:")+"."+trust.TargetPath]
	if !ok || canonical.Digest(index) != digest {
		return nil, errors.New("the order's index is missing from the registry")
	}
	return index, nil
}
