// SPDX-License-Identifier: Apache-2.0

package source

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// errors of the client that transportError gives a reason to.
var (
	errRedirect = errors.New("the publisher redirects elsewhere")
	errAddress  = errors.New("the address is not allowed")
)

// newTransport makes a transport for one fetch: connections to publishers are
// hours apart, and nothing of one feed's request may serve another's.
func newTransport(line Line) *http.Transport {
	dialer := &net.Dialer{
		Timeout:  30 * time.Second,
		Resolver: line.Resolver,
		// Control sees the address that is dialled, after name resolution, so
		// a name cannot resolve to one address for the check and another for
		// the connection.
		Control: func(_, address string, _ syscall.RawConn) error { return checkAddress(address, line.Allow) },
	}
	return &http.Transport{
		Proxy:                  nil, // a proxy would dial in place of the check
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: line.RootCAs, Certificates: line.Certificates},
		TLSHandshakeTimeout:    30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
	}
}

// checkRedirect keeps a request on its host: the feed names one publisher. An
// upgrade to https on the same host is what many answer with. The headers of
// the Secret are for the address that the feed's owner wrote, and go no
// further.
func checkRedirect(headers http.Header) func(*http.Request, []*http.Request) error {
	return func(request *http.Request, via []*http.Request) error {
		first := via[0].URL
		switch {
		case len(via) > maxRedirects:
			return fmt.Errorf("%w: more than %d times", errRedirect, maxRedirects)
		case !strings.EqualFold(request.URL.Hostname(), first.Hostname()):
			return fmt.Errorf("%w: to host %s", errRedirect, request.URL.Hostname())
		case request.URL.User != nil:
			return fmt.Errorf("%w: to an address with a user name", errRedirect)
		case request.URL.Scheme != first.Scheme && request.URL.Scheme != "https":
			return fmt.Errorf("%w: from https to %s", errRedirect, request.URL.Scheme)
		case request.URL.Scheme == first.Scheme && request.URL.Port() != first.Port():
			return fmt.Errorf("%w: to port %s", errRedirect, request.URL.Port())
		}
		for name := range headers {
			request.Header.Del(name)
		}
		return nil
	}
}

// parse accepts absolute http and https addresses without credentials.
func parse(raw string) (*url.URL, error) {
	address, err := url.Parse(raw)
	if err != nil {
		// The parser's error quotes the address.
		return nil, &Error{Reason: InvalidURL, Err: errors.New("the URL cannot be parsed")}
	}
	switch {
	case address.Scheme != "http" && address.Scheme != "https":
		return nil, fail(InvalidURL, address, errors.New("its scheme is neither https nor http"))
	case address.Hostname() == "":
		return nil, fail(InvalidURL, address, errors.New("it names no host"))
	case address.User != nil:
		return nil, fail(InvalidURL, address, errors.New("it holds a user name or password"))
	}
	address.Fragment = ""
	return address, nil
}

// display is an address without what may be secret.
func display(address *url.URL) string {
	if address == nil {
		return ""
	}
	return (&url.URL{Scheme: address.Scheme, Host: address.Host, Path: address.Path}).String()
}
