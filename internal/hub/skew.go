// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/frontline-screening/frontline/internal/level"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/report"
)

// Reads is what a region reads of orders: package level.
type Reads struct {
	// Agent is the level of its agent, Pods the lowest of its loaders.
	Agent, Pods int64
}

// ReadsOf returns what a region says that it reads.
func ReadsOf(v report.Versions) Reads {
	return Reads{Agent: max(v.Level, level.First), Pods: max(v.Pods, level.First)}
}

// Level is the level that an order for the region may need: agent and loaders
// read the same one.
func (r Reads) Level() int64 { return min(r.Agent, r.Pods) }

// LaterField is a field of the spec of a pool or a post that came after the
// first level.
type LaterField struct {
	// Kind is order.KindPool or order.KindPost.
	Kind string
	// Path names the field within the spec, as in "endpoint.sources"; lists are
	// passed through. "type=Carrier" is one value of a field that may be older.
	Path string
	// Level brought it.
	Level int64
}

// LaterFields is what the API has beyond the first level. A region that does
// not know a field could only pass over it, and so open what the field closes:
// an object that uses one waits until the region reads its level. The API
// server must therefore fill in none of them by default.
type LaterFields []LaterField

// SpecFields are the later fields of this build's API.
var SpecFields = LaterFields{
	{Kind: order.KindPool, Path: "autoscaling", Level: 2},
	{Kind: order.KindPool, Path: "replicasReset", Level: 2},
	{Kind: order.KindPool, Path: "spread", Level: 2},
}

// Beyond returns the paths of the fields that a spec uses above a level, and
// the level that the spec needs.
func (l LaterFields) Beyond(kind string, spec []byte, reads int64) (paths []string, needs int64, err error) {
	var content any
	if err := json.Unmarshal(spec, &content); err != nil {
		return nil, 0, fmt.Errorf("spec of a %s: %w", kind, err)
	}
	needs = level.First
	for _, field := range l {
		path, value, _ := strings.Cut(field.Path, "=")
		if field.Kind != kind || !uses(content, strings.Split(path, "."), value) {
			continue
		}
		needs = max(needs, field.Level)
		if field.Level > reads {
			paths = append(paths, field.Path)
		}
	}
	slices.Sort(paths)
	return paths, needs, nil
}

// uses reports whether a field is there; with a value, whether it is that one.
func uses(content any, path []string, value string) bool {
	if len(path) == 0 && value == "" {
		return content != nil
	}
	switch content := content.(type) {
	case []any:
		return slices.ContainsFunc(content, func(each any) bool { return uses(each, path, value) })
	case map[string]any:
		if len(path) > 0 {
			next, there := content[path[0]]
			return there && uses(next, path[1:], value)
		}
	case string:
		return len(path) == 0 && content == value
	}
	return false
}

// Withheld is a pool or a post that a region is too old to be told of.
type Withheld struct {
	Kind, Name string
	// Fields are those that the region does not know.
	Fields []string
}

// String names the object and its fields.
func (w Withheld) String() string {
	return w.Kind + " " + w.Name + " (spec." + strings.Join(w.Fields, ", spec.") + ")"
}

// Withhold parts the workloads that a region reads from those that it does
// not. In the place of one that it does not, what the order listed before stays,
// so that the region neither loses it nor takes it for something else.
func (l LaterFields) Withhold(kind string, wanted []order.Workload, listed func(name string) *order.Workload, reads int64) (list []order.Workload, withheld []Withheld, err error) {
	for _, w := range wanted {
		paths, needs, err := l.Beyond(kind, w.Spec, reads)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", w.Name, err)
		}
		if len(paths) == 0 {
			w.Level = needs
			list = append(list, w)
			continue
		}
		withheld = append(withheld, Withheld{Kind: kind, Name: w.Name, Fields: paths})
		before := listed(w.Name)
		if before == nil || before.UID != w.UID {
			continue
		}
		// A region that was put back to an older version does not read that either.
		if paths, needs, err := l.Beyond(kind, before.Spec, reads); err == nil && len(paths) == 0 {
			kept := *before
			kept.Level = needs
			list = append(list, kept)
		}
	}
	return list, withheld, nil
}
