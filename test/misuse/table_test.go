// SPDX-License-Identifier: Apache-2.0

package misuse

import (
	"encoding/json"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
)

// misuse is an attempt that must fail.
type misuse struct {
	who, does string
	do        act
	// by is the policy that refuses it, or rbac; says is part of its sentence.
	by, says string
}

// use is what somebody is there for.
type use struct {
	who, does string
	do        act
}

// refuses plays the attempts once the site enforces each policy they name.
func refuses(t *testing.T, s *site, attempts []misuse) {
	t.Helper()
	enforced := map[string]bool{rbac: true}
	for _, m := range attempts {
		if !enforced[m.by] {
			s.awaitPolicy(t, m.by, m.who, m.do)
			enforced[m.by] = true
		}
	}
	for _, m := range attempts {
		t.Run(m.who+" "+m.does, func(t *testing.T) {
			err := m.do(t.Context(), s.as(t, m.who))
			if !refusedBy(err, m.by) || !strings.Contains(err.Error(), m.says) {
				t.Errorf("got %v, want a refusal by %s that says %q", err, m.by, m.says)
			}
		})
	}
}

// allows plays what must go through, in order.
func allows(t *testing.T, s *site, uses []use) {
	t.Helper()
	for _, u := range uses {
		t.Run(u.who+" "+u.does, func(t *testing.T) {
			if err := u.do(t.Context(), s.as(t, u.who)); err != nil {
				t.Errorf("got %v", err)
			}
		})
	}
}

// restricted is what Pod Security asks of each container.
const restricted = `{"runAsNonRoot":true,"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"seccompProfile":{"type":"RuntimeDefault"}}`

func pod(namespace, name string) *unstructured.Unstructured {
	o := object("pod/" + namespace + "/" + name)
	var spec map[string]any
	if err := json.Unmarshal([]byte(`{"containers":[{"name":"main","image":"registry.example/main","securityContext":`+restricted+`}]}`), &spec); err != nil {
		panic(err)
	}
	o.Object["spec"] = spec
	return o
}

// regionNamespace is a namespace as the hub makes it.
func regionNamespace(region string) *unstructured.Unstructured {
	o := object("namespace//region-" + region)
	o.SetLabels(screeningv1.RegionNamespaceLabels(region))
	return o
}
