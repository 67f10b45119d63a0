// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"encoding/json"
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

// FuzzParseTaken reads what a gateway may answer that was taken over: numbers
// that are believed leave room for those that come after.
func FuzzParseTaken(f *testing.F) {
	f.Add([]byte(`{"error":"it is not newer","incarnation":2,"number":41}`))
	f.Add([]byte(`{"error":"join again","incarnation":3,"number":0}`))
	f.Add([]byte(`{"incarnation":9007199254740991}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		taken, err := report.ParseTaken(data)
		if err != nil {
			return
		}
		const room = 1 << 52
		if taken.Incarnation < 1 || taken.Incarnation > room || taken.Number < 0 || taken.Number > room {
			t.Errorf("taken %+v is believed", taken)
		}
		again, err := json.Marshal(taken)
		if err != nil {
			t.Fatal(err)
		}
		if same, err := report.ParseTaken(again); err != nil || same.Incarnation != taken.Incarnation || same.Number != taken.Number {
			t.Errorf("read again %+v is %+v, %v", taken, same, err)
		}
	})
}
