// SPDX-License-Identifier: Apache-2.0

package api

import (
	"strings"
	"testing"
)

func TestInvalidWatchlistFeed(t *testing.T) {
	const (
		feedName = "a feed's name is a DNS label of at most 50 characters that begins with a letter, since its id is NAMESPACE.NAME"
		url      = "spec.source.http.url: "
		address  = url + "url is an absolute http or https address, such as https://lists.example.org/consolidated.xml"
		basis    = "spec.legalBasis."
		reviewBy = basis + "reviewBy: reviewBy is a day written YYYY-MM-DD, such as 2027-06-30"
		pin      = "spec.pin: pin is a release version such as v12, or empty to follow the newest release"
	)
	refuse(t, "WatchlistFeed", []refusal{
		{"name with a dot", []edit{set("metadata.name", "un.sc")}, []string{": " + feedName}},
		{"name too long for its releases", []edit{set("metadata.name", strings.Repeat("u", 51))}, []string{": " + feedName}},
		{"no source", []edit{remove("spec.source")}, []string{"spec.source: " + required}},
		{"no way to fetch", []edit{set("spec.source", map[string]any{})}, []string{"spec.source.http: " + required}},
		{"url without a scheme", []edit{set("spec.source.http.url", "lists.example.org/consolidated.xml")}, []string{address}},
		{"url of a file", []edit{set("spec.source.http.url", "file:///etc/consolidated.xml")}, []string{address}},
		{"url by FTP", []edit{set("spec.source.http.url", "ftp://lists.example.org/consolidated.xml")}, []string{address}},
		{"url without a host", []edit{set("spec.source.http.url", "https:///consolidated.xml")}, []string{address}},
		{"url with a password", []edit{set("spec.source.http.url", "https://user:secret@lists.example.org/consolidated.xml")}, []string{url + "url must not carry a user or a password; put an Authorization header into the Secret of headersSecretRef"}},
		{"url with a fragment", []edit{set("spec.source.http.url", "https://lists.example.org/consolidated.xml#top")}, []string{url + "url must not carry a fragment; remove everything from # on"}},
		{"certificates for an http url", []edit{set("spec.source.http.caSecretRef.name", "publisher-ca")}, []string{"spec.source.http: caSecretRef has no effect on an http URL; use https or remove caSecretRef"}},
		{"secrets in the clear", []edit{set("spec.source.http.headersSecretRef.name", "publisher-token")}, []string{"spec.source.http: headersSecretRef would send its secrets in the clear to an http URL; use https or remove headersSecretRef"}},
		{"secret's name with capitals", []edit{set("spec.source.http.url", "https://lists.example.org/l.xml"), set("spec.source.http.caSecretRef.name", "Publisher_CA")}, []string{"spec.source.http.caSecretRef.name: " + secretName}},
		{"headers' secret with a slash", []edit{set("spec.source.http.url", "https://lists.example.org/l.xml"), set("spec.source.http.headersSecretRef.name", "other/token")}, []string{"spec.source.http.headersSecretRef.name: " + secretName}},
		{"unknown format", []edit{set("spec.format", "csv")}, []string{`spec.format: Unsupported value: "csv": supported values: "un-xml", "ofac-csv", "frontline-jsonl"`}},
		{"interval that is no duration", []edit{set("spec.interval", "hourly")}, []string{"spec.interval: " + duration}},
		{"interval too short", []edit{set("spec.interval", "1s"), set("spec.timeout", "1s")}, []string{"spec.interval: interval must be at least 5s; publishers refuse clients that ask more often"}},
		{"timeout longer than interval", []edit{set("spec.timeout", "2m")}, []string{"spec: timeout must not be longer than interval; shorten timeout or fetch less often"}},
		{"timeout of zero", []edit{set("spec.timeout", "0s")}, []string{"spec.timeout: " + longerThan0}},
		{"maxSize of zero", []edit{set("spec.maxSize", "0")}, []string{"spec.maxSize: maxSize must be more than zero; write a size such as 256Mi"}},
		{"maxSize beyond reason", []edit{set("spec.maxSize", "1Ti")}, []string{"spec.maxSize: maxSize must be at most 4Gi; split a larger list into several feeds"}},
		{"unknown verification", []edit{set("spec.verification.mode", "Trusted")}, []string{`spec.verification.mode: Unsupported value: "Trusted": supported values: "Unsigned"`}},
		{"unsigned without a reason", []edit{remove("spec.verification.reason")}, []string{"spec.verification.reason: " + required}},
		{"unsigned with a blank reason", []edit{set("spec.verification.reason", "  ")}, []string{"spec.verification.reason: reason must say why an unsigned file is acceptable"}},
		{"unknown grade", []edit{set("spec.grade", "Rumour")}, []string{`spec.grade: Unsupported value: "Rumour": supported values: "Authoritative", "Shared", "OSINT"`}},
		{"unknown nature", []edit{set("spec.nature", "Suspicious")}, []string{`spec.nature: Unsupported value: "Suspicious": supported values: "Wanted", "Missing", "AtRisk", "PriorEncounter", "Document"`}},
		{"no legal basis", []edit{remove("spec.legalBasis")}, []string{"spec.legalBasis: " + required}},
		{"basis without a controller", []edit{set("spec.legalBasis.controller", " ")}, []string{basis + "controller: controller must name the authority that is responsible for the data"}},
		{"basis without a legal act", []edit{set("spec.legalBasis.reference", " ")}, []string{basis + "reference: reference must name the legal act, such as UNSCR 1267/1989/2253"}},
		{"basis without an end", []edit{remove("spec.legalBasis.validUntil")}, []string{basis + "validUntil: " + required}},
		{"end of the basis without a time", []edit{set("spec.legalBasis.validUntil", "2030-12-31")}, []string{basis + `validUntil: spec.legalBasis.validUntil in body must be of type date-time: "2030-12-31"`}},
		{"review on a day no month has", []edit{set("spec.legalBasis.reviewBy", "2030-06-32")}, []string{reviewBy}},
		{"review in another order", []edit{set("spec.legalBasis.reviewBy", "30.06.2030")}, []string{reviewBy}},
		{"review after the end", []edit{set("spec.legalBasis.reviewBy", "2031-01-01")}, []string{"spec.legalBasis: reviewBy must not be after validUntil; a basis is reviewed before it ends"}},
		{"no purpose", []edit{set("spec.purposes", []any{})}, []string{"spec.purposes: spec.purposes in body " + listOfNothing}},
		{"unknown purpose", []edit{set("spec.purposes", []any{"Curiosity"})}, []string{"spec.purposes[0]: " + purposes}},
		{"same purpose twice", []edit{set("spec.purposes", []any{"BorderControl", "BorderControl"})}, []string{`spec.purposes[1]: Duplicate value: "BorderControl"`}},
		{"shared with nobody", []edit{set("spec.sharing.allow", []any{})}, []string{"spec.sharing.allow: spec.sharing.allow in body " + listOfNothing}},
		{"shared with a name", []edit{set("spec.sharing.allow", []any{"AL", "Serbia"})}, []string{"spec.sharing.allow[1]: " + country}},
		{"shared twice with one", []edit{set("spec.sharing.allow", []any{"AL", "AL"})}, []string{`spec.sharing.allow[1]: Duplicate value: "AL"`}},
		{"no limit of age", []edit{remove("spec.sharing.maxCopyAge")}, []string{"spec.sharing.maxCopyAge: " + required}},
		{"mark after stop", []edit{set("spec.sharing.maxCopyAge.mark", "72h")}, []string{"spec.sharing.maxCopyAge: " + markStop}},
		{"stop that is no duration", []edit{set("spec.sharing.maxCopyAge.stop", "2 days")}, []string{"spec.sharing.maxCopyAge.stop: " + duration}},
		{"gate of no records", []edit{set("spec.gates.minRecords", int64(0))}, []string{"spec.gates.minRecords: spec.gates.minRecords in body should be greater than or equal to 1"}},
		{"retention of nothing", []edit{set("spec.retention.releases", int64(0))}, []string{"spec.retention.releases: spec.retention.releases in body should be greater than or equal to 1"}},
		{"pin without v", []edit{set("spec.pin", "12")}, []string{pin}},
		{"pin of a number with zero in front", []edit{set("spec.pin", "v012")}, []string{pin}},
		{"field of a later version", []edit{set("spec.rollout", map[string]any{})}, []string{`WatchlistFeed in version "v1alpha1" cannot be handled as a WatchlistFeed: strict decoding error: unknown field "spec.rollout"`}},
	})
}

