// SPDX-License-Identifier: Apache-2.0

package loader

import (
	"bufio"
	"os"
	"strings"

	"github.com/go-logr/logr"
	"golang.org/x/sys/unix"
)

// checkMemory says what is wrong when plain content could reach a disk: a
// dataset directory that is no tmpfs, or swap on a node whose tmpfs is swapped.
// It refuses nothing: a pod that serves is worth more than one that does not
// start, and who runs the node has to know.
func (l *Loader) checkMemory(log logr.Logger) {
	var s unix.Statfs_t
	if err := unix.Statfs(l.o.Dir.Root(), &s); err != nil {
		log.Error(err, "Cannot tell what file system the dataset directory is on")
		return
	}
	inMemory := int64(s.Type) == unix.TMPFS_MAGIC //nolint:unconvert // narrower on other architectures
	swapped := inMemory && swapIsOn("/proc/swaps") && !mountedWithoutSwap("/proc/self/mounts", l.o.Dir.Root())
	switch {
	case !inMemory:
		log.Info("The dataset directory is not in memory, so plain content is written to a disk; mount an emptyDir with medium Memory")
	case swapped:
		log.Info("The node has swap and the dataset directory may be swapped, so plain content may reach a disk; turn swap off, or use a kernel and kubelet that mount tmpfs with noswap")
	}
	l.o.Metrics.exposed(!inMemory || swapped)
}

// swapIsOn reads a file of the form of /proc/swaps, proc(5): a header, then a line for each area.
func swapIsOn(path string) bool {
	file, err := os.Open(path) //nolint:gosec // of the kernel
	if err != nil {
		return false
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	n := 0
	for lines.Scan() {
		if strings.TrimSpace(lines.Text()) != "" {
			n++
		}
	}
	return n > 1
}

// mountedWithoutSwap reads a file of the form of /proc/self/mounts, fstab(5), and
// reports whether the file system mounted at the folder has the option noswap, tmpfs(5).
func mountedWithoutSwap(path, folder string) bool {
	file, err := os.Open(path) //nolint:gosec // of the kernel
	if err != nil {
		return false
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	found := false
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) >= 4 && fields[1] == folder {
			found = false // a later mount hides an earlier one
			for o := range strings.SplitSeq(fields[3], ",") {
				found = found || o == "noswap"
			}
		}
	}
	return found
}
