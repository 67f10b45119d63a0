// SPDX-License-Identifier: Apache-2.0

package site

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/frontline-screening/frontline/internal/pki"
)

// Pair is a certificate with its key and the authority that the other side is
// judged by, as a process is given them.
type Pair struct {
	Cert []byte `json:"cert"`
	Key  []byte `json:"key"`
	CA   []byte `json:"ca"`
}

func issue(ca *pki.CA, name, spiffe string, ips ...net.IP) (Pair, error) {
	cert, key, err := ca.Issue(pki.LeafRequest{CommonName: name, SPIFFE: spiffe, IPs: ips, Server: len(ips) > 0, Client: true}, time.Now())
	return Pair{Cert: cert, Key: key, CA: ca.CertPEM()}, err
}

// client reaches servers of the authority that are named by their address.
func (p Pair) client() (*http.Client, error) {
	source, err := pki.FromPEM(p.Cert, p.Key)
	if err != nil {
		return nil, err
	}
	roots, err := pki.ParsePool(p.CA)
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: pki.ClientConfig(source, roots, ""), TLSHandshakeTimeout: 10 * time.Second,
		IdleConnTimeout: 90 * time.Second, MaxIdleConnsPerHost: 4,
	}}, nil
}

// serve serves the handler over mutual TLS until the context ends. strangers
// lets clients in that no authority knows, as a gateway does.
func (p Pair) serve(ctx context.Context, listener net.Listener, handler http.Handler, strangers bool) error {
	source, err := pki.FromPEM(p.Cert, p.Key)
	if err != nil {
		return err
	}
	roots, err := pki.ParsePool(p.CA)
	if err != nil {
		return err
	}
	config := pki.ServerConfig(source, roots, true)
	if strangers {
		config = pki.ServerConfig(source, nil, false)
	}
	start(ctx, tls.NewListener(listener, config), handler, config)
	return nil
}

func start(ctx context.Context, listener net.Listener, handler http.Handler, config *tls.Config) {
	server := &http.Server{Handler: handler, TLSConfig: config, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(listener) }()
}

var loopback = net.IPv4(127, 0, 0, 1)

func listen(ctx context.Context) (net.Listener, error) {
	return (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
}

// hostIP is the address of "host:port".
func hostIP(address string) (net.IP, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	return net.ParseIP(host), nil
}
