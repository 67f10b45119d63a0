// SPDX-License-Identifier: Apache-2.0

package regiontest

import (
	"bytes"
	"testing"
	"time"

	"github.com/frontline-screening/frontline/internal/bundle"
)

// Bundle exports what is published now, good for a time. held are the
// releases that the region has said it holds, by feed.
func (h *Hub) Bundle(t testing.TB, number int64, valid time.Duration, held map[string][]int64) []byte {
	t.Helper()
	p, err := bundle.Gather(t.Context(), h.registry, h.Region.Name, h.roots)
	if err != nil {
		t.Fatal(err)
	}
	for feed, releases := range held {
		if err := p.Leave(t.Context(), feed, releases); err != nil {
			t.Fatal(err)
		}
	}
	statement, err := p.Sign(h.keys.Bundle, number, h.Clock.Now(), h.Clock.Now().Add(valid))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := p.Write(t.Context(), &out, statement); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
