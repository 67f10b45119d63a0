// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"oras.land/oras-go/v2/registry/remote/auth"
)

// Credential of an external registry: user name and password, or an identity token
// alone, which an OAuth 2 service exchanges for others.
type Credential struct {
	Username string
	Password string
	Token    string
}

// maxCredential bounds each file of a credential, in bytes.
const maxCredential = 64 << 10

// ReadCredential reads a credential from the files username and password, or token, of
// a folder, as a mounted Secret has them. The error names no content.
func ReadCredential(folder string) (Credential, error) {
	var c Credential
	for name, into := range map[string]*string{"username": &c.Username, "password": &c.Password, "token": &c.Token} {
		f, err := os.Open(filepath.Join(folder, name)) //nolint:gosec // the operator names the folder
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Credential{}, fmt.Errorf("registry credential: %w", err)
		}
		data, err := io.ReadAll(io.LimitReader(f, maxCredential))
		if err = errors.Join(err, f.Close()); err != nil {
			return Credential{}, fmt.Errorf("registry credential: %w", err)
		}
		*into = strings.TrimSpace(string(data))
	}
	if (c.Username == "" || c.Password == "") && c.Token == "" {
		return Credential{}, fmt.Errorf("registry credential: %s has neither username and password nor token; name the keys of the Secret so", folder)
	}
	return c, nil
}

// Authorized returns a transport that shows the credential to the registry at
// baseURL when it asks for one, and to no other host.
func Authorized(baseURL string, transport http.RoundTripper, c Credential) (http.RoundTripper, error) {
	u, err := url.Parse(baseURL)
	if err != nil || u.Host == "" || u.Scheme != "https" {
		return nil, errors.New("registry: the base URL of an external one must have the form https://host[:port][/prefix]")
	}
	return &authorized{&auth.Client{
		Client: &http.Client{Transport: transport, CheckRedirect: confidential},
		Cache:  auth.NewCache(),
		Credential: auth.StaticCredential(u.Host, auth.Credential{
			Username: c.Username, Password: c.Password, RefreshToken: c.Token,
		}),
	}}, nil
}

// maxRedirects is how often a reader is sent on.
const maxRedirects = 5

// confidential refuses to be sent on to where the line is open.
func confidential(request *http.Request, via []*http.Request) error {
	switch {
	case request.URL.Scheme != "https":
		return errors.New("the registry sends its reader to an address without TLS; let it answer by itself")
	case len(via) > maxRedirects:
		return fmt.Errorf("the registry sends its reader on more than %d times", maxRedirects)
	}
	return nil
}

type authorized struct{ client *auth.Client }

// RoundTrip implements http.RoundTripper. Redirects are followed: registries send
// readers of blobs to where their store is.
func (a *authorized) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.RequestURI = "" // a proxy's request has one, a client's must not
	return a.client.Do(request)
}

// ConnectExternal returns a client of the registry at baseURL, of which nothing is
// known but that it speaks the OCI distribution specification. transport is one of
// Authorized, or of a registry that asks for no credential.
func ConnectExternal(baseURL string, transport http.RoundTripper) (*Registry, error) {
	r, err := Connect(baseURL, &http.Client{Transport: transport})
	if err == nil {
		r.external = true
	}
	return r, err
}
