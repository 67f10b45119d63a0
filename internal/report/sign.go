// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"time"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/envelope"
)

// PayloadType of the DSSE envelope: a CloudEvents 1.0 event in its JSON format.
const PayloadType = "application/cloudevents+json"

// EventType is the CloudEvents type of a report.
const EventType = "dev.frontline.screening.report.v1"

// event is the structured form of the CloudEvents JSON format, section 3.
type event struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Source          string          `json:"source"`
	Type            string          `json:"type"`
	Time            time.Time       `json:"time"`
	DataContentType string          `json:"datacontenttype"`
	Data            json.RawMessage `json:"data"`
}

// Sign wraps r in a CloudEvent and signs it with the region's key. at is the
// region's time of the report. Messages longer than a hub takes are cut.
func Sign(ctx context.Context, r Report, key ed25519.PrivateKey, at time.Time) ([]byte, error) {
	data, err := canonical.Marshal(r.cut())
	if err != nil {
		return nil, fmt.Errorf("report %d of region %s: %w", r.Number, r.Region, err)
	}
	payload, err := canonical.Marshal(event{
		SpecVersion:     "1.0",
		ID:              fmt.Sprintf("%d.%d", r.Incarnation, r.Number),
		Source:          "/regions/" + r.Region,
		Type:            EventType,
		Time:            at.UTC().Truncate(time.Second),
		DataContentType: "application/json",
		Data:            data,
	})
	if err != nil {
		return nil, fmt.Errorf("report %d of region %s: %w", r.Number, r.Region, err)
	}
	return envelope.Sign(ctx, PayloadType, payload, key)
}

// Verify checks a signed report against the region's pinned key and returns
// it with the time at which the region signed it. The caller compares
// region, incarnation and number with what it took last.
//
// Fields it does not know are passed over: a report informs and orders
// nothing, so a region may be upgraded before its hub. CloudEvents allows
// further attributes in any case (specification 1.0, "Extension Context
// Attributes"). What it does know must have its form.
func Verify(ctx context.Context, data []byte, key ed25519.PublicKey) (Report, time.Time, error) {
	payload, err := envelope.Verify(ctx, PayloadType, data, key)
	if err != nil {
		return Report{}, time.Time{}, fmt.Errorf("report: %w", err)
	}
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		return Report{}, time.Time{}, fmt.Errorf("report: %w", err)
	}
	if e.SpecVersion != "1.0" || e.Type != EventType {
		return Report{}, time.Time{}, fmt.Errorf("report: not an event of type %s, specversion 1.0", EventType)
	}
	var r Report
	if err := json.Unmarshal(e.Data, &r); err != nil {
		return Report{}, time.Time{}, fmt.Errorf("report: %w", err)
	}
	if r.Format != Format {
		return Report{}, time.Time{}, fmt.Errorf("report: its format is not %s; upgrade the older of hub and region", Format)
	}
	if err := r.check(); err != nil {
		return Report{}, time.Time{}, fmt.Errorf("report: %w; upgrade the older of hub and region", err)
	}
	return r, e.Time, nil
}

// After reports whether r is newer than what was taken last: a later
// incarnation, or a higher number of the same.
func (r Report) After(incarnation, number int64) bool {
	return r.Incarnation > incarnation || (r.Incarnation == incarnation && r.Number > number)
}
