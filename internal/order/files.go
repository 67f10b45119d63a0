// SPDX-License-Identifier: Apache-2.0

package order

import "strings"

// PartFile is the name of a part among the files of an order's artifact: its
// digest with a hyphen for the colon, as in "sha256-<hex>". It is never the
// name of a file of the TUF repository, which all end in ".json".
func PartFile(digest string) string { return strings.Replace(digest, ":", "-", 1) }
