// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"errors"
	"hash/maphash"
	"math"
	"strings"
)

// seed is of this process alone, as the salts of keys are.
var seed = maphash.MakeSeed()

// dict numbers strings in the order they are entered. It holds no pointer for each, so
// the garbage collector passes over it whatever its size.
type dict struct {
	arena strings.Builder
	// ends of the strings in the arena, after a first 0.
	ends []uint32
	// slots is an open hash table of numbers plus one; 0 is free.
	slots []uint32
}

// errSize is for lists beyond what 32-bit places can hold.
var errSize = errors.New("the list is too large for one index; split it into several feeds")

func newDict(expect int) *dict {
	size := 16
	for size < 2*expect {
		size *= 2
	}
	d := &dict{ends: make([]uint32, 1, expect+1), slots: make([]uint32, size)}
	return d
}

func (d *dict) len() int { return len(d.ends) - 1 }

// text is the string of a number. It shares the dictionary's memory.
func (d *dict) text(id uint32) string { return d.arena.String()[d.ends[id]:d.ends[id+1]] }

// bounds are where it begins and ends in the arena.
func (d *dict) bounds(id uint32) (from, to uint32) { return d.ends[id], d.ends[id+1] }

// slot is where the string stands in the table, or the free slot where it belongs.
func (d *dict) slot(s string) int {
	mask := len(d.slots) - 1
	i := int(maphash.String(seed, s)>>1) & mask //nolint:gosec // half of it will do
	for d.slots[i] != 0 && d.text(d.slots[i]-1) != s {
		i = (i + 1) & mask
	}
	return i
}

func (d *dict) find(s string) (uint32, bool) {
	n := d.slots[d.slot(s)]
	return n - 1, n != 0
}

// enter returns the string's number, giving it the next one if it has none.
func (d *dict) enter(s string) uint32 {
	i := d.slot(s)
	if n := d.slots[i]; n != 0 {
		return n - 1
	}
	if 3*d.len() > 2*len(d.slots) {
		d.grow()
		i = d.slot(s)
	}
	d.arena.WriteString(s)
	d.ends = append(d.ends, uint32(d.arena.Len())) //nolint:gosec // check is told
	d.slots[i] = uint32(d.len())                   //nolint:gosec // check is told
	return d.slots[i] - 1
}

func (d *dict) grow() {
	d.slots = make([]uint32, 2*len(d.slots))
	for id := range d.len() {
		d.slots[d.slot(d.text(uint32(id)))] = uint32(id) + 1 //nolint:gosec // within the table
	}
}

// check fails when numbers or places have wrapped.
func (d *dict) check() error {
	if d.arena.Len() > math.MaxUint32 || d.len() >= math.MaxUint32 {
		return errSize
	}
	return nil
}

// bits64 is a set of small numbers; nil is the empty one.
type bits64 []uint64

func (b bits64) has(i uint32) bool {
	return int(i/64) < len(b) && b[i/64]&(1<<(i%64)) != 0
}

// grown is a copy that can hold n numbers.
func (b bits64) grown(n int) bits64 {
	out := make(bits64, (n+63)/64)
	copy(out, b)
	return out
}

func (b bits64) add(i uint32) { b[i/64] |= 1 << (i % 64) }
