// SPDX-License-Identifier: Apache-2.0

package hub

// Numbered names an order by its sequence and the digest of its index.
type Numbered struct {
	Sequence int64
	Digest   string
}

// Reservation says which sequence a body gets.
type Reservation struct {
	Numbered
	// Fresh says that the sequence was never given to any body before, and
	// must be reserved before it is signed.
	Fresh bool
}

// Reserve decides the sequence of a body. known are the orders anybody has
// seen: those the hub reserved, those that stand signed in the registry, those
// regions reported. digest returns the digest of the body under a sequence.
//
// A body keeps the highest known sequence when it is known under it with this
// very digest and no other; in every other case it gets the next. So no
// sequence ever names two bodies, whichever of its memories a hub has lost.
func Reserve(known []Numbered, digest func(sequence int64) (string, error)) (Reservation, error) {
	var highest int64
	for _, k := range known {
		highest = max(highest, k.Sequence)
	}
	if highest > 0 {
		d, err := digest(highest)
		if err != nil {
			return Reservation{}, err
		}
		same := true
		for _, k := range known {
			same = same && (k.Sequence != highest || k.Digest == d)
		}
		if same {
			return Reservation{Numbered: Numbered{Sequence: highest, Digest: d}}, nil
		}
	}
	d, err := digest(highest + 1)
	if err != nil {
		return Reservation{}, err
	}
	return Reservation{Numbered: Numbered{Sequence: highest + 1, Digest: d}, Fresh: true}, nil
}
