// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"bytes"

	"github.com/frontline-screening/frontline/internal/snapshot"
)

// lookUp finds a record by its id: its row in the file, nil if there is none, and its
// place in the index. The caller holds the content. Rows of a shard are in the order of ids.
func (c *content) lookUp(id string) (row []byte, at place, err error) {
	shard := snapshot.ShardOf(id, c.source.ShardCount())
	rows := cursor{Cursor: c.source.Cursor(shard)}
	for n := c.starts[shard]; ; n++ {
		if err := rows.step(); err != nil {
			return nil, place{}, err
		}
		switch order := bytes.Compare(rows.id, []byte(id)); {
		case rows.id == nil || order > 0:
			return nil, place{}, nil
		case order == 0:
			return rows.Row(), c.rows[n], nil
		}
	}
}
