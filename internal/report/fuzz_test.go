// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"testing"

	"github.com/frontline-screening/frontline/internal/envelope"
	"github.com/frontline-screening/frontline/internal/report"
)

// FuzzVerify signs what a region that was taken over might: any event. What is
// taken has its form, and can be signed and read again.
func FuzzVerify(f *testing.F) {
	signed, err := report.Sign(f.Context(), sample(), key(1), at)
	if err != nil {
		f.Fatal(err)
	}
	event, err := envelope.Payload(report.PayloadType, signed)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(event)
	f.Add(bytes.ReplaceAll(event, []byte(`":{`), []byte(`":null,"x":{`)))
	f.Add(bytes.ReplaceAll(event, []byte(`":[`), []byte(`":[null,`)))
	f.Fuzz(func(t *testing.T, event []byte) {
		data, err := envelope.Sign(t.Context(), report.PayloadType, event, key(1))
		if err != nil {
			return
		}
		r, when, err := report.Verify(t.Context(), data, public(key(1)))
		if err != nil {
			return
		}
		again, err := report.Sign(t.Context(), r, key(1), when)
		if err != nil {
			return // a number or a time that JSON has no form for
		}
		if _, _, err := report.Verify(t.Context(), again, public(key(1))); err != nil {
			t.Errorf("taken once, but not again: %v", err)
		}
	})
}
