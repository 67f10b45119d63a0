// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/frontline-screening/frontline/hack/cluster/internal/hostnet"
	"github.com/frontline-screening/frontline/hack/cluster/internal/render"
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

// shimSocketDir is where containerd's shims listen, whatever its state folder.
const shimSocketDir = "/run/containerd/s"

// netnsDir holds the named network namespaces of ip-netns(8).
const netnsDir = "/run/netns"

// hostFolders are made by ip, the kubelet, containerd and CNI at fixed places,
// parents first.
var hostFolders = []string{
	netnsDir, containerLogs, "/var/lib/kubelet", devicePlugins,
	"/run/containerd", shimSocketDir, "/run/containerd/fifo", "/run/containerd/runc", "/var/lib/cni", render.CNIResults,
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
		if dir == netnsDir {
			// ip-netns(8) mounts the folder on itself.
			_ = exec.Command("umount", netnsDir).Run()
		}
		// A folder that another program uses by now is not empty and stays.
		if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ENOTEMPTY) && !errors.Is(err, syscall.EBUSY) {
			return fmt.Errorf("put the host back: %w", err)
		}
	}
	return os.RemoveAll(runDir)
}

// removeLogLinks removes the links the kubelet made to logs below dir.
func removeLogLinks(dir string) error {
	return removeFiles(containerLogs, func(path string) bool {
		target, err := os.Readlink(path)
		return err == nil && strings.HasPrefix(target, dir+"/")
	})
}

// removeResults removes what the CNI library wrote down for the pods of a
// network, and for the loopback interfaces of the same pods.
func removeResults(network string) error {
	const loopback = "cni-loopback-"
	var pods []string
	err := removeFiles(render.CNIResults, func(path string) bool {
		name, found := strings.CutPrefix(filepath.Base(path), network+"-")
		if pod, _, whole := strings.Cut(name, "-"); found && whole {
			pods = append(pods, pod)
		}
		return found
	})
	if err != nil {
		return err
	}
	return removeFiles(render.CNIResults, func(path string) bool {
		name, found := strings.CutPrefix(filepath.Base(path), loopback)
		pod, _, _ := strings.Cut(name, "-")
		return found && slices.Contains(pods, pod)
	})
}

// removeFiles removes the files of a folder that are chosen; a folder that
// does not exist has none.
func removeFiles(dir string, chosen func(path string) bool) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if !entry.IsDir() && chosen(path) {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}
