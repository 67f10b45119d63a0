// SPDX-License-Identifier: Apache-2.0

package matcherpool

import (
	"testing"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
)

func TestSentencesAgreeInNumber(t *testing.T) {
	tests := []struct {
		name              string
		answering, wanted int32
		want              string
	}{
		{"one serves", 1, 1, "1 pod serves 1 of 1 feeds"},
		{"two serve", 2, 2, "2 pods serve 1 of 1 feeds"},
		{"none of one", 0, 1, "0 of 1 pod answers"},
		{"one of two", 1, 2, "1 of 2 pods answer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &scope{pool: &screeningv1.MatcherPool{}, spec: spec("intl.un-sc"), scale: scale{wish: tt.wanted, wanted: tt.wanted}}
			if got := s.sentence(tt.answering, 1, fit{fits: tt.wanted}, resolution{resolved: true}); got != tt.want {
				t.Errorf("the summary is %q, want %q", got, tt.want)
			}
		})
	}
}
