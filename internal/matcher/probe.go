// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// ErrProbe is wrapped when an index does not find what its snapshot holds, or finds
// what it cannot hold. Such a set is never searched.
var ErrProbe = errors.New("ProbeFailed")

const (
	// probeRows is how many rows are asked for by their own names, probeNone how many
	// made-up names.
	probeRows = 16
	probeNone = 4
	// probeNext is what to do about a failing probe.
	probeNext = "the set in use goes on; report it with the engine's version, and pin the feed to the release before"
	// probeScore is the least likeness of a name to itself.
	probeScore = 0.999
)

// probe asks the index for some of its snapshot's rows by their own names and for names
// that nobody bears. Both follow from the digest alone, so that every pod asks the same,
// and half of the rows are of the newest segment. Errors quote no record.
func (c *content) probe() error {
	if got, want := c.index.records, c.source.Records(); got != want {
		return fmt.Errorf("%w: %d records can be searched, the snapshot has %d; %s", ErrProbe, got, want, probeNext)
	}
	sum := sha256.Sum256([]byte(c.digest))
	var wanted []int
	last := len(c.index.parts) - 1
	var newest []int
	for i, p := range c.rows {
		if int(p.part) == last {
			newest = append(newest, i)
		}
	}
	for i := range probeRows / 2 {
		pick := int(sum[2*i])<<8 | int(sum[2*i+1])
		if n := len(newest); n > 0 {
			wanted = append(wanted, newest[(i*n+pick%n)/(probeRows/2)%n])
		}
		if n := len(c.rows); n > 0 {
			wanted = append(wanted, (i*n+pick%n)/(probeRows/2)%n)
		}
	}
	asked, missed, err := c.probeOwn(wanted)
	if err != nil {
		return err
	}
	if missed > 0 {
		return fmt.Errorf("%w: %d of %d rows are not found by their own names; %s", ErrProbe, missed, asked, probeNext)
	}
	for i := range probeNone {
		found := false
		err := c.ask(madeUp(sum, byte(i)), func(place, *hit) { found = true })
		if err != nil || found {
			return errors.Join(fmt.Errorf("%w: a name that nobody bears is found; %s", ErrProbe, probeNext), err)
		}
	}
	return nil
}

// probeOwn asks for the wanted rows, by their place in the file.
func (c *content) probeOwn(wanted []int) (asked, missed int, err error) {
	for i := range c.source.ShardCount() {
		at := int(c.starts[i])
		if !slices.ContainsFunc(wanted, func(w int) bool { return w >= at && w < int(c.starts[i+1]) }) {
			continue
		}
		rows := c.source.Cursor(i)
		for rows.Next() {
			if slices.Contains(wanted, at) {
				r, err := snapshot.DecodeRow(rows.Row())
				if err != nil {
					return 0, 0, unreadable(err)
				}
				name := strongName(&r)
				if name != "" {
					asked++
					found := false
					want := c.rows[at]
					if err := c.ask(name, func(p place, h *hit) {
						found = found || p == want && h.good.share() >= probeScore
					}); err != nil {
						return 0, 0, err
					}
					if !found {
						missed++
					}
				}
			}
			at++
		}
		if err := rows.Err(); err != nil {
			return 0, 0, unreadable(err)
		}
	}
	return asked, missed, nil
}

// strongName is the first name of the record that has words and is not called weak.
func strongName(r *watchlist.Record) string {
	for _, n := range r.Names {
		if n.Quality != watchlist.Low && len(tokens(n.Text())) > 0 {
			return n.Text()
		}
	}
	return ""
}

// madeUp is a name of three words of sixteen letters that no language writes.
func madeUp(sum [sha256.Size]byte, i byte) string {
	const letters = "qxzjvkwpqxzjvkwp"
	next := sha256.Sum256(append(sum[:], i))
	var name []byte
	for j := range 48 {
		if j > 0 && j%16 == 0 {
			name = append(name, ' ')
		}
		name = append(name, letters[next[j%32]>>(j/32*4)&15])
	}
	return string(name)
}

func (c *content) ask(name string, yield func(place, *hit)) error {
	q := &query{}
	q.addText(name)
	parts := map[*part]uint32{}
	for i, p := range c.index.parts {
		parts[p] = uint32(i) //nolint:gosec // few
	}
	return c.index.find(context.Background(), q, []screen.Modality{screen.ModalityBiographic}, leastPoints, func(p *part, doc uint32, h *hit) {
		yield(place{parts[p], doc}, h)
	})
}
