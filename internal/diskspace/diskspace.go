// SPDX-License-Identifier: Apache-2.0

// Package diskspace says before a write whether a volume can take it.
package diskspace

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrInsufficient means that a volume has too little free space. It is the
// reason InsufficientSpace of a status.
var ErrInsufficient = errors.New("insufficient space")

// Free returns the bytes that this user can still write on the volume of the folder.
func Free(folder string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", folder, err)
	}
	return int64(s.Bavail) * int64(s.Bsize), nil //nolint:gosec,unconvert // no file system has 2^63 free bytes; the types differ by platform
}

// Need returns ErrInsufficient, with figures, unless the volume of the folder
// can take so many bytes and a tenth more.
func Need(folder string, bytes int64) error {
	free, err := Free(folder)
	if err != nil {
		return err
	}
	if need := bytes + bytes/10; free < need {
		return fmt.Errorf("%w: %d MiB are needed and %d MiB free; enlarge the volume or keep fewer releases", ErrInsufficient, (need+1<<20-1)>>20, free>>20)
	}
	return nil
}

// Classify marks an error of a write that found the volume full, or the
// user's share of it used up, as ErrInsufficient.
func Classify(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w (%w)", ErrInsufficient, err)
	}
	return err
}
