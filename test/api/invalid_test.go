// SPDX-License-Identifier: Apache-2.0

package api

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// refusal is an object that the server must refuse: a valid sample, edited.
type refusal struct {
	name string
	// edits are made to the sample.
	edits []edit
	// want lists the field and the sentence of each refusal, all of them.
	want []string
}

// Sentences that several fields share.
const (
	country       = "a country is two upper-case letters of ISO 3166-1, such as AL or XK"
	duration      = "write a duration in hours, minutes, seconds or milliseconds, such as 30s, 15m or 1h30m"
	longerThan0   = "a duration must be longer than zero; write for instance 30s"
	markStop      = "mark must not be longer than stop; answers are marked before they stop"
	feedID        = "a feed id is the namespace and the name of its WatchlistFeed joined by a dot, such as intl.un-sc"
	digest        = "a digest is sha256: followed by 64 lower-case hexadecimal digits"
	version       = "a release version is v and its number, such as v12"
	secretName    = "a Secret's name consists of lower-case letters, digits, hyphens and dots"
	purposes      = `Unsupported value: "Curiosity": supported values: "BorderControl", "LawEnforcement", "AsylumReception", "MissingPersons", "CarrierCheck", "VisaExamination"`
	required      = "Required value"
	ed25519Key    = "a public key is an Ed25519 key as base64 of its PKIX form; print one with: openssl pkey -in key.pem -pubout -outform DER | base64"
	validKey      = "MCowBQYDK2VwAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	p256Key       = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
	hexDigits     = "0123456789abcdef"
	listOfNothing = "should have at least 1 items"
)

// The tables name a kind once; see region_test.go, feed_test.go and workload_test.go.
func refuse(t *testing.T, kind string, cases []refusal) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			object := sample(t, kind)
			for _, change := range tc.edits {
				change(object.Object)
			}
			err := api.Create(t.Context(), object, client.DryRunAll)
			if err == nil {
				t.Fatalf("the server accepted the object, want %q", tc.want)
			}
			if diff := cmp.Diff(tc.want, causes(t, err)); diff != "" {
				t.Errorf("refusal (-want +got):\n%s", diff)
			}
		})
	}
}

// refuseChange creates the sample of a kind, changes it, and deletes it again.
func refuseChange(t *testing.T, kind string, cases []refusal) {
	t.Helper()
	object := create(t, kind)
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			changed := &unstructured.Unstructured{Object: object.DeepCopy().Object}
			for _, change := range tc.edits {
				change(changed.Object)
			}
			err := api.Update(t.Context(), changed, client.DryRunAll)
			if err == nil {
				t.Fatalf("the server accepted the change, want %q", tc.want)
			}
			if diff := cmp.Diff(tc.want, causes(t, err)); diff != "" {
				t.Errorf("refusal (-want +got):\n%s", diff)
			}
		})
	}
}
