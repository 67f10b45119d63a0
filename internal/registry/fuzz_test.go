// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func FuzzReferences(f *testing.F) {
	f.Add([]byte(`{"schemaVersion":2,"config":{"digest":"sha256:00"},"layers":[{"digest":"sha256:01"}],"manifests":[{"digest":"sha256:02"}],"subject":{"digest":"sha256:03"}}`))
	f.Add([]byte(`{"layers":null,"config":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		parts, err := references(data)
		if err != nil && parts != nil {
			t.Errorf("both %v and %v", parts, err)
		}
		// A part that is named goes unseen only if the bytes do not name it.
		for _, part := range parts {
			if len(part) > len(data) {
				t.Errorf("%q is not of the manifest", part)
			}
		}
	})
}

func FuzzParseAccess(f *testing.F) {
	f.Add("GET", "/v2/regions/north/feeds/a.b/manifests/v1", "")
	f.Add("POST", "/v2/regions/north/feeds/a.b/blobs/uploads/", "mount=x&from=regions/south/order")
	f.Add("GET", "/v2/regions/north/../south/order/manifests/current", "")
	f.Fuzz(func(t *testing.T, method, path, query string) {
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.Method, request.URL = method, &url.URL{Path: path, RawQuery: query}
		access, from, ok := parseAccess(request)
		if !ok {
			return
		}
		if strings.Contains(path, "..") || (access.Region != "" && !strings.HasPrefix(path, "/v2/regions/"+access.Region+"/")) {
			t.Errorf("%q is read as of region %q", path, access.Region)
		}
		if from != nil && from.Write {
			t.Errorf("%q writes where it mounts from", query)
		}
	})
}
