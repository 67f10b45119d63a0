// SPDX-License-Identifier: Apache-2.0

// Package httpserver runs the HTTP servers of a process: time limits that hold
// for every one, an orderly end that loses no request, and the plain health
// server beside them.
package httpserver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
)

// Limits of every server. A handler that needs longer (a held request, a
// stream) moves its own deadlines by http.ResponseController.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 16 << 10
)

// Server is one listener and what answers on it.
type Server struct {
	// Name says which server of the process this is, in logs and errors.
	Name string
	// Bind is HOST:PORT; it is not looked at when Listener is set.
	Bind     string
	Listener net.Listener
	Handler  http.Handler
	// TLS is nil for a plain server.
	TLS *tls.Config
}

// Options say how servers end.
type Options struct {
	// Settle is how long a server still takes new connections after its end was
	// ordered, because others learn later that it is going: an endpoint is
	// removed from Services only after the pod got its signal.
	Settle time.Duration
	// Drain bounds the wait for running requests after that.
	Drain time.Duration
}

// Run serves until the context ends or a server fails, then drains. Servers
// end in the order given, so the health server comes last.
func Run(ctx context.Context, options Options, servers ...Server) error {
	log := logr.FromContextOrDiscard(ctx)
	failed := make(chan error, len(servers))
	var running []*instance
	for _, s := range servers {
		i, err := start(ctx, s, failed)
		if err != nil {
			return errors.Join(err, shutdown(context.WithoutCancel(ctx), options.Drain, running))
		}
		running = append(running, i)
		log.Info("Serving", "server", s.Name, "address", i.listener.Addr().String(), "tls", s.TLS != nil)
	}

	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		log.Info("Draining", "settle", options.Settle.String(), "drain", options.Drain.String())
		for _, i := range running {
			i.draining.Store(true)
		}
		settle := time.NewTimer(options.Settle)
		defer settle.Stop()
		select {
		case <-settle.C:
		case err = <-failed:
		}
	}
	return errors.Join(err, shutdown(context.WithoutCancel(ctx), options.Drain, running))
}

type instance struct {
	server   *http.Server
	listener net.Listener
	name     string
	draining atomic.Bool
}

func start(ctx context.Context, s Server, failed chan<- error) (*instance, error) {
	listener := s.Listener
	if listener == nil {
		var err error
		if listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", s.Bind); err != nil {
			return nil, fmt.Errorf("%s server: %w; choose another address or end what holds it", s.Name, err)
		}
	}
	i := &instance{listener: listener, name: s.Name}
	i.server = &http.Server{
		Handler:           i.closeWhenDraining(s.Handler),
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		// Requests outlive the context that orders the end: draining waits for them.
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		// A refused handshake or a client that went away is no event of the process.
		ErrorLog: slog.NewLogLogger(logr.ToSlogHandler(logr.FromContextOrDiscard(ctx)), slog.LevelDebug),
	}
	serve := func() error { return i.server.Serve(listener) }
	if s.TLS != nil {
		i.server.TLSConfig = s.TLS
		serve = func() error { return i.server.ServeTLS(listener, "", "") }
	}
	go func() {
		if err := serve(); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("%s server: %w", s.Name, err)
		}
	}()
	return i, nil
}

// closeWhenDraining ends each connection with its next answer, so that clients
// move to another server without ever meeting a closed one.
func (i *instance) closeWhenDraining(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if i.draining.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

func shutdown(ctx context.Context, limit time.Duration, running []*instance) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var errs []error
	for _, i := range running {
		if err := i.server.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s server: requests were cut off after %s: %w", i.name, limit, err))
			_ = i.server.Close()
		}
	}
	return errors.Join(errs...)
}
