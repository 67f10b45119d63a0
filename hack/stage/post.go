// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/frontline-screening/frontline/internal/screen"
)

// Post is a client of one border post's front, as an officer's system is.
type Post struct {
	// URL is the front's base URL under its hostname.
	URL    string
	client *http.Client
}

// DialPost returns a client of the post that answers as hostname at address
// (host:port), trusting the region's authority alone.
func DialPost(hostname, address string, authority []byte) (*Post, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return nil, errors.New("the region's authority is not a PEM certificate")
	}
	dialer := &net.Dialer{Timeout: 3 * time.Second}
	return &Post{
		URL: "https://" + hostname,
		client: &http.Client{
			Timeout: 15 * time.Second,
			Transport: &http.Transport{
				TLSClientConfig:     &tls.Config{RootCAs: pool, ServerName: hostname, MinVersion: tls.VersionTLS13},
				MaxIdleConnsPerHost: 16,
				DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
					return dialer.DialContext(ctx, network, address)
				},
			},
		},
	}, nil
}

// Screen asks the post about one traveller.
func (p *Post) Screen(ctx context.Context, request screen.Request) (screen.Answer, error) {
	var answer screen.Answer
	body, err := json.Marshal(request)
	if err != nil {
		return answer, fmt.Errorf("screen: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/v1/screen", bytes.NewReader(body))
	if err != nil {
		return answer, fmt.Errorf("screen: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := p.client.Do(req)
	if err != nil {
		return answer, fmt.Errorf("screen: %w", err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return answer, fmt.Errorf("screen: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return answer, fmt.Errorf("screen: the post answered %s: %s", res.Status, bytes.TrimSpace(data))
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return answer, fmt.Errorf("screen: %w", err)
	}
	return answer, nil
}
