// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/frontline-screening/frontline/hack/cluster/internal/hostnet"
)

// runDir holds the sockets and mounts of all clusters of the machine; its
// path is short and it is empty after a reboot.
const runDir = "/run/frontline"

// containerLogs is where the kubelet puts links to the logs of containers; it
// has no setting for that.
const containerLogs = "/var/log/containers"

// devicePlugins is where every kubelet listens for device plugins, whatever
// its root folder.
const devicePlugins = "/var/lib/kubelet/device-plugins"

// hostFolders are made by ip, the kubelet, containerd and CNI at fixed places,
// parents first.
var hostFolders = []string{
	"/run/netns", containerLogs, "/var/lib/kubelet", devicePlugins,
	"/run/containerd", "/run/containerd/s", "/run/containerd/fifo", "/var/lib/cni", "/var/lib/cni/results",
}

// host is what the machine was like before its first cluster.
type host struct {
	// Forwarding is the content of hostnet.ForwardingFile.
	Forwarding string `json:"forwarding"`
	// Absent are those of hostFolders that did not exist.
	Absent []string `json:"absent"`
}

func hostFile() string { return filepath.Join(runDir, "host.json") }

// rememberHost writes down what forgetHost puts back, before the first
// cluster of the machine changes it.
func rememberHost() error {
	if _, err := os.Stat(hostFile()); err == nil {
		return nil
	}
	forwarding, err := os.ReadFile(hostnet.ForwardingFile)
	if err != nil {
		return fmt.Errorf("read the host's forwarding: %w", err)
	}
	before := host{Forwarding: strings.TrimSpace(string(forwarding))}
	for _, dir := range hostFolders {
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			before.Absent = append(before.Absent, dir)
		}
	}
	content, err := json.Marshal(before)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(runDir, 0o755); err != nil {
		return fmt.Errorf("make %s: %w", runDir, err)
	}
	return os.WriteFile(hostFile(), content, 0o600)
}

// forgetHost puts the machine back once its last cluster is gone.
func forgetHost() error {
	entries, err := os.ReadDir(runDir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("put the host back: %w", err)
	}
	for _, entry := range entries {
		if entry.IsDir() {
			return nil
		}
	}
	content, err := os.ReadFile(hostFile())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("put the host back: %w", err)
	}
	var before host
	if err := json.Unmarshal(content, &before); err != nil {
		return fmt.Errorf("put the host back: %s: %w", hostFile(), err)
	}
	if err := os.WriteFile(hostnet.ForwardingFile, []byte(before.Forwarding), 0o644); err != nil {
		return fmt.Errorf("put the host back: %w", err)
	}
	for _, dir := range slices.Backward(hostFolders) {
		if !slices.Contains(before.Absent, dir) {
			continue
		}
		if dir == devicePlugins {
			if err := os.RemoveAll(dir); err != nil {
				return fmt.Errorf("put the host back: %w", err)
			}
		}
		// A folder that another program uses by now is not empty and stays.
		if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ENOTEMPTY) {
			return fmt.Errorf("put the host back: %w", err)
		}
	}
	return os.RemoveAll(runDir)
}

// removeLogLinks removes the links the kubelet made to logs below dir.
func removeLogLinks(dir string) error {
	entries, err := os.ReadDir(containerLogs)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		link := filepath.Join(containerLogs, entry.Name())
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, dir+"/") {
			if err := os.Remove(link); err != nil {
				return err
			}
		}
	}
	return nil
}
