// SPDX-License-Identifier: Apache-2.0

// Package poll waits for a condition of another process.
package poll

import (
	"context"
	"fmt"
	"time"
)

// Until calls check every interval until it returns nil, and returns its last
// error, with what was waited for, when the limit passes or ctx ends first.
func Until(ctx context.Context, what string, interval, limit time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w (last: %w)", what, context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}
