// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"errors"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path"
	"strings"

	"github.com/go-logr/logr"
)

// newProxy passes requests on to the registry as the hub. What the region
// presented stays here.
func newProxy(registryURL string, transport http.RoundTripper) (http.Handler, error) {
	target, err := url.Parse(registryURL)
	if err != nil || target.Host == "" {
		return nil, errors.New("gateway: the registry's base URL must have the form https://host[:port][/prefix]")
	}
	// A prefix is part of the repositories' names, which come after /v2/.
	prefix := strings.Trim(target.Path, "/")
	target = &url.URL{Scheme: target.Scheme, Host: target.Host}
	return &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			if rest, ok := strings.CutPrefix(p.In.URL.Path, "/v2/"); ok && rest != "" && prefix != "" {
				p.Out.URL.Path = "/v2/" + prefix + "/" + rest
			}
			for _, name := range []string{"Authorization", "Cookie", "Forwarded"} {
				p.Out.Header.Del(name)
			}
		},
		ModifyResponse: func(response *http.Response) error {
			response.Header.Del("Set-Cookie")
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			logr.FromContextOrDiscard(r.Context()).Error(err, "Registry did not answer")
			answer(w, http.StatusBadGateway, map[string]string{"error": "the hub's registry did not answer; try again"})
		},
	}, nil
}

// readable says whether a region may make this request of the registry: to
// read, and only below its own prefix.
func readable(r *http.Request, region string) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return Refuse(http.StatusMethodNotAllowed, "regions only read from the hub's registry")
	}
	// The registry must see the path that was judged: one spelling, no escapes.
	if r.URL.RawPath != "" || (path.Clean(r.URL.Path) != strings.TrimSuffix(r.URL.Path, "/")) {
		return Refuse(http.StatusBadRequest, "the path is not in its plain form")
	}
	if r.URL.Path == "/v2/" || strings.HasPrefix(r.URL.Path, "/v2/regions/"+region+"/") {
		return nil
	}
	return Refuse(http.StatusForbidden, "a region reads its own repositories only")
}
