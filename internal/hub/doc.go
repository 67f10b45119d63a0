// SPDX-License-Identifier: Apache-2.0

// Package hub holds what the hub decides, as pure functions over plain values:
// which region is given which feed, which deletions become tombstones, how a
// region's line fares. Controllers read objects, ask here, and carry out the
// answer. No function reads a clock.
package hub
