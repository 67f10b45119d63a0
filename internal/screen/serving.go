// SPDX-License-Identifier: Apache-2.0

package screen

// Serving is what a pool or a post answers with at the moment: an answer without
// a subject. It holds ids and numbers alone.
type Serving struct {
	// Searched are the feeds a search would look at; Unavailable those it would name, and why.
	Searched    []Searched    `json:"searched"`
	Unavailable []Unavailable `json:"unavailable"`
	Engines     []Engine      `json:"engines"`
	Mode        Mode          `json:"mode"`
}
