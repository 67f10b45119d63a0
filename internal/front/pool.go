// SPDX-License-Identifier: Apache-2.0

package front

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxAnswer bounds what is read of a pool's answer, in bytes.
const maxAnswer = 16 << 20

// pool is a client of one pool. A search changes nothing, so it may be asked
// again: what fails on one connection is asked once more on a new one, which
// the pool's Service leads to a pod that is there.
type pool struct {
	Pool
	attempt time.Duration
	// kept holds connections open between requests; fresh opens one for each.
	kept, fresh *http.Client
}

func newPool(p Pool, config *tls.Config, attempt time.Duration) *pool {
	transport := func() *http.Transport {
		return &http.Transport{
			DialContext:     (&net.Dialer{Timeout: attempt, KeepAlive: 15 * time.Second}).DialContext,
			TLSClientConfig: config,
			// One request a connection at a time: with HTTP/2 all requests of a
			// post would end at one pod.
			Protocols:           http1(),
			TLSHandshakeTimeout: attempt,
			MaxIdleConnsPerHost: 64,
			IdleConnTimeout:     30 * time.Second,
		}
	}
	once := transport()
	once.DisableKeepAlives = true
	return &pool{
		Pool: p, attempt: attempt,
		kept:  &http.Client{Transport: transport(), CheckRedirect: noRedirect},
		fresh: &http.Client{Transport: once, CheckRedirect: noRedirect},
	}
}

func http1() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	return p
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// statusError is an answer of a pool that is no success.
type statusError struct {
	status int
	detail string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("the pool answered %d %s", e.status, http.StatusText(e.status))
}

// call asks the pool and decodes its answer into the value.
func (p *pool) call(ctx context.Context, method, path string, body []byte, into any) error {
	err := p.try(ctx, p.kept, method, path, body, into)
	if err == nil || ctx.Err() != nil || !again(err) {
		return err
	}
	return p.try(ctx, p.fresh, method, path, body, into)
}

// again reports whether another pod may answer what this one did not.
func again(err error) bool {
	if s, ok := errors.AsType[*statusError](err); ok {
		switch s.status {
		case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return false
	}
	return true
}

func (p *pool) try(ctx context.Context, client *http.Client, method, path string, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, p.attempt)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(p.URL, "/")+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := client.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return &statusError{status: resp.StatusCode, detail: detailOf(data)}
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("the pool's answer is not of the contract: %w", err)
	}
	return nil
}
