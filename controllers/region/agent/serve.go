// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/region"
)

// serveLoaders answers the loaders of the region until the context ends.
func (a *Agent) serveLoaders(ctx context.Context) error {
	host := agentHost(a.options.InstallNamespace)
	source := a.certificate(pki.LeafRequest{
		CommonName: "agent " + a.options.Region, DNSNames: []string{host, host + ".cluster.local"},
		SPIFFE: pki.AgentID(a.options.Region), Server: true,
	})
	server := &http.Server{
		Handler:           region.LoaderAPI(a.region),
		TLSConfig:         pki.ServerConfig(source, a.ca.Pool(), true),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.options.Bind)
	if err != nil {
		return fmt.Errorf("API for loaders: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.ServeTLS(listener, "", "") }()
	select {
	case err := <-ended:
		return fmt.Errorf("API for loaders: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}

// Status is what the agent says of itself beside its metrics.
type Status struct {
	Region string `json:"region"`
	// Joined is Joined or NotJoined.
	Joined string `json:"joined"`
	// Connected says whether the hub answers, Since from when on.
	Connected bool      `json:"connected"`
	Since     time.Time `json:"since"`
	Message   string    `json:"message,omitempty"`
	// Sequence of the order in force; zero before the first.
	Sequence int64  `json:"sequence"`
	Digest   string `json:"digest,omitempty"`
	// Refused says why a newer order is not obeyed.
	Refused string `json:"refused,omitempty"`
	Copies  int    `json:"copies"`
}

// Status returns how the region fares.
func (a *Agent) Status() Status {
	l := a.region.Link()
	s := Status{Region: a.options.Region, Joined: "NotJoined", Connected: l.Connected, Since: l.Since, Message: l.Message, Copies: len(a.region.Copies())}
	if a.region.Joined() != nil {
		s.Joined = "Joined"
	}
	if v := a.region.Verified(); v != nil {
		s.Sequence, s.Digest = v.Sequence, v.IndexDigest
	}
	if refusal := a.region.Refusal(); refusal != nil {
		s.Refused = refusal.Reason + ": " + refusal.Message
	}
	return s
}

func (a *Agent) serveStatus(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(a.Status())
}
