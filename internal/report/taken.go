// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/json"
	"fmt"
)

// Causes of a Resumed.
const (
	// ReportsBehind is a region whose numbers were behind those that its hub had taken.
	ReportsBehind = "ReportsBehind"
	// VolumeRestored is a region whose order in force was older than one before.
	VolumeRestored = "VolumeRestored"
	// VolumeLost is a region that had no order although one was in force before.
	VolumeLost = "VolumeLost"
)

// Resumed says that a region lost a part of its memory, or got an older one back,
// and went on from where it had been. It stays in the reports of an incarnation.
type Resumed struct {
	Cause string `json:"cause"`
	// From is the last number that the region knew it had used, To the first one
	// that it used since.
	From int64 `json:"from"`
	To   int64 `json:"to"`
	// Order is the newest order that was in force before, where that is the cause.
	Order int64 `json:"order,omitempty"`
}

// TakenError refuses a report because of what was taken before, and says what
// that was, so that a region that forgot it goes on above it.
type TakenError struct {
	Reason string `json:"error"`
	// Incarnation of the region, and the Number of its report that was taken
	// last; zero where that is not looked up.
	Incarnation int64 `json:"incarnation"`
	Number      int64 `json:"number"`
}

func (e *TakenError) Error() string { return e.Reason }

// maxTaken is the largest number that a region believes: above it there is as
// much room again, whoever said so.
const maxTaken = maxNumber / 2

// ParseTaken reads a TakenError that came over a line.
func ParseTaken(data []byte) (*TakenError, error) {
	var taken TakenError
	if err := json.Unmarshal(data, &taken); err != nil {
		return nil, fmt.Errorf("refused report: %w", err)
	}
	if taken.Incarnation < 1 || taken.Incarnation > maxTaken || taken.Number < 0 || taken.Number > maxTaken {
		return nil, fmt.Errorf("refused report: incarnation and number are not counts up to %d", int64(maxTaken))
	}
	return &taken, nil
}
