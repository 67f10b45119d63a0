// SPDX-License-Identifier: Apache-2.0

package artifact

// costs is what a search for the cheapest way knows beside the configuration.
type costs struct {
	// bytes of each layer; a layer that is not named costs nothing.
	bytes map[string]int64
	// have are contents whose file is at hand.
	have map[string]bool
	// avoid are layers of deltas that proved wrong, and the base's content when
	// that did.
	avoid map[string]bool
}

// route is a way to a content.
type route struct {
	// from is the content it starts at: one at hand, or the base.
	from string
	// base says that it starts with fetching the base.
	base bool
	// steps are the deltas to apply, in order.
	steps []Edge
	// bytes of all layers that it needs.
	bytes int64
}

// better orders ways: fewer bytes, then fewer steps, then without the base.
func (r route) better(than route) bool {
	if r.bytes != than.bytes {
		return r.bytes < than.bytes
	}
	if len(r.steps) != len(than.steps) {
		return len(r.steps) < len(than.steps)
	}
	return !r.base && than.base
}

// route finds the cheapest way to the content of the release.
func (c Config) route(k costs) (route, bool) {
	best := map[string]route{}
	if !k.avoid[c.Base.Content] {
		base := route{from: c.Base.Content, base: true}
		for _, group := range c.Groups {
			base.bytes += k.bytes[group.Layer]
		}
		best[base.from] = base
	}
	for content, at := range k.have {
		if at {
			best[content] = route{from: content}
		}
	}
	// Bellman and Ford: no way needs more steps than there are deltas.
	for range c.Deltas {
		changed := false
		for _, edge := range c.Deltas {
			way, ok := best[edge.From]
			if !ok || k.avoid[edge.Layer] {
				continue
			}
			next := route{from: way.from, base: way.base, bytes: way.bytes + k.bytes[edge.Layer]}
			next.steps = append(append(next.steps, way.steps...), edge)
			if known, ok := best[edge.To]; !ok || next.better(known) {
				best[edge.To], changed = next, true
			}
		}
		if !changed {
			break
		}
	}
	way, ok := best[c.Content]
	return way, ok
}
