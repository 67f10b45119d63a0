// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// A prefix of an external registry is part of the repositories' names there, and
// regions know nothing of it.
func TestPrefixOfTheRegistry(t *testing.T) {
	var asked string
	registry := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = r.URL.Path }))
	defer registry.Close()
	const question = "/v2/regions/north/order/manifests/current"
	for base, want := range map[string]string{
		registry.URL:                  question,
		registry.URL + "/":            question,
		registry.URL + "/screening/a": "/v2/screening/a/regions/north/order/manifests/current",
	} {
		proxy, err := newProxy(base, http.DefaultTransport)
		if err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]string{question: want, "/v2/": "/v2/"} {
			proxy.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
			if asked != want {
				t.Errorf("%s below %s asks for %s, want %s", path, base, asked, want)
			}
		}
	}
}
