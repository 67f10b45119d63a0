// SPDX-License-Identifier: Apache-2.0

package conditions

import "regexp"

// unstable is what differs between two errors of one cause. In a condition it
// would make each attempt a write, and tells a reader nothing.
var unstable = []struct {
	pattern     *regexp.Regexp
	replacement string
}{
	// The local end of a connection, as in "read tcp 10.0.0.1:41234->10.0.0.2:5000".
	{regexp.MustCompile(`\[?[0-9A-Fa-f.:%]+\]?:[0-9]+->`), ""},
	// An address after "lookup … on" is the resolver's.
	{regexp.MustCompile(`( on )\[?[0-9A-Fa-f.:%]+\]?:53\b`), "${1}the resolver"},
	// "x509: … current time 2026-03-01T12:00:00Z is after …".
	{regexp.MustCompile(`current time [0-9TZ:.+-]+ is`), "it is"},
	// The query of an address may hold the state of an upload, or a secret.
	{regexp.MustCompile(`(https?://[^\s"?]+)\?[^\s"]*`), "$1"},
	// Names of uploads and requests.
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "…"},
	// Folders and files with a random ending, as package os makes them.
	{regexp.MustCompile(`(/[A-Za-z.]+-)[0-9]{5,10}\b`), "$1…"},
}

// Text is what an error says to a reader of conditions: the same each time it
// happens for the same cause, without times, random names and the ports of
// this end of a connection.
func Text(err error) string {
	text := err.Error()
	for _, u := range unstable {
		text = u.pattern.ReplaceAllString(text, u.replacement)
	}
	return text
}
