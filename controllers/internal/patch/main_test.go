// SPDX-License-Identifier: Apache-2.0

package patch_test

import (
	"testing"

	"github.com/frontline-screening/frontline/controllers/internal/testenv"
)

var env *testenv.Environment

func TestMain(m *testing.M) { testenv.Main(m, &env) }
