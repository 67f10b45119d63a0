// SPDX-License-Identifier: Apache-2.0

package httpserver_test

import (
	"testing"

	"github.com/frontline-screening/frontline/internal/httpserver"
)

func TestCheckLoopback(t *testing.T) {
	tests := []struct {
		name, bind string
		want       bool
	}{
		{"IPv4", "127.0.0.1:9444", true},
		{"IPv6", "[::1]:9444", true},
		{"any address", ":9444", false},
		{"any address, written", "0.0.0.0:9444", false},
		{"the pod's address", "10.1.2.3:9444", false},
		{"a name", "localhost:9444", false},
		{"no port", "127.0.0.1", false},
		{"nothing", "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := httpserver.CheckLoopback(test.bind); (err == nil) != test.want {
				t.Errorf("%q: %v", test.bind, err)
			}
		})
	}
}
