// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"slices"

	"github.com/frontline-screening/frontline/internal/screen"
)

// conn is a client's connection that is kept alive. It does less than net/http's client,
// which would take CPU from the server beside it.
type conn struct {
	net.Conn

	in   *bufio.Reader
	body bytes.Buffer
}

func dial(ctx context.Context, address string) (*conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, in: bufio.NewReaderSize(c, 16<<10)}, nil
}

// dialAll opens so many connections, which the caller hangs up.
func dialAll(ctx context.Context, address string, n int) ([]*conn, error) {
	var all []*conn
	for range n {
		c, err := dial(ctx, address)
		if err != nil {
			hangUp(all)
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func hangUp(all []*conn) {
	for _, c := range all {
		_ = c.Close()
	}
}

// ask sends a message and reads the answer.
func (c *conn) ask(message []byte) (answered, error) {
	if _, err := c.Write(message); err != nil {
		return answered{}, err
	}
	response, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return answered{}, err
	}
	defer response.Body.Close()
	c.body.Reset()
	if _, err := io.Copy(&c.body, response.Body); err != nil {
		return answered{}, err
	}
	a := answered{status: response.StatusCode, retry: response.Header.Get("Retry-After") != ""}
	if a.status == http.StatusOK {
		a.content = contentOf(c.body.Bytes())
	}
	return a, nil
}

// answered is the answer to a message.
type answered struct {
	status int
	// retry says that it told when to ask again.
	retry bool
	// content stands for all of an answer but its id; 0 where there is none.
	content uint64
}

// contentOf hashes an answer without its id, which is random.
func contentOf(body []byte) uint64 {
	h := fnv.New64a()
	const field = `"id":"`
	if at := bytes.Index(body, []byte(field)); at >= 0 {
		_, _ = h.Write(body[:at])
		body = body[at+len(field):]
		body = body[max(bytes.IndexByte(body, '"'), 0):]
	}
	_, _ = h.Write(body)
	return h.Sum64()
}

// messages are n queries of the mix as HTTP requests.
func (b *bench) messages(address string, from, n int) ([][]byte, error) {
	a := asker{people: b.people(), common: b.list.Common, seed: b.seed}
	out := make([][]byte, n)
	for i := range out {
		_, subject := a.mixed(from + i)
		body, err := json.Marshal(screen.Request{Purpose: screen.PurposeBorderControl, Subject: subject})
		if err != nil {
			return nil, err
		}
		head := fmt.Sprintf("POST /v1/screen HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", address, len(body))
		out[i] = slices.Concat([]byte(head), body)
	}
	return out, nil
}
