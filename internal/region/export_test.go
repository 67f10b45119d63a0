// SPDX-License-Identifier: Apache-2.0

package region

// Contact judges the line by one attempt, as Run does.
func (f *Follower) Contact(err error) { f.contact(err) }
