// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/frontline-screening/frontline/hack/cluster/internal/poll"
	"github.com/frontline-screening/frontline/hack/cluster/internal/render"
)

// requestLimit is how long one request to an API server may take.
const requestLimit = 10 * time.Second

// api is the little of a Kubernetes client that the rig needs itself.
type api struct {
	server string
	client *http.Client
}

// openAPI returns a client with the administrator's certificate.
func openAPI(l render.Layout) (*api, error) {
	cert, err := tls.LoadX509KeyPair(l.PKI("admin.crt"), l.PKI("admin.key"))
	if err != nil {
		return nil, fmt.Errorf("cluster %s: %w", l.Name, err)
	}
	ca, err := os.ReadFile(l.PKI("ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("cluster %s: %w", l.Name, err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	return &api{server: l.Server(), client: &http.Client{
		Timeout:   requestLimit,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13}},
	}}, nil
}

func (a *api) close() { a.client.CloseIdleConnections() }

// do sends a request; into, where not nil, receives the decoded answer.
func (a *api) do(ctx context.Context, method, path string, body string, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, a.server+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	if method == http.MethodPatch {
		request.Header.Set("Content-Type", "application/merge-patch+json")
	}
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, lastLines(string(content), 3))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(content, into)
}

// pollEvery is how often the rig looks whether something is ready.
const pollEvery = 100 * time.Millisecond

// waitEtcd waits until etcd listens for clients.
func (r *record) waitEtcd(ctx context.Context) error {
	return r.wait(ctx, Etcd, "etcd", time.Minute, func(context.Context) error {
		if !r.process(Etcd).Listens(2379) {
			return errors.New("it does not listen yet")
		}
		return nil
	})
}

// waitAPI waits until the API server says it is ready.
func (r *record) waitAPI(ctx context.Context) error {
	client, err := openAPI(r.Layout)
	if err != nil {
		return err
	}
	defer client.close()
	return r.wait(ctx, APIServer, "the API server", 2*time.Minute, func(ctx context.Context) error {
		return client.do(ctx, http.MethodGet, "/readyz", "", nil)
	})
}

// nodeReady returns nil when the cluster's node is Ready.
func (a *api) nodeReady(ctx context.Context, name string) error {
	var node struct {
		Status struct {
			Conditions []struct{ Type, Status, Message string }
		}
	}
	if err := a.do(ctx, http.MethodGet, "/api/v1/nodes/"+name, "", &node); err != nil {
		return err
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == "Ready" {
			if condition.Status == "True" {
				return nil
			}
			return errors.New(condition.Message)
		}
	}
	return errors.New("the node has no condition Ready yet")
}

// dnsReady returns nil when cluster DNS answers.
func (a *api) dnsReady(ctx context.Context) error {
	var deployment struct {
		Status struct{ AvailableReplicas int }
	}
	if err := a.do(ctx, http.MethodGet, "/apis/apps/v1/namespaces/kube-system/deployments/coredns", "", &deployment); err != nil {
		return err
	}
	if deployment.Status.AvailableReplicas == 0 {
		return errors.New("no replica of Deployment kube-system/coredns is available")
	}
	return nil
}

// wait polls while a component runs, and fails at once with the end of its
// log when that component ends.
func (r *record) wait(ctx context.Context, name, what string, limit time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	err := poll.Until(ctx, what+" of cluster "+r.Layout.Name, pollEvery, limit, func(ctx context.Context) error {
		err := check(ctx)
		if err == nil {
			return nil
		}
		if !r.process(name).Alive() {
			cancel(fmt.Errorf("%s has ended", name))
		}
		return err
	})
	if err == nil {
		return nil
	}
	log := r.Layout.Log(name)
	content, unread := os.ReadFile(log)
	if unread != nil {
		return err
	}
	return fmt.Errorf("%w\nthe last lines of %s:\n%s", err, log, lastLines(string(content), 8))
}
