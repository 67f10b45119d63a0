// SPDX-License-Identifier: Apache-2.0

// Package region is what a region knows and decides by itself: the state
// directory that lets it start without its hub, the verified order it acts on,
// the copies of feeds it holds, what each pool shall search, and the reports it
// signs. It verifies everything, and trusts a hub for nothing but what that hub
// signed.
//
// The package knows nothing of Kubernetes; the controllers of a region ask it
// what to do and tell it what they saw.
package region
