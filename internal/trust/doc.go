// SPDX-License-Identifier: Apache-2.0

// Package trust signs a region's orders on the hub and verifies them in the
// region. The form is a TUF repository (The Update Framework specification
// 1.0, https://theupdateframework.github.io/specification/), one a region:
// its root role is held by the hub's holders, k of n, and its targets,
// snapshot and timestamp roles and the delegated role "bundle" by the region's
// own online keys on the hub. Targets are "order.json", the order's index,
// opaque to this package, and the artifacts that the order serves.
//
// TUF brings what a plain signature lacks: an older order, an order held back
// and parts of two orders mixed are refused, and a stolen online key is
// replaced by a new root. Signed fields named "x-frontline" add what TUF does
// not know: root.json names the hub, its term and the region, the target and
// timestamp.json the region and the order's sequence.
//
// The region's side keeps nothing before everything has been verified, and
// what it keeps is replaced in one rename. Nothing here asks a clock: callers
// say what time it is, and Clock says how far a wall clock is believed.
package trust
