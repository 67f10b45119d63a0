// SPDX-License-Identifier: Apache-2.0

package snapshot

import "github.com/frontline-screening/frontline/internal/watchlist"

// DecodeRow reads a row that Rows gave. The record shares no memory with it.
func DecodeRow(row []byte) (watchlist.Record, error) { return decodeRow(row) }