func TestWatchlistFeedCannotChange(t *testing.T) {
	refuseChange(t, "WatchlistFeed", []refusal{
		{"nature", []edit{set("spec.nature", "Missing")}, []string{"spec.nature: nature cannot be changed, since officers act on it; create another feed for records of another nature"}},
	})
}

func TestInvalidWatchlistRelease(t *testing.T) {
	const releaseName = ": a release is named after its feed and its number, such as un-sc-12"
	refuse(t, "WatchlistRelease", []refusal{
		{"name of another number", []edit{set("metadata.name", "un-sc-13")}, []string{releaseName}},
		{"name of another feed", []edit{set("metadata.name", "eu-12")}, []string{releaseName}},
		{"number of zero", []edit{set("spec.number", int64(0)), set("metadata.name", "un-sc-0")}, []string{"spec.number: spec.number in body should be greater than or equal to 1", releaseName}},
		{"feed's id without a namespace", []edit{set("spec.feed.id", "un-sc")}, []string{"spec.feed.id: " + feedID}},
		{"digest in capitals", []edit{set("spec.contentDigest", "sha256:"+strings.Repeat(strings.ToUpper(hexDigits), 4))}, []string{"spec.contentDigest: " + digest}},
		{"digest by another function", []edit{set("spec.sourceDigest", "sha512:"+strings.Repeat(hexDigits, 4))}, []string{"spec.sourceDigest: " + digest}},
		{"artifact of no size", []edit{set("spec.artifact.size", int64(0))}, []string{"spec.artifact.size: spec.artifact.size in body should be greater than or equal to 1"}},
		{"fewer than no people", []edit{set("spec.records.persons", int64(-1))}, []string{"spec.records.persons: spec.records.persons in body should be greater than or equal to 0"}},
		{"changes to no version", []edit{set("spec.changes.base", "11")}, []string{"spec.changes.base: " + version}},
	})
}

