// SPDX-License-Identifier: Apache-2.0

package front

import (
	"strings"
	"testing"
)

func TestParseConfig(t *testing.T) {
	const good = `{"region":"north","post":"gate","purposes":["BorderControl"],
		"pools":[{"name":"general","url":"https://general.region-north.svc:8443","feeds":["intl.a"]}],"freshness":{"markSeconds":7200}}`
	if _, err := ParseConfig([]byte(good)); err != nil {
		t.Fatalf("a valid configuration is refused: %v", err)
	}
	tests := []struct {
		name, old, new, want string
	}{
		{"no region", `"north"`, `""`, "name the region"},
		{"no post", `"gate"`, `""`, "name the post"},
		{"no purposes", `["BorderControl"]`, `[]`, "purposes are empty"},
		{"a purpose nobody knows", `["BorderControl"]`, `["Curiosity"]`, "use one of BorderControl"},
		{"no TLS to the pool", "https://general", "http://general", "https://host:port"},
		{"a pool without feeds", `["intl.a"]`, `[]`, "list every feed"},
		{"a pool without name", `"general"`, `""`, "unnamed"},
		{"no pools", `"pools":[{"name":"general","url":"https://general.region-north.svc:8443","feeds":["intl.a"]}]`, `"pools":[]`, "pools are empty"},
		{"a negative limit", `7200`, `-1`, "freshness is negative"},
		{"a field of another version", `"post":`, `"quota":1,"post":`, "unknown field"},
		{"nothing", good, "", "set FRONTLINE_POST"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseConfig([]byte(strings.Replace(good, tt.old, tt.new, 1)))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want one that contains %q", err, tt.want)
			}
		})
	}
}
