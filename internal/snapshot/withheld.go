// SPDX-License-Identifier: Apache-2.0

package snapshot

// Withheld reports whether a record that a full list keeps from a jurisdiction
// stands in another snapshot: one of an earlier release, when the record's
// handling codes still let it be there.
func Withheld(full *Snapshot, jurisdiction string, in *Snapshot) (bool, error) {
	kept := map[string]bool{}
	for row, err := range full.Rows() {
		if err != nil {
			return false, err
		}
		g, err := lookAt(row)
		if err != nil {
			return false, err
		}
		if g.handling != nil && !g.handling.allows(jurisdiction) {
			kept[string(g.id)] = true
		}
	}
	if len(kept) == 0 {
		return false, nil
	}
	for row, err := range in.Rows() {
		if err != nil {
			return false, err
		}
		id, err := RowID(row)
		if err != nil {
			return false, err
		}
		if kept[string(id)] {
			return true, nil
		}
	}
	return false, nil
}
