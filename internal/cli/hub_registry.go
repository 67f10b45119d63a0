// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"

	"github.com/frontline-screening/frontline/internal/artifact"
)

// connect returns the hub's registry and the transport that reaches it: Frontline's
// own by the hub's certificate, another's by a credential.
func (o *hubOptions) connect(own *http.Transport) (*artifact.Registry, http.RoundTripper, error) {
	if o.registryCredential == "" {
		registry, err := artifact.Connect(o.registry, &http.Client{Transport: own})
		return registry, own, err
	}
	credential, err := artifact.ReadCredential(o.registryCredential)
	if err != nil {
		return nil, nil, fmt.Errorf("--registry-credential: %w", err)
	}
	transport := own.Clone()
	if transport.TLSClientConfig, err = o.strangers(); err != nil {
		return nil, nil, err
	}
	reach, err := artifact.Authorized(o.registry, transport, credential)
	if err != nil {
		return nil, nil, fmt.Errorf("--registry: %w", err)
	}
	registry, err := artifact.ConnectExternal(o.registry, reach)
	return registry, reach, err
}

// strangers trusts the system's authorities and the one that the flag names. The hub's
// own certificate is shown to nobody else.
func (o *hubOptions) strangers() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.registryCA == "" {
		return config, nil
	}
	data, err := os.ReadFile(o.registryCA)
	if err != nil {
		return nil, fmt.Errorf("--registry-ca: %w", err)
	}
	if config.RootCAs, err = x509.SystemCertPool(); err != nil {
		config.RootCAs = x509.NewCertPool()
	}
	if !config.RootCAs.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("--registry-ca: %s has no certificate in PEM", o.registryCA)
	}
	return config, nil
}
