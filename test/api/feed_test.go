// SPDX-License-Identifier: Apache-2.0

package api

import (
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestInvalidWatchlistFeed(t *testing.T) {
	const (
		feedName = "a feed's name is a DNS label of at most 50 characters that begins with a letter, since its id is NAMESPACE.NAME"
		url      = "spec.source.http.url: "
		address  = url + "url is an absolute http or https address, such as https://lists.example.org/consolidated.xml"
		basis    = "spec.legalBasis."
		reviewBy = basis + "reviewBy: reviewBy is a day written YYYY-MM-DD, such as 2027-06-30"
		pin      = "spec.pin: pin is a release version such as v12, or empty to follow the newest release"

		oneSource      = "spec.source: a source is one of http and oci; give exactly one"
		reference      = "spec.source.oci.reference: reference is a registry, a repository and a tag, such as registry.example.org/lists/un-sc:daily; a digest goes into the field digest"
		reasonOnly     = "spec.verification: mode Unsigned needs a reason and mode Keys takes none; write why an unsigned file is acceptable, or leave reason out"
		keysOnly       = "spec.verification: keys belong to mode Keys, where they are the publisher's; leave them out with mode Unsigned"
		signaturePlace = "spec: with mode Keys a file from http needs verification.signature, which says where its signature lies; an oci artifact carries it attached, so leave signature out there"
		tooFew         = "spec: a release past gates.maxAddedPercent or gates.maxRemovedPercent waits for gates.approvals people, so approvers must list at least as many"
	)
	artifact := func(reference string) edit {
		return set("spec.source", map[string]any{"oci": map[string]any{"reference": reference}})
	}
	inline := func(kind string) map[string]any {
		return map[string]any{"type": kind, "publicKey": "a key"}
	}
	signed := func(kind string) edit {
		return set("spec.verification", map[string]any{
			"mode": "Keys", "keys": []any{inline(kind)}, "signature": map[string]any{"suffix": ".sig"},
		})
	}
	people := []any{
		map[string]any{"name": "duty-officer-1", "publicKey": validKey},
		map[string]any{"name": "duty-officer-2", "publicKey": p256Key},
	}
	refuse(t, "WatchlistFeed", []refusal{
		{"name with a dot", []edit{set("metadata.name", "un.sc")}, []string{": " + feedName}},
		{"name too long for its releases", []edit{set("metadata.name", strings.Repeat("u", 51))}, []string{": " + feedName}},
		{"no source", []edit{remove("spec.source")}, []string{"spec.source: " + required}},
		{"no way to fetch", []edit{set("spec.source", map[string]any{})}, []string{oneSource}},
		{"two ways to fetch", []edit{set("spec.source.oci.reference", "registry.example.org/lists/un-sc:daily")}, []string{oneSource}},
		{"address range that cannot be named", []edit{set("spec.source.http.addresses", []any{"Metadata"})}, []string{`spec.source.http.addresses[0]: Unsupported value: "Metadata": supported values: "Private", "Loopback", "LinkLocal"`}},
		{"same address range twice", []edit{set("spec.source.http.addresses", []any{"Private", "Private"})}, []string{`spec.source.http.addresses[1]: Duplicate value: "Private"`}},
		{"artifact without a tag", []edit{artifact("registry.example.org/lists/un-sc")}, []string{"spec.source.oci: reference needs a tag to follow, such as :daily, or the field digest to stay at one artifact"}},
		{"artifact without a registry", []edit{artifact("un-sc:daily")}, []string{reference}},
		{"artifact with a digest in its reference", []edit{artifact("registry.example.org/un-sc:daily@sha256:" + strings.Repeat(hexDigits, 4))}, []string{reference}},
		{"artifact with a scheme", []edit{artifact("https://registry.example.org/un-sc:daily")}, []string{reference}},
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
		{"unknown format", []edit{set("spec.format", "csv")}, []string{`spec.format: Unsupported value: "csv": supported values: "un-xml", "ofac-xml", "ofac-csv", "eu-xml", "ftm-json", "opensanctions-csv", "frontline-jsonl"`}},
		{"interval that is no duration", []edit{set("spec.interval", "hourly")}, []string{"spec.interval: " + duration}},
		{"interval too short", []edit{set("spec.interval", "1s"), set("spec.timeout", "1s")}, []string{"spec.interval: interval must be at least 5s; publishers refuse clients that ask more often"}},
		{"timeout longer than interval", []edit{set("spec.timeout", "2m")}, []string{"spec: timeout must not be longer than interval; shorten timeout or fetch less often"}},
		{"timeout of zero", []edit{set("spec.timeout", "0s")}, []string{"spec.timeout: " + longerThan0}},
		{"maxSize of zero", []edit{set("spec.maxSize", "0")}, []string{"spec.maxSize: maxSize must be more than zero; write a size such as 256Mi"}},
		{"maxSize beyond reason", []edit{set("spec.maxSize", "1Ti")}, []string{"spec.maxSize: maxSize must be at most 4Gi; split a larger list into several feeds"}},
		{"unknown verification", []edit{set("spec.verification.mode", "Trusted")}, []string{`spec.verification.mode: Unsupported value: "Trusted": supported values: "Unsigned", "Keys"`}},
		{"unsigned without a reason", []edit{remove("spec.verification.reason")}, []string{reasonOnly}},
		{"unsigned with keys", []edit{set("spec.verification.keys", []any{inline("Minisign")})}, []string{keysOnly}},
		{"unsigned with a signature", []edit{set("spec.verification.signature.suffix", ".minisig")}, []string{"spec.verification: signature belongs to mode Keys; an unsigned file has none"}},
		{"keys and a reason", []edit{signed("Cosign"), set("spec.verification.reason", "why")}, []string{reasonOnly}},
		{"mode Keys without keys", []edit{signed("Cosign"), remove("spec.verification.keys")}, []string{keysOnly}},
		{"keys and no place of the signature", []edit{signed("Cosign"), remove("spec.verification.signature")}, []string{signaturePlace}},
		{"a place for an attached signature", []edit{signed("Cosign"), artifact("registry.example.org/un-sc:daily")}, []string{signaturePlace}},
		{"minisign and an artifact", []edit{signed("Minisign"), remove("spec.verification.signature"), artifact("registry.example.org/un-sc:daily")}, []string{"spec: signatures attached to an oci artifact are cosign's; list keys of type Cosign, or fetch the file by http"}},
		{"key of no type", []edit{signed("PGP")}, []string{`spec.verification.keys[0].type: Unsupported value: "PGP": supported values: "Cosign", "Minisign"`}},
		{"key given twice", []edit{signed("Cosign"), set("spec.verification.keys.0.secretRef.name", "key")}, []string{"spec.verification.keys[0]: a key is given by exactly one of publicKey and secretRef"}},
		{"signature in two places", []edit{signed("Cosign"), set("spec.verification.signature.url", "https://lists.example.org/l.sig")}, []string{"spec.verification.signature: a signature is found by exactly one of suffix and url"}},
		{"suffix that is a path", []edit{signed("Cosign"), set("spec.verification.signature.suffix", "/../l.sig")}, []string{"spec.verification.signature.suffix: suffix begins with a dot and has no slash, such as .minisig"}},
		{"signature's url with a user", []edit{signed("Cosign"), set("spec.verification.signature", map[string]any{"url": "https://me@lists.example.org/l.sig"})}, []string{"spec.verification.signature.url: url is an absolute http or https address without a user, such as https://lists.example.org/consolidated.xml.minisig"}},
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
		{"gates that cross", []edit{set("spec.gates.maxRecords", int64(2))}, []string{"spec.gates: minRecords must not be more than maxRecords, or no release could pass"}},
		{"gate below nothing", []edit{set("spec.gates.maxRemovedPercent", int64(-1)), set("spec.approvers", people)}, []string{"spec.gates.maxRemovedPercent: spec.gates.maxRemovedPercent in body should be greater than or equal to 0"}},
		{"storm guard without approvers", []edit{set("spec.gates.maxAddedPercent", int64(20))}, []string{tooFew}},
		{"storm guard with one approver of two", []edit{set("spec.gates.maxRemovedPercent", int64(5)), set("spec.approvers", people[:1])}, []string{tooFew}},
		{"unknown mandatory field", []edit{set("spec.gates.mandatoryFields", []any{map[string]any{"field": "ShoeSize"}})}, []string{`spec.gates.mandatoryFields[0].field: Unsupported value: "ShoeSize": supported values: "Names", "BirthDates", "BirthPlaces", "Nationalities", "Gender", "Documents", "Programmes", "Issued", "Fingerprints", "Faces"`}},
		{"mandatory field twice", []edit{set("spec.gates.mandatoryFields", []any{map[string]any{"field": "Names"}, map[string]any{"field": "Names"}})}, []string{`spec.gates.mandatoryFields[1]: Duplicate value: {"field":"Names"}`}},
		{"approver's key of another kind", []edit{set("spec.approvers", []any{map[string]any{"name": "dpo", "publicKey": "ssh-ed25519 AAAA"}})}, []string{"spec.approvers[0].publicKey: a public key is an Ed25519 or a P-256 key in PKIX form, as PEM or base64; print one with: openssl pkey -in key.pem -pubout"}},
		{"approver's name with a space", []edit{set("spec.approvers", []any{map[string]any{"name": "duty officer", "publicKey": validKey}})}, []string{"spec.approvers[0].name: an approver's name consists of lower-case letters, digits and hyphens, such as duty-officer-1"}},
		{"one person under two names", []edit{set("spec.approvers", []any{map[string]any{"name": "a", "publicKey": validKey}, map[string]any{"name": "b", "publicKey": validKey}})}, []string{"spec.approvers: two approvers have the same publicKey; each person signs with a key of their own"}},
		{"keys for a minute", []edit{set("spec.keys.rotateAfter", "1m")}, []string{"spec.keys.rotateAfter: rotateAfter must be at least 1h; each rotation moves a full copy to every region"}},
		{"retention of nothing", []edit{set("spec.retention.releases", int64(0))}, []string{"spec.retention.releases: spec.retention.releases in body should be greater than or equal to 1"}},
		{"pin without v", []edit{set("spec.pin", "12")}, []string{pin}},
		{"pin of a number with zero in front", []edit{set("spec.pin", "v012")}, []string{pin}},
		{"field of a later version", []edit{set("spec.rollout", map[string]any{})}, []string{`WatchlistFeed in version "v1alpha1" cannot be handled as a WatchlistFeed: strict decoding error: unknown field "spec.rollout"`}},
	})
}

// What the other rules must not refuse.
func TestWatchlistFeedVariants(t *testing.T) {
	person := func(name, key string) map[string]any { return map[string]any{"name": name, "publicKey": key} }
	for _, tc := range []struct {
		name  string
		edits []edit
	}{
		{"artifact by digest alone", []edit{set("spec.source", map[string]any{"oci": map[string]any{
			"reference": "localhost:5000/lists/un-sc", "digest": "sha256:" + strings.Repeat(hexDigits, 4),
			"credentialsSecretRef": map[string]any{"name": "pull"}, "addresses": []any{"Loopback"},
		}})}},
		{"keys of two tools and a signature's url", []edit{set("spec.verification", map[string]any{
			"mode":      "Keys",
			"keys":      []any{map[string]any{"type": "Minisign", "publicKey": "RWQ"}, map[string]any{"type": "Cosign", "secretRef": map[string]any{"name": "cosign"}}},
			"signature": map[string]any{"url": "https://lists.example.org/l.minisig"},
		})}},
		{"gates for approval", []edit{
			set("spec.gates", map[string]any{"maxAddedPercent": int64(20), "maxRemovedPercent": int64(0), "mandatoryFields": []any{map[string]any{"field": "BirthDates", "maxMissingPercent": int64(60)}}}),
			set("spec.approvers", []any{person("one", validKey), person("two", p256Key), person("three", "-----BEGIN PUBLIC KEY-----\n"+p256Key[:64]+"\n"+p256Key[64:]+"\n-----END PUBLIC KEY-----\n")}),
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			object := sample(t, "WatchlistFeed")
			for _, change := range tc.edits {
				change(object.Object)
			}
			if err := api.Create(t.Context(), object, client.DryRunAll); err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
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
		{"signers of an unsigned file", []edit{set("spec.verification", map[string]any{"mode": "Unsigned", "signers": []any{map[string]any{"type": "Cosign", "keyDigest": "sha256:" + strings.Repeat(hexDigits, 4)}}})}, []string{"spec.verification: a file verified by keys has signers, and an unsigned one has none"}},
		{"approval without its envelope", []edit{set("spec.approvals", []any{map[string]any{"name": "dpo", "keyDigest": "sha256:" + strings.Repeat(hexDigits, 4)}})}, []string{"spec.approvals[0].envelopeDigest: " + required}},
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