func TestWatchlistReleaseCannotChange(t *testing.T) {
	const immutable = "spec: a release cannot be changed; change the feed, which publishes another release"
	refuseChange(t, "WatchlistRelease", []refusal{
		{"list date", []edit{set("spec.listDate", "2026-02-28")}, []string{immutable}},
		{"counts", []edit{set("spec.records.persons", int64(25))}, []string{immutable}},
		{"what was there", []edit{remove("spec.changes")}, []string{immutable}},
	})
}

func TestInvalidWatchlistReplica(t *testing.T) {
	refuse(t, "WatchlistReplica", []refusal{
		{"name of another feed", []edit{set("metadata.name", "intl.eu")}, []string{": a replica is named after its feed's id, such as intl.un-sc"}},
		{"unknown state", []edit{set("spec.state", "Hide")}, []string{`spec.state: Unsupported value: "Hide": supported values: "Serve", "Lock", "Erase"`}},
		{"serve nothing", []edit{remove("spec.release"), remove("spec.contentDigest")}, []string{"spec: state Serve needs a release; give the version the region is ordered to serve, such as v12"}},
		{"release without its digest", []edit{remove("spec.contentDigest")}, []string{"spec: release and contentDigest belong together; give both or neither"}},
		{"release without v", []edit{set("spec.release", "12")}, []string{"spec.release: " + version}},
		{"floor of words", []edit{set("spec.floor", "oldest")}, []string{"spec.floor: " + version}},
	})
	refuseChange(t, "WatchlistReplica", []refusal{
		{"feed", []edit{set("spec.feed", "intl.eu")}, []string{": a replica is named after its feed's id, such as intl.un-sc", "spec.feed: feed cannot be changed; a replica belongs to one feed"}},
	})
}
