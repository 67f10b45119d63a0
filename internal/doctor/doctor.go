// SPDX-License-Identifier: Apache-2.0

// Package doctor says what stands in the way of an installation, before it is
// made and afterwards. Checks are pure functions of a State that somebody else
// gathered; none of them changes anything, and each says what to do next.
package doctor

import (
	"fmt"
	"slices"
)

// Place is where a doctor looks.
type Place string

// Places.
const (
	Hub    Place = "hub"
	Region Place = "region"
	Node   Place = "node"
)

// Result is what a check found.
type Result string

const (
	// OK needs nothing.
	OK Result = "ok"
	// Warning works, and somebody should look at it.
	Warning Result = "warning"
	// Failed keeps Frontline from being installed, or from working.
	Failed Result = "failed"
	// Skipped could not be seen, or has no meaning here and now.
	Skipped Result = "skipped"
)

// Finding is what a check made of the state.
type Finding struct {
	Result Result `json:"result"`
	// LookedAt is what was seen, in words.
	LookedAt string `json:"lookedAt"`
	// Next is what a person does about it; empty where there is nothing to do.
	Next string `json:"next,omitempty"`
}

// Row is one check of a report.
type Row struct {
	Name string `json:"name"`
	Finding
}

// Report is what a doctor says of a place.
type Report struct {
	Place     Place `json:"place"`
	Installed bool  `json:"installed"`
	Checks    []Row `json:"checks"`
}

// Count returns how many checks have the result.
func (r Report) Count(result Result) int {
	n := 0
	for _, row := range r.Checks {
		if row.Result == result {
			n++
		}
	}
	return n
}

// when says to which stage of an installation a check belongs.
type when int

const (
	always when = iota
	before
	after
)

// check is one line of the table. It is asked only where and when it has a meaning.
type check struct {
	name   string
	where  []Place
	when   when
	assess func(State) Finding
}

var (
	clusters = []Place{Hub, Region}
	hubs     = []Place{Hub}
	regions  = []Place{Region}
	nodes    = []Place{Node}
)

// checks are all there are, in the order in which they are read: what others
// rest on comes first.
var checks = []check{
	{"kubernetes", clusters, always, kubernetes},
	{"installation", clusters, always, installation},
	{"versions", clusters, after, versions},
	{"definitions", clusters, always, definitions},
	{"namespace", clusters, always, installNamespace},
	{"key namespace", hubs, always, keyNamespace},
	{"region namespace", regions, always, regionNamespace},
	{"your rights", clusters, before, rights},
	{"its rights", clusters, after, granted},
	{"storage class", clusters, before, storageClass},
	{"volumes", clusters, after, volumes},
	{"workloads", clusters, after, workloads},
	{"registry", clusters, after, registry},
	{"policies", clusters, after, policies},
	{"gateway address", hubs, after, gatewayAddress},
	{"regions", hubs, after, regionLinks},
	{"terms", regions, after, terms},
	{"clock", clusters, always, clock},
	{"clocks of nodes", clusters, always, nodeClocks},
	{"memory", clusters, always, memory},
	{"swap", clusters, always, swap},

	{"kernel", nodes, always, kernel},
	{"control groups", nodes, always, controlGroups},
	{"clock", nodes, always, machineClock},
	{"memory", nodes, always, machineMemory},
	{"swap", nodes, always, machineSwap},
	{"disk", nodes, always, machineDisk},
	{"gateway", nodes, always, machineGateway},
}

// Examine asks every check that belongs to the place.
func Examine(s State) Report {
	installed := s.Installed()
	report := Report{Place: s.Place, Installed: installed, Checks: []Row{}}
	for _, c := range checks {
		if !slices.Contains(c.where, s.Place) {
			continue
		}
		var finding Finding
		switch {
		case c.when == before && installed:
			finding = Finding{Result: Skipped, LookedAt: "needed for installing alone"}
		case c.when == after && !installed:
			finding = Finding{Result: Skipped, LookedAt: "nothing is installed yet"}
		default:
			finding = c.assess(s)
		}
		report.Checks = append(report.Checks, Row{Name: c.name, Finding: finding})
	}
	return report
}

func ok(format string, args ...any) Finding {
	return Finding{Result: OK, LookedAt: fmt.Sprintf(format, args...)}
}

func skipped(format string, args ...any) Finding {
	return Finding{Result: Skipped, LookedAt: fmt.Sprintf(format, args...)}
}

func warning(next, format string, args ...any) Finding {
	return Finding{Result: Warning, LookedAt: fmt.Sprintf(format, args...), Next: next}
}

func failed(next, format string, args ...any) Finding {
	return Finding{Result: Failed, LookedAt: fmt.Sprintf(format, args...), Next: next}
}

// unseen is a check that could not look: mostly a right that who asks has not.
func unseen(what string, err error) Finding {
	return Finding{Result: Skipped, LookedAt: fmt.Sprintf("%s cannot be seen: %v", what, err), Next: "ask somebody who may read it to run this"}
}
