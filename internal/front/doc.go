// SPDX-License-Identifier: Apache-2.0

// Package front is what an officer's system talks to: one small server a post.
//
// It holds no list. It refuses what the post may not do, gives each answer its
// id, asks the post's pools in parallel and merges what they say. Its one duty
// beyond that is honesty: a pool that does not answer, a feed that no pool
// spoke of and a feed past the post's own limits are named in the answer, so
// that nothing missed can look like nothing found.
//
// Nothing of a request or of an answer is logged, counted by content or kept.
package front
