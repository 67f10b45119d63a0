// SPDX-License-Identifier: Apache-2.0

package conditions_test

import (
	"errors"
	"testing"

	"github.com/frontline-screening/frontline/controllers/internal/conditions"
)

func TestTextIsTheSameEachTime(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"plain", "feed x.y: 100% of it is missing", "feed x.y: 100% of it is missing"},
		{"own port", "read tcp 10.0.0.1:41234->10.0.0.2:5000: connection reset by peer", "read tcp 10.0.0.2:5000: connection reset by peer"},
		{"own port, IPv6", "read tcp [fd00::1]:41234->[fd00::2]:5000: i/o timeout", "read tcp [fd00::2]:5000: i/o timeout"},
		{"refused", "dial tcp 10.0.0.2:5000: connect: connection refused", "dial tcp 10.0.0.2:5000: connect: connection refused"},
		{
			"resolver", "lookup registry on 10.96.0.10:53: read udp 10.0.0.1:41234->10.96.0.10:53: i/o timeout",
			"lookup registry on the resolver: read udp 10.96.0.10:53: i/o timeout",
		},
		{
			"expired certificate", "x509: certificate has expired or is not yet valid: current time 2026-03-01T12:00:07Z is after 2026-03-01T11:00:00Z",
			"x509: certificate has expired or is not yet valid: it is after 2026-03-01T11:00:00Z",
		},
		{
			"upload", `PATCH "https://registry:5000/v2/r/blobs/uploads/0b1c2d3e-0000-4000-8000-0123456789ab?_state=abc": EOF`,
			`PATCH "https://registry:5000/v2/r/blobs/uploads/…": EOF`,
		},
		{"random folder", "open /var/lib/frontline/copy-3829104756/blob: no space left on device", "open /var/lib/frontline/copy-…/blob: no space left on device"},
		{"digest", "sha256-0011223344556677 is missing", "sha256-0011223344556677 is missing"},
		{"release", "un-sc-12345 exists", "un-sc-12345 exists"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := conditions.Text(errors.New(tt.text)); got != tt.want {
				t.Errorf("text is %q, want %q", got, tt.want)
			}
		})
	}
}
