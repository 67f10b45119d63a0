// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/go-logr/logr"

	"github.com/frontline-screening/frontline/internal/garbage"
	"github.com/frontline-screening/frontline/internal/pki"
)

// Access is what a request asks for.
type Access struct {
	// Repository is empty for the version check of "/v2/", and for a collection
	// in all of the registry.
	Repository string
	// Region whose repository it is; for the hub's own, a name that no region has.
	Region string
	// Write is false for GET and HEAD.
	Write bool
}

// Authorizer decides whether the sender of a request may have the access. Its
// error is the sentence the client gets.
type Authorizer func(request *http.Request, access Access) error

// BySPIFFE decides by the identity in the client's certificate, which the TLS
// configuration must have verified: the hub writes everything, a region's
// agent what is the region's, a loader reads what is its region's.
func BySPIFFE(request *http.Request, access Access) error {
	id, err := pki.PeerID(request.TLS)
	if err != nil {
		return err
	}
	switch {
	case id.Role == pki.RoleHub:
		return nil
	case id.Role == pki.RoleAgent && (access.Region == id.Region || access.Repository == ""):
		return nil
	case id.Role == pki.RoleLoader && !access.Write && (access.Region == id.Region || access.Repository == ""):
		return nil
	}
	verb := "read"
	if access.Write {
		verb = "write to"
	}
	return fmt.Errorf("%s may not %s %q; regions share no repository", id, verb, access.Repository)
}

// Paths of the distribution specification, with repository names exactly as
// package artifact builds them. What does not match is refused, so that the
// repository judged here is the repository served.
var (
	repositoryPattern = regexp.MustCompile(`^regions/([a-z0-9]+(?:[.-]+[a-z0-9]+)*)/(?:order|feeds/[a-z0-9]+(?:[.-]+[a-z0-9]+)*)$`)
	routePattern      = regexp.MustCompile(`^/v2/(regions/[^/]+/(?:order|feeds/[^/]+))/(?:tags/list|manifests/[A-Za-z0-9._:-]+|blobs/sha256:[0-9a-f]{64}|blobs/uploads/[A-Za-z0-9-]*)$`)
)

// parseAccess reads what a request asks for, and the repository a blob is to
// be mounted from.
func parseAccess(request *http.Request) (access Access, from *Access, ok bool) {
	switch request.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		access.Write = true
	default:
		return access, nil, false
	}
	if request.URL.RawPath != "" || strings.Contains(request.URL.Path, "..") {
		return access, nil, false
	}
	if request.URL.Path == "/v2/" {
		return access, nil, !access.Write
	}
	route := routePattern.FindStringSubmatch(request.URL.Path)
	if route == nil {
		return access, nil, false
	}
	if access.Repository, access.Region, ok = parseRepository(route[1]); !ok {
		return access, nil, false
	}
	// The library reads the query's parameters from a form in the body too.
	if kind := request.Header.Get("Content-Type"); strings.Contains(kind, "form") {
		return access, nil, false
	}
	sources := request.URL.Query()["from"]
	switch len(sources) {
	case 0:
		return access, nil, true
	case 1:
		from = &Access{}
		from.Repository, from.Region, ok = parseRepository(sources[0])
		return access, from, ok
	}
	return access, nil, false
}

func parseRepository(name string) (repository, region string, ok bool) {
	match := repositoryPattern.FindStringSubmatch(name)
	if match == nil {
		return "", "", false
	}
	return match[0], match[1], true
}

type guard struct {
	next      *Server
	authorize Authorizer
	log       logr.Logger
}

// ServeHTTP implements http.Handler.
func (g *guard) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.URL.Path == garbage.Path {
		g.collect(w, request)
		return
	}
	access, from, ok := parseAccess(request)
	if !ok {
		deny(w, "this registry serves regions/<region>/order and regions/<region>/feeds/<feed id> alone")
		return
	}
	err := g.authorize(request, access)
	if err == nil && from != nil {
		err = g.authorize(request, *from)
	}
	if err != nil {
		g.refuse(w, access, err)
		return
	}
	g.next.serve(w, request)
}

// collect lets those collect who may write, in repositories they may write to.
func (g *guard) collect(w http.ResponseWriter, request *http.Request) {
	if err := g.authorize(request, Access{Write: true}); err != nil {
		g.refuse(w, Access{Write: true}, err)
		return
	}
	g.next.collect(w, request, func(name string) error {
		access := Access{Repository: name, Region: name, Write: true}
		if !isPattern(name) {
			var ok bool
			if access.Repository, access.Region, ok = parseRepository(name); !ok {
				return fmt.Errorf("%q is no repository of this registry", name)
			}
		}
		return g.authorize(request, access)
	})
}

func (g *guard) refuse(w http.ResponseWriter, access Access, err error) {
	g.log.Info("refused", "repository", access.Repository, "write", access.Write, "reason", err.Error())
	deny(w, err.Error())
}

func deny(w http.ResponseWriter, message string) {
	answer(w, http.StatusForbidden, "DENIED", message)
}
