// SPDX-License-Identifier: Apache-2.0

package handled_test

import (
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/event"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/internal/handled"
)

func annotated(key, value string) *screeningv1.MatcherPool {
	pool := &screeningv1.MatcherPool{}
	pool.Annotations = map[string]string{key: value}
	return pool
}

func TestNote(t *testing.T) {
	pool := annotated(screeningv1.AnnotationReconcileAt, strings.Repeat("now", 100))
	handled.Note(pool, "nothing happens")
	if got := pool.Status.LastHandledReconcileAt; len(got) == 0 || len(got) > 64 {
		t.Errorf("lastHandledReconcileAt has %d bytes, want 1 to 64", len(got))
	}
	if conditions.Get(pool, screeningv1.ConditionSuspended) != nil {
		t.Error("a pool that nobody suspended is Suspended")
	}
	delete(pool.Annotations, screeningv1.AnnotationReconcileAt)
	handled.Note(pool, "nothing happens")
	if pool.Status.LastHandledReconcileAt == "" {
		t.Error("what was handled is forgotten with its annotation")
	}

	pool.Annotations[screeningv1.AnnotationSuspend] = "true"
	handled.Note(pool, "nothing happens")
	if c := conditions.Get(pool, screeningv1.ConditionSuspended); c == nil || !strings.Contains(c.Message, "nothing happens") {
		t.Errorf("Suspended is %+v", c)
	}
	pool.Annotations[screeningv1.AnnotationSuspend] = "false"
	handled.Note(pool, "nothing happens")
	if conditions.Get(pool, screeningv1.ConditionSuspended) != nil {
		t.Error("a pool stays Suspended after its annotation is false")
	}
}

func TestAsked(t *testing.T) {
	plain := &screeningv1.MatcherPool{}
	for name, test := range map[string]struct {
		after *screeningv1.MatcherPool
		want  bool
	}{
		"nothing":        {&screeningv1.MatcherPool{}, false},
		"something else": {annotated("example.org/note", "seen"), false},
		"to look":        {annotated(screeningv1.AnnotationReconcileAt, "now"), true},
		"to stop":        {annotated(screeningv1.AnnotationSuspend, "true"), true},
	} {
		if got := handled.Asked().Update(event.UpdateEvent{ObjectOld: plain, ObjectNew: test.after}); got != test.want {
			t.Errorf("%s: passed on: %v, want %v", name, got, test.want)
		}
	}
}
