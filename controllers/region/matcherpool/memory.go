// SPDX-License-Identifier: Apache-2.0

package matcherpool

import (
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/region/internal/workload"
)

const (
	mebibyte int64 = 1 << 20

	// leastData is the smallest amount of list data that a pool has room for,
	// mostData the largest: more than any node has memory for.
	leastData = 4 * mebibyte
	mostData  = 1 << 40

	// indexFactor is what a matcher holds of its own for each byte of a snapshot.
	// docs/benchmarks.md, measure `memory`: with 1,000,000 people and a snapshot of
	// 122 MiB a matcher takes 605 bytes an entity once it is ready, everything
	// included; 465 of them are its own memory, 3.6 times the snapshot, and the
	// others are the snapshot, which the loader keeps and answers for. What it then
	// remembers of common words, 100 bytes more, is held once.
	indexFactor = 4
	// While an update goes live or an index is built anew, old and new are held.
	heldTwice = 2
	// matcherStart is what a matcher is given without a list: 8 MiB were measured,
	// and answers come on top.
	matcherStart = 64 * mebibyte

	// loaderStart is what a loader is given without a list: 10 to 20 MiB were
	// measured, whatever the list's size.
	loaderStart = 32 * mebibyte
	// loaderBase is the loader's limit without what it wrote.
	loaderBase = 128 * mebibyte
	// spareData is what the data volume has beside snapshots: sets and targets.
	spareData = 16 * mebibyte

	// limitFactor bounds a matcher that runs away, and is no plan: an earlier engine,
	// which held three times as much, was seen at 23 times its snapshots through a
	// dozen changes of 1 % without a rest.
	limitFactor = 27
	limitBase   = 96 * mebibyte
)

// planData returns the bytes of snapshots that a pool's pods have room for: a
// class that the lists fill to nine tenths at most, so that a growing list
// seldom changes it and is not refused for want of room before it does. room is
// what the pods have, zero before there are any. It is given up only when the
// pods are replaced anyway and the lists fill less than four tenths of it:
// shrinking alone restarts nothing, and lists that go up and down by a fifth do
// not come back for what they gave up.
func planData(need, room int64, replaced bool) int64 {
	if fills(need, room) || replaced && need < room/10*4 {
		return classOf(need)
	}
	return room
}

// classOf is the smallest class that so many bytes do not fill: a power of two,
// or one and a half times that.
func classOf(need int64) int64 {
	for class := leastData; class < mostData; class *= 2 {
		for _, c := range []int64{class, class / 2 * 3} {
			if !fills(need, c) {
				return c
			}
		}
	}
	return mostData
}

// fills reports whether lists of so many bytes leave less than a tenth of the
// room free.
func fills(need, room int64) bool { return room == 0 || need > room/10*9 }

// settle decides the room for lists of so many bytes, and with it the hash of
// the inputs. current is the hash that the pods run.
func (in *inputs) settle(need, room int64, current string) (string, error) {
	in.DataBytes = planData(need, room, false)
	hash, err := workload.Hash(*in)
	if err != nil || hash == current {
		return hash, err
	}
	in.DataBytes = planData(need, room, true)
	return workload.Hash(*in)
}

// memoryOf is what the status says of a pod made of the inputs.
func memoryOf(in inputs) *screeningv1.PoolMemory {
	request, _ := in.matcherMemory()
	return &screeningv1.PoolMemory{
		Room:    resource.NewQuantity(in.DataBytes, resource.BinarySI),
		Request: resource.NewQuantity(request+loaderRequest(in.DataBytes), resource.BinarySI),
	}
}

// volumeFor is the size of the volume for snapshots: each feed twice, since the
// old one stays until the engine has taken the new one.
func volumeFor(data int64) int64 { return 2*data + spareData }

// roomOf is what pods of the Deployment have room for, zero if it does not say.
func roomOf(live *appsv1.Deployment) int64 {
	if live == nil {
		return 0
	}
	for _, volume := range live.Spec.Template.Spec.Volumes {
		if volume.Name == "data" && volume.EmptyDir != nil && volume.EmptyDir.SizeLimit != nil {
			return max((volume.EmptyDir.SizeLimit.Value()-spareData)/2, 0)
		}
	}
	return 0
}

// loaderRequest is what a loader needs: what a container writes to a volume in
// memory counts as its own, and it was measured to take 2.2 times the snapshot
// at most, old and new included (docs/benchmarks.md, measure `memory` of
// replication).
func loaderRequest(data int64) int64 { return whole(loaderStart + 2*data + patching(data)) }

func loaderLimit(data int64) int64 { return whole(volumeFor(data) + patching(data) + loaderBase) }

func patching(data int64) int64 { return data / 5 }

// matcherRequest is what a matcher needs, so that the scheduler knows how many
// of them a node holds, and says so when it is memory that lacks.
func matcherRequest(data int64) int64 { return matcherStart + heldTwice*indexFactor*data }

// matcherLimit is the matcher's memory limit.
func matcherLimit(data int64) int64 { return limitBase + limitFactor*data }

// whole rounds up to a MiB.
func whole(bytes int64) int64 { return (bytes + mebibyte - 1) / mebibyte * mebibyte }
