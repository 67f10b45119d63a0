// SPDX-License-Identifier: Apache-2.0

// Package trust signs a region's order on the hub and verifies it in the
// region. The form is a TUF repository (The Update Framework specification
// 1.0, https://theupdateframework.github.io/specification/), one a region,
// with one target, "order.json": the order's index, opaque to this package.
//
// TUF brings what a plain signature lacks: an older order, an order held back
// and parts of two orders mixed are refused. Signed fields named "x-frontline"
// add what TUF does not know: root.json names the hub and its term, the target
// and timestamp.json the region and the order's sequence.
//
// The region's side keeps nothing before everything has been verified, and
// what it keeps is replaced in one rename.
package trust
