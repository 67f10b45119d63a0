// SPDX-License-Identifier: Apache-2.0

package order

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/hub"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/trust"
)

// published is the order of a region as it stands in the registry, verified
// with the hub's own root.
type published struct {
	hub.Numbered
	order *order.Order
	trust trust.Files
	// term it was signed in, under so many roots.
	term  int64
	roots int
	// checked is when each feed's source was checked, as it was signed.
	checked map[string]time.Time
	// adopted is what the signed metadata says.
	adopted trust.Published
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
	// digests are those of the orders that this process published or found, by
	// region and sequence.
	digests map[string]map[int64]string
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
	l.note(region, p)
}

// note remembers the digest of an order.
func (l *ledger) note(region string, p *published) {
	if p == nil {
		return
	}
	if l.digests == nil {
		l.digests = map[string]map[int64]string{}
	}
	if l.digests[region] == nil {
		l.digests[region] = map[int64]string{}
	}
	l.digests[region][p.Sequence] = p.Digest
	delete(l.digests[region], p.Sequence-mostNoted)
}

// mostNoted bounds the digests that are kept of a region.
const mostNoted = 4096

// adopt puts what was found in the registry, unless somebody has published since.
func (l *ledger) adopt(region string, found *published) *published {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known, ok := l.regions[region]; ok {
		return known
	}
	if l.regions == nil {
		l.regions = map[string]*published{}
	}
	l.regions[region] = found
	l.note(region, found)
	return found
}

func (l *ledger) forget(region string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.regions, region)
	delete(l.digests, region)
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
		var roots trust.Roots
		if s.published, roots, err = read(files, s.signer.Roots); err != nil {
			logr.FromContextOrDiscard(ctx).Error(err, "The order in the registry is not this hub's; it is published anew")
		} else if err := r.keepRoots(ctx, s, roots); err != nil {
			return err
		}
	}
	if s.published != nil {
		if err := errors.Join(r.adoptErasures(ctx, s.published.order), r.adoptBlocks(ctx, s.published.order)); err != nil {
			return err
		}
	}
	s.published = r.ledger.adopt(s.region.Name, s.published)
	return nil
}

// Digest returns the digest of an order of the region that this process published
// or found in the registry, and whether it knows that sequence.
func (r *Reconciler) Digest(region string, sequence int64) (digest string, known bool) {
	r.ledger.mu.Lock()
	defer r.ledger.mu.Unlock()
	digest, known = r.ledger.digests[region][sequence]
	return digest, known
}

// Published returns the order that stands for a region, or nil. It must not be
// changed.
func (r *Reconciler) Published(region string) *order.Order {
	p, _ := r.ledger.get(region)
	if p == nil {
		return nil
	}
	return p.order
}

// read verifies the files of an order. It returns the hub's roots with those
// that were signed after them.
func read(files map[string][]byte, roots trust.Roots) (*published, trust.Roots, error) {
	p := &published{trust: trust.Files{}, parts: map[string][]byte{}}
	for name, data := range files {
		if trust.IsRepositoryFile(name) {
			p.trust[name] = data
		} else {
			p.parts[name] = data
		}
	}
	adopted, err := trust.Adopt(roots, p.trust)
	if err != nil {
		return nil, nil, err
	}
	p.order, err = order.Open(adopted.Index, func(digest string) ([]byte, error) {
		data, ok := p.parts[order.PartFile(digest)]
		if !ok {
			return nil, errors.New("it is missing from the registry")
		}
		return data, nil
	})
	if err != nil {
		return nil, nil, err
	}
	p.adopted, p.term, p.roots, p.checked = adopted, adopted.Term, p.rootFiles(), adopted.SourceChecked
	p.Numbered = hub.Numbered{Sequence: adopted.Sequence, Digest: p.order.IndexDigest}
	if p.order.Sequence != adopted.Sequence {
		return nil, nil, fmt.Errorf("order %d is signed as %d", p.order.Sequence, adopted.Sequence)
	}
	return p, adopted.Roots, nil
}

// rootFiles counts the versions of the root beside the order.
func (p *published) rootFiles() int {
	count := 0
	for name := range p.trust {
		if strings.HasSuffix(name, ".root.json") {
			count++
		}
	}
	return count
}

// artifactSize returns the size of a manifest that was signed before.
func (p *published) artifactSize(feed, digest string) (int64, bool) {
	if p == nil {
		return 0, false
	}
	return p.adopted.ArtifactSize(feed, digest)
}

// manifestSize asks the registry for the size of a feed's manifest.
func (r *Reconciler) manifestSize(ctx context.Context, region, feed, digest string) (int64, error) {
	desc, err := r.Registry.Resolve(ctx, artifact.FeedRepository(region, feed), digest)
	return desc.Size, err
}
