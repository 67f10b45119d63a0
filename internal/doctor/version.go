// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"strconv"
	"strings"
)

// release is the part of a version that compatibility goes by.
type release struct {
	major, minor int
}

// releaseOf reads versions such as v1.36.2, 0.1.0-3-gabc or 6.8.0-45-generic.
// Builds between releases, such as (devel), have none.
func releaseOf(version string) (release, bool) {
	major, minor, found := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	if end := strings.IndexFunc(minor, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		minor = minor[:end]
	}
	a, errMajor := strconv.Atoi(major)
	b, errMinor := strconv.Atoi(minor)
	if !found || errMajor != nil || errMinor != nil {
		return release{}, false
	}
	return release{major: a, minor: b}, true
}

func (r release) less(other release) bool {
	return r.major < other.major || r.major == other.major && r.minor < other.minor
}

func (r release) String() string { return fmt.Sprintf("%d.%d", r.major, r.minor) }
