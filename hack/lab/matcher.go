// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/internal/matcher"
)

// drainTime is how long the program waits for requests that run when it is stopped.
const drainTime = 10 * time.Second

func matcherCommand() *cobra.Command {
	var lists listFlags
	var address string
	cmd := &cobra.Command{
		Use:   "matcher --list FORMAT=PATH … --listen 127.0.0.1:PORT",
		Short: "Serve the matcher on loopback, without TLS",
		Long: `Serve POST /v1/screen, POST /v1/screen:batch, POST /v1/verify and GET /openapi.json, and
beside them /livez, /readyz and /metrics, on an address of this machine alone.`,
		Example: "  lab matcher --list un-xml=consolidated.xml --listen 127.0.0.1:8080",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := loopback(address); err != nil {
				return err
			}
			listener, err := (&net.ListenConfig{}).Listen(cmd.Context(), "tcp", address)
			if err != nil {
				return err
			}
			defer listener.Close()
			engine, _, err := lists.load(cmd.Context(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			defer engine.Close()
			fmt.Fprintf(cmd.ErrOrStderr(), "serving on http://%s\n", listener.Addr())
			return serve(cmd.Context(), listener, matcher.NewService(engine, matcher.ServiceOptions{}))
		},
	}
	lists.register(cmd)
	cmd.Flags().StringVar(&address, "listen", "127.0.0.1:8080", "loopback address and port; port 0 chooses one")
	return cmd
}

// loopback refuses addresses that another machine could reach.
func loopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%w: --listen: want ADDRESS:PORT", errUsage)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("%w: --listen %s: the lab serves on loopback alone; use 127.0.0.1 or ::1", errUsage, address)
	}
	return nil
}

func serve(ctx context.Context, listener net.Listener, service *matcher.Service) error {
	mux := http.NewServeMux()
	mux.Handle("/", service.Handler())
	health := service.HealthHandler(func() error { return nil })
	for _, path := range []string{"/livez", "/readyz", "/metrics"} {
		mux.Handle("GET "+path, health)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	return server.Shutdown(stop)
}
