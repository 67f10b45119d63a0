// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/hack/stage"
)

const publisherPort = "8089"

func newPublisherCommand() *cobra.Command {
	var folder, listen string
	cmd := &cobra.Command{
		Use:     "publisher",
		Short:   "Serve the lists of a folder over HTTP, as a publisher does",
		Example: "  demo publisher --folder lists --listen 127.0.0.1:8089",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			publisher, err := stage.NewPublisher(folder)
			if err != nil {
				return err
			}
			return publisher.Serve(cmd.Context(), listen)
		},
	}
	cmd.Flags().StringVar(&folder, "folder", ".", "folder whose files are served")
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:"+publisherPort, "address to listen on")
	return cmd
}

// spawnPublisher starts a publisher that outlives this command and stops the
// one started before.
func spawnPublisher(folder, published, listen string) error {
	if err := stopPublisher(folder); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("start the publisher: %w", err)
	}
	// "go run" removes its binary when it ends; the publisher needs one that stays.
	binary := filepath.Join(folder, "demo")
	data, err := os.ReadFile(self) //nolint:gosec // this program itself
	if err != nil {
		return fmt.Errorf("start the publisher: %w", err)
	}
	if err := os.WriteFile(binary, data, 0o755); err != nil { //nolint:gosec // an executable
		return fmt.Errorf("start the publisher: %w", err)
	}
	cmd := exec.Command(binary, "publisher", "--folder", published, "--listen", listen) //nolint:gosec,noctx // outlives the context by intent
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the publisher: %w", err)
	}
	if err := os.WriteFile(pidFile(folder), []byte(strconv.Itoa(cmd.Process.Pid)), 0o600); err != nil {
		return fmt.Errorf("start the publisher: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err = stage.Eventually(ctx, 50*time.Millisecond, func(ctx context.Context) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", listen)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	if err != nil {
		return fmt.Errorf("the publisher does not answer at %s: %w", listen, err)
	}
	return cmd.Process.Release()
}

func stopPublisher(folder string) error {
	data, err := os.ReadFile(pidFile(folder))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("stop the publisher: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err == nil && isPublisher(pid) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	return os.Remove(pidFile(folder))
}

// isPublisher guards against a process id that has been given to another program.
func isPublisher(pid int) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && strings.Contains(string(line), "\x00publisher\x00")
}

func pidFile(folder string) string { return filepath.Join(folder, "publisher.pid") }

// listenAddress is where the publisher listens: the host's end of the hub's
// uplink, or every address when the clusters are somebody's own.
func listenAddress(s *stage.Stage, o options) (string, error) {
	if o.hub == "" {
		return net.JoinHostPort(s.PublisherHost, publisherPort), nil
	}
	u, err := url.Parse(o.publisher)
	if err != nil || u.Port() == "" {
		return "", fmt.Errorf("--publisher %q is not a URL with a port, for instance http://10.0.0.5:8089", o.publisher)
	}
	return ":" + u.Port(), nil
}
