// SPDX-License-Identifier: Apache-2.0

// Package loader brings to a matcher pod what its region's agent says it shall
// search, and nothing else.
//
// Three loops share one target. The first holds a request at the agent and
// keeps what it is told, on disk too, so that a restarted loader goes on where
// it was with the agent away. The second makes the dataset directory equal to
// the target: missing blobs are fetched by digest, checked, renamed into place,
// and the set is turned in one step. The third passes the engine's
// acknowledgement to the agent and removes what no set uses any more.
//
// A blob that cannot be had or is not what was ordered never stops what the
// target says about other feeds: the feed stays at the release it has, if that
// may still be searched, or is named as loading.
package loader
