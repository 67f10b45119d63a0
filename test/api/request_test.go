// SPDX-License-Identifier: Apache-2.0

package api

import (
	"strings"
	"testing"
)

func TestInvalidApproval(t *testing.T) {
	const envelope = "spec.envelope: "
	refuse(t, "Approval", []refusal{
		{"no envelope", []edit{remove("spec.envelope")}, []string{envelope + required}},
		{"envelope of words", []edit{set("spec.envelope", "yes")}, []string{envelope + "envelope is a DSSE envelope in JSON; make one with: frontline approve"}},
		{"envelope too large", []edit{set("spec.envelope", "{"+strings.Repeat(" ", 8192))}, []string{envelope + "Too long: may not be more than 8192 bytes"}},
	})
	refuseChange(t, "Approval", []refusal{
		{"envelope", []edit{set("spec.envelope", "{}")}, []string{"spec: an approval cannot be changed, since its signature is over what it says; create another one"}},
	})
}

func TestInvalidRecordRequest(t *testing.T) {
	const (
		record    = "spec.record: record is the keyed hash of a record's id, 22 characters; print one with: frontline record hash"
		reference = "spec.reference: reference is a case number of letters, digits, dots, slashes and hyphens, such as DPA-2026-0117, and says nothing of the person"
	)
	refuse(t, "RecordRequest", []refusal{
		{"no feed", []edit{remove("spec.feedRef")}, []string{"spec.feedRef: " + required}},
		{"unknown action", []edit{set("spec.action", "Forget")}, []string{`spec.action: Unsupported value: "Forget": supported values: "Erase", "Block", "Unblock"`}},
		{"list's own reference", []edit{set("spec.record", "SYi.001")}, []string{"spec.record: spec.record in body should be at least 22 chars long", record}},
		{"hash of other bits", []edit{set("spec.record", strings.Repeat("A", 21)+"B")}, []string{record}},
		{"hash in standard base64", []edit{set("spec.record", strings.Repeat("+", 21)+"A")}, []string{record}},
		{"no reference", []edit{remove("spec.reference")}, []string{"spec.reference: " + required}},
		{"words for a reference", []edit{set("spec.reference", "complaint of a traveller")}, []string{reference}},
		{"a word for a reference", []edit{set("spec.reference", "complaint")}, []string{reference}},
	})
	refuseChange(t, "RecordRequest", []refusal{
		{"action", []edit{set("spec.action", "Erase")}, []string{"spec: a request cannot be changed, since copies act on it as it is; create another one"}},
	})
}
