// SPDX-License-Identifier: Apache-2.0

package loader

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/frontline-screening/frontline/internal/dataset"
)

const (
	// holdLimit is how long a request may take at the agent, which answers within 25 s.
	holdLimit = 40 * time.Second
	ackLimit  = 10 * time.Second
	// maxTarget bounds what is read of a target, in bytes.
	maxTarget = 8 << 20
)

// Agent is the region's agent as a loader sees it.
type Agent struct {
	base   string
	pool   string
	client *http.Client
}

// NewAgent returns a client of the agent at baseURL for one pool. The client
// proves the pool by its certificate.
func NewAgent(baseURL, pool string, client *http.Client) (*Agent, error) {
	u, err := url.Parse(baseURL)
	if err != nil || u.Host == "" || u.Scheme != "https" {
		return nil, errors.New("agent: the URL must have the form https://host:port")
	}
	return &Agent{base: strings.TrimSuffix(baseURL, "/"), pool: pool, client: client}, nil
}

// Target asks for a target other than the one with the tag etag and waits for
// it at the agent. changed is false when there is none yet.
func (a *Agent) Target(ctx context.Context, etag string) (target dataset.Target, newTag string, changed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, holdLimit)
	defer cancel()
	address := a.base + "/v1/targets/" + url.PathEscape(a.pool)
	if etag != "" {
		address += "?after=" + url.QueryEscape(etag)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return target, "", false, err
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return target, "", false, fmt.Errorf("target of pool %s: %w", a.pool, transportCause(err))
	}
	defer finish(resp)
	switch resp.StatusCode {
	case http.StatusNoContent, http.StatusNotModified:
		return target, etag, false, nil
	case http.StatusOK:
	default:
		return target, "", false, fmt.Errorf("target of pool %s: the agent answered %s", a.pool, resp.Status)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxTarget+1))
	if err != nil {
		return target, "", false, fmt.Errorf("target of pool %s: %w", a.pool, err)
	}
	if len(data) > maxTarget {
		return target, "", false, fmt.Errorf("target of pool %s: it is larger than %d bytes", a.pool, maxTarget)
	}
	// Unknown fields are let pass: an agent may be newer than its loaders.
	if err := json.Unmarshal(data, &target); err != nil {
		return target, "", false, fmt.Errorf("target of pool %s: %w", a.pool, err)
	}
	return target, resp.Header.Get("ETag"), true, nil
}

// Ack tells the agent what the pod's engine serves.
func (a *Agent) Ack(ctx context.Context, ack dataset.PodAck) error {
	ctx, cancel := context.WithTimeout(ctx, ackLimit)
	defer cancel()
	data, err := json.Marshal(ack)
	if err != nil {
		return fmt.Errorf("acknowledgement of pool %s: %w", a.pool, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.base+"/v1/acks/"+url.PathEscape(a.pool), bytes.NewReader(data))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := a.client.Do(req)
	if err != nil {
		return fmt.Errorf("acknowledgement of pool %s: %w", a.pool, transportCause(err))
	}
	defer finish(resp)
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("acknowledgement of pool %s: the agent answered %s", a.pool, resp.Status)
	}
	return nil
}

// finish lets the connection be used again.
func finish(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, 4<<10)
	_ = resp.Body.Close()
}

// transportCause leaves out the method and address that net/http puts in front.
func transportCause(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
