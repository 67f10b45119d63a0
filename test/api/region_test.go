// SPDX-License-Identifier: Apache-2.0

package api

import (
	"strings"
	"testing"
)

const regionName = "a region's name is a DNS label of at most 56 characters that begins with a letter, since its namespace is region-NAME"

func TestInvalidRegionalCluster(t *testing.T) {
	approver := func(name, key string) map[string]any { return map[string]any{"name": name, "publicKey": key} }
	refuse(t, "RegionalCluster", []refusal{
		{"name with a dot", []edit{set("metadata.name", "north.east")}, []string{": " + regionName}},
		{"name that begins with a digit", []edit{set("metadata.name", "4north")}, []string{": " + regionName}},
		{"name too long for its namespace", []edit{set("metadata.name", "n"+strings.Repeat("o", 56))}, []string{": " + regionName}},
		{"no jurisdiction", []edit{remove("spec.jurisdiction")}, []string{"spec.jurisdiction: " + required}},
		{"jurisdiction in lower case", []edit{set("spec.jurisdiction", "al")}, []string{"spec.jurisdiction: " + country}},
		{"jurisdiction of three letters", []edit{set("spec.jurisdiction", "ALB")}, []string{"spec.jurisdiction: " + country}},
		{"empty attestation", []edit{set("spec.attestation.statement", "")}, []string{"spec.attestation.statement: spec.attestation.statement in body should be at least 1 chars long"}},
		{"unknown link", []edit{set("spec.link", "Pigeon")}, []string{`spec.link: Unsupported value: "Pigeon": supported values: "Remote", "Local"`}},
		{"unknown profile", []edit{set("spec.profile", "Tiny")}, []string{`spec.profile: Unsupported value: "Tiny": supported values: "Standard", "Edge"`}},
		{"interval that is no duration", []edit{set("spec.heartbeat.interval", "half a minute")}, []string{"spec.heartbeat.interval: " + duration}},
		{"interval of days", []edit{set("spec.heartbeat.interval", "1d")}, []string{"spec.heartbeat.interval: " + duration}},
		{"interval of zero", []edit{set("spec.heartbeat.interval", "0s")}, []string{
			"spec.heartbeat: interval must be at least 1s; shorter ones load the hub without telling it more",
			"spec.heartbeat.interval: " + longerThan0,
		}},
		{"interval too short", []edit{set("spec.heartbeat.interval", "100ms")}, []string{"spec.heartbeat: interval must be at least 1s; shorter ones load the hub without telling it more"}},
		{"degraded before the next report", []edit{set("spec.heartbeat.degradedAfter", "30s")}, []string{"spec.heartbeat: degradedAfter must be longer than interval, or every report would come too late; three intervals are customary"}},
		{"offline before degraded", []edit{set("spec.heartbeat.offlineAfter", "1m")}, []string{"spec.heartbeat: offlineAfter must be longer than degradedAfter; a region is Degraded before it is Offline"}},
		{"mark after stop", []edit{set("spec.freshness.mark", "48h")}, []string{"spec.freshness: " + markStop}},
		{"mark without stop", []edit{remove("spec.freshness.stop")}, []string{"spec.freshness.stop: " + required}},
		{"no approver in the list", []edit{set("spec.approvers", []any{})}, []string{"spec.approvers: spec.approvers in body should have at least 1 items"}},
		{"approver's name with a space", []edit{set("spec.approvers", []any{approver("duty officer", validKey)})}, []string{"spec.approvers[0].name: an approver's name consists of lower-case letters, digits and hyphens, such as duty-officer-1"}},
		{"approver's key in PEM", []edit{set("spec.approvers", []any{approver("dpo", "-----BEGIN PUBLIC KEY-----")})}, []string{"spec.approvers[0].publicKey: " + ed25519Key}},
		{"same approver twice", []edit{set("spec.approvers", []any{approver("dpo", validKey), approver("dpo", validKey)})}, []string{`spec.approvers[1]: Duplicate value: {"name":"dpo"}`}},
		{"line of no bytes", []edit{set("spec.transfer.bytesPerSecond", "0")}, []string{"spec.transfer.bytesPerSecond: bytesPerSecond must be at least 1Ki, or no content would ever arrive; write a rate such as 128Ki"}},
		{"transfer of nothing", []edit{set("spec.transfer", map[string]any{})}, []string{"spec.transfer.bytesPerSecond: " + required}},
		{"field of no version", []edit{set("spec.tier", "canary")}, []string{`RegionalCluster in version "v1alpha1" cannot be handled as a RegionalCluster: strict decoding error: unknown field "spec.tier"`}},
	})
}

func TestRegionalClusterCannotChange(t *testing.T) {
	refuseChange(t, "RegionalCluster", []refusal{
		{"jurisdiction", []edit{set("spec.jurisdiction", "RS")}, []string{"spec.jurisdiction: jurisdiction cannot be changed; create a RegionalCluster with another name for another jurisdiction"}},
		{"link", []edit{set("spec.link", "Local")}, []string{"spec.link: link cannot be changed; create a RegionalCluster with another name and join it"}},
	})
}

func TestInvalidRegionTerms(t *testing.T) {
	const pattern = "a feed pattern is a feed id such as al.national, all feeds of a namespace such as intl.*, or * for every feed"
	refuse(t, "RegionTerms", []refusal{
		{"another name", []edit{set("metadata.name", "more-terms")}, []string{": a region has one RegionTerms, named terms; edit that one"}},
		{"no feeds", []edit{set("spec.feeds", []any{})}, []string{"spec.feeds: spec.feeds in body " + listOfNothing}},
		{"pattern inside a name", []edit{set("spec.feeds", []any{"intl.un-*"})}, []string{"spec.feeds[0]: " + pattern}},
		{"pattern without a namespace", []edit{set("spec.feeds", []any{"un-sc"})}, []string{"spec.feeds[0]: " + pattern}},
		{"same pattern twice", []edit{set("spec.feeds", []any{"intl.*", "intl.*"})}, []string{`spec.feeds[1]: Duplicate value: "intl.*"`}},
		{"no purposes", []edit{remove("spec.purposes")}, []string{"spec.purposes: " + required}},
		{"unknown purpose", []edit{set("spec.purposes", []any{"Curiosity"})}, []string{"spec.purposes[0]: " + purposes}},
	})
}
