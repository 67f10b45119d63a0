// SPDX-License-Identifier: Apache-2.0

package matcher

import "bytes"

// OpenAPI returns the contract of searches as an OpenAPI 3.1 document in JSON.
func OpenAPI() []byte { return bytes.Clone(openAPI) }
