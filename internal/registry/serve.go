// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-logr/logr"
)

const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	// drainTimeout is how long transfers may go on after ctx has ended;
	// clients continue a broken one where it stopped.
	drainTimeout = 10 * time.Second
)

// Serve listens on the TCP address and serves handler over TLS until ctx ends.
func Serve(ctx context.Context, listen string, config *tls.Config, handler http.Handler, logger logr.Logger) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return fmt.Errorf("registry: %w; choose a free address", err)
	}
	return ServeListener(ctx, listener, config, handler, logger)
}

// ServeListener is Serve on a listener, which it closes.
func ServeListener(ctx context.Context, listener net.Listener, config *tls.Config, handler http.Handler, logger logr.Logger) error {
	server := &http.Server{
		Handler:           handler,
		TLSConfig:         config,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          log.New(lines{logger}, "", 0),
	}
	done := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
		defer cancel()
		err := server.Shutdown(drain)
		if errors.Is(err, context.DeadlineExceeded) {
			err = server.Close()
		}
		done <- err
	})
	err := server.ServeTLS(listener, "", "")
	if stop() || !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("registry: %w", err)
	}
	return <-done
}

// Health answers /livez always, and /readyz while the folder can be written.
func Health(root string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := CheckRoot(root); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusOK)
	})
	return mux
}

// lines turns the server's log lines, refused handshakes mostly, into V(1).
type lines struct{ log logr.Logger }

func (l lines) Write(data []byte) (int, error) {
	l.log.V(1).Info(strings.TrimSpace(string(data)))
	return len(data), nil
}
