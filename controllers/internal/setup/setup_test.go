// SPDX-License-Identifier: Apache-2.0

package setup_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/frontline-screening/frontline/controllers/internal/setup"
)

func request(name string) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Name: name}}
}

// Reports of a hundred regions stand behind the one that a person changed.
func TestLaterComesAfterPeople(t *testing.T) {
	queue := priorityqueue.New[reconcile.Request]("regions")
	defer queue.ShutDown()
	for i := range 100 {
		setup.Later(queue, request(string(rune('A'+i%26))+string(rune('a'+i/26))))
	}
	queue.Add(request("changed"))
	if got, _ := queue.Get(); got.Name != "changed" {
		t.Errorf("the first is %s, want what a person changed", got.Name)
	}
	// Somebody changes what a report asked for, too.
	queue.Add(request("Bd"))
	if got, _ := queue.Get(); got.Name != "Bd" {
		t.Errorf("the next is %s, want Bd", got.Name)
	}
}

func TestLaterInAnyQueue(t *testing.T) {
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	defer queue.ShutDown()
	setup.Later(queue, request("north"), request("south"))
	if queue.Len() != 2 {
		t.Errorf("%d wait, want 2", queue.Len())
	}
}
