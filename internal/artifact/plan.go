// SPDX-License-Identifier: Apache-2.0

package artifact

import "fmt"

// The rules by which an artifact is cut, in hundredths and counts.
const (
	// maxDelta is how large a delta may be, in hundredths of a full copy: beyond
	// it, a full copy is the better use of the line.
	maxDelta = 40
	// maxChain is how large all deltas of an artifact together may become, in
	// hundredths of its base, and maxLinks how many, before a new base is due.
	maxChain = 20
	maxLinks = 16
	// maxBeside is how large a delta listed beside a base of the same content may
	// be, in hundredths of it: who fetches everything moves at most 105 %.
	maxBeside = 5
)

// Link is a delta that an artifact may list.
type Link struct {
	// Edge has no Layer when the delta is yet to be sealed.
	Edge
	// Bytes it takes on the line.
	Bytes int64
}

// PlanInput is what PlanCut decides on.
type PlanInput struct {
	Feed, Region string
	Epoch        int64
	// Content of the release and the Size of its file, uncompressed.
	Content string
	Size    int64
	// Previous is the artifact the region was sent before; nil when there is
	// none or it holds nothing.
	Previous *Config
	// Layers are the bytes of the previous artifact's layers, by digest.
	Layers map[string]int64
	// Patches are the deltas at hand.
	Patches []Link
	// Rebase asks for a new base.
	Rebase bool
}

// CutPlan says how to cut an artifact.
type CutPlan struct {
	// Rebase says that the base is the release itself.
	Rebase bool
	// Reason says why, in words for a log.
	Reason string
	// Links are the deltas to list.
	Links []Link
	// Due says that the chain has become long: a new base should be cut when
	// nobody waits for it.
	Due bool
	// Update is what a region moves that holds the previous artifact, Fresh what
	// one moves that holds nothing, in bytes. Before a base is compressed its
	// bytes are estimated, never too low but for incompressible content.
	Update, Fresh int64
}

// PlanCut decides whether an artifact keeps the base of the one before it and
// which deltas it lists. It is a pure function.
func PlanCut(in PlanInput) CutPlan {
	if reason := in.mustRebase(); reason != "" {
		return in.rebase(reason)
	}
	p := in.Previous
	full := in.full()
	next := Config{Content: in.Content, Size: in.Size, Base: p.Base, Groups: p.Groups}
	links := map[string]Link{}
	k := costs{bytes: map[string]int64{}}
	add := func(link Link, name string) {
		link.Layer = name
		links[name], k.bytes[name] = link, link.Bytes
		next.Deltas = append(next.Deltas, link.Edge)
	}
	for _, edge := range p.Deltas {
		add(Link{Edge: edge, Bytes: in.Layers[edge.Layer]}, edge.Layer)
	}
	for _, patch := range in.Patches {
		// A delta is named by its ends until it is sealed and has a digest.
		if tooLarge(patch.Bytes, full, maxDelta) {
			continue
		}
		add(patch, patch.From+" "+patch.To)
	}
	way, ok := next.route(k)
	if !ok {
		return in.rebase("no delta leads to the release, or only one of over 40 % of a full copy")
	}
	// The chain is what leads from the base; a step from the release before is
	// listed when the chain goes another way.
	plan := CutPlan{Reason: fmt.Sprintf("the base of v%d stays", p.Base.Release)}
	listed := map[string]bool{}
	list := func(name string) {
		if listed[name] {
			return
		}
		listed[name] = true
		link := links[name]
		if !in.known(name) {
			link.Layer = ""
			plan.Update += link.Bytes
		}
		plan.Links = append(plan.Links, link)
		plan.Fresh += link.Bytes
	}
	for _, edge := range way.steps {
		list(edge.Layer)
	}
	if step := p.Content + " " + in.Content; links[step].To != "" {
		list(step)
	}
	if len(plan.Links) > 2*maxLinks {
		return in.rebase("the chain of deltas is too long to grow")
	}
	plan.Due = due(len(plan.Links), plan.Fresh, full)
	plan.Fresh += full
	return plan
}

func (in PlanInput) mustRebase() string {
	p := in.Previous
	switch {
	case p == nil:
		return "the region holds nothing"
	case p.Feed != in.Feed || p.Region != in.Region:
		return "the artifact before is of another feed or region"
	case p.Epoch != in.Epoch:
		return "the region's key is of another epoch"
	case in.Rebase:
		return "a new base was asked for"
	}
	for _, group := range p.Groups {
		if _, ok := in.Layers[group.Layer]; !ok {
			return "the artifact before is not whole"
		}
	}
	return ""
}

// rebase makes the release its own base. Deltas that lead to it are listed
// beside when they are small: who holds the release before takes one of them.
func (in PlanInput) rebase(reason string) CutPlan {
	plan := CutPlan{Rebase: true, Reason: reason, Update: in.Size, Fresh: in.Size}
	full := in.full()
	add := func(link Link) {
		if link.To != in.Content || tooLarge(link.Bytes, full, maxBeside) {
			return
		}
		for _, other := range plan.Links {
			if other.From == link.From {
				return
			}
		}
		plan.Links = append(plan.Links, link)
		plan.Fresh += link.Bytes
		if !in.known(link.Layer) {
			plan.Update += link.Bytes
		}
	}
	if p := in.Previous; p != nil && p.Feed == in.Feed && p.Region == in.Region && p.Epoch == in.Epoch {
		for _, edge := range p.Deltas {
			if bytes, ok := in.Layers[edge.Layer]; ok {
				add(Link{Edge: edge, Bytes: bytes})
			}
		}
	}
	for _, patch := range in.Patches {
		add(patch)
	}
	return plan
}

// full is the bytes of a full copy on the line, as far as is known.
func (in PlanInput) full() int64 {
	if in.Previous == nil {
		return in.Size
	}
	var total int64
	for _, group := range in.Previous.Groups {
		total += in.Layers[group.Layer]
	}
	if total == 0 {
		return in.Size
	}
	return total
}

// known says whether a layer is one of the previous artifact's.
func (in PlanInput) known(layer string) bool {
	_, ok := in.Layers[layer]
	return ok
}

// due says whether a chain of deltas is long enough for a new base.
func due(links int, chain, base int64) bool {
	return links >= maxLinks || tooLarge(chain, base, maxChain)
}

// tooLarge compares without fractions: bytes > whole × hundredths / 100.
func tooLarge(bytes, whole, hundredths int64) bool { return bytes*100 > whole*hundredths }
