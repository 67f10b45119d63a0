// SPDX-License-Identifier: Apache-2.0

package link

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/frontline-screening/frontline/internal/report"
)

// slowLine carries so many bytes a second up, and as long as the call lives.
type slowLine int

// RoundTrip implements http.RoundTripper.
func (l slowLine) RoundTrip(r *http.Request) (*http.Response, error) {
	second := make([]byte, l)
	for {
		select {
		case <-r.Context().Done():
			return nil, r.Context().Err()
		case <-time.After(time.Second):
		}
		if _, err := io.ReadFull(r.Body, second); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return &http.Response{StatusCode: http.StatusAccepted, Body: io.NopCloser(strings.NewReader(""))}, nil
		} else if err != nil {
			return nil, err
		}
	}
}

func TestReportOnASlowLine(t *testing.T) {
	const line = 64_000 / 8 // bytes a second
	for name, test := range map[string]struct {
		bytes     int
		line      slowLine
		delivered bool
	}{
		"of a small region":           {bytes: 10 << 10, line: line, delivered: true},
		"of 500 posts":                {bytes: 1 << 20, line: line, delivered: true},
		"as large as one may be":      {bytes: report.MaxBytes, line: line, delivered: true},
		"on a line that hangs":        {bytes: 1 << 20, line: 1},
		"small, on one that trickles": {bytes: 10 << 10, line: 10},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hub := &HTTP{gateways: []string{"https://hub.example"}, client: &http.Client{Transport: test.line}}
				if err := hub.Report(t.Context(), make([]byte, test.bytes)); (err == nil) != test.delivered {
					t.Errorf("%d bytes on a line of %d bytes a second: %v, want delivered: %v", test.bytes, test.line, err, test.delivered)
				}
			})
		})
	}
}
