// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/frontline-screening/frontline/internal/envelope"
)

// RegionOf reads which region a signed report says it is of, before anything
// of it is verified: a report in a file comes without the line that would say
// so. Verify must follow, with that region's key.
func RegionOf(data []byte) (string, error) {
	payload, err := envelope.Payload(PayloadType, data)
	if err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	var e struct {
		Data struct {
			Region string `json:"region"`
		} `json:"data"`
	}
	if err := json.Unmarshal(payload, &e); err != nil || e.Data.Region == "" {
		return "", errors.New("report: it names no region; make it anew in the region: frontline bundle report")
	}
	return e.Data.Region, nil
}
