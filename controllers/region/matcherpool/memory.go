// SPDX-License-Identifier: Apache-2.0

package matcherpool

const (
	mebibyte int64 = 1 << 20

	// leastData is the smallest amount of list data that a pool has room for.
	leastData = 4 * mebibyte

	// A matcher holds an index of about indexFactor times the snapshot's bytes: 5 to
	// 6 live were measured for synthetic lists of 200,000 records, and the collector
	// lets half as much more stand. While an index is built anew beside the searches
	// it holds the old one with what changed since, the new one, and what building
	// takes: 23 were seen through a dozen changes of 1 % without a rest.
	indexFactor = 9
	buildFactor = 3 * indexFactor
	// matcherBase is the process without a list: 8 MiB measured, and answers.
	matcherBase = 96 * mebibyte
	// loaderBase is the loader without what it wrote.
	loaderBase = 128 * mebibyte
	// spareData is what the data volume has beside snapshots: sets and targets.
	spareData = 16 * mebibyte
)

// planData returns the bytes of snapshots that a pool's pods have room for: the
// sum of its feeds, rounded up to a power of two so that a growing list seldom
// changes it. It never falls below what the pods have, since shrinking would
// restart them.
func planData(sizes []int64, kept int64) int64 {
	var need int64
	for _, size := range sizes {
		need += size
	}
	data := leastData
	for data < need {
		data *= 2
	}
	return max(data, kept)
}

// volumeFor is the size of the volume for snapshots: each feed twice, since the
// old one stays until the engine has taken the new one.
func volumeFor(data int64) int64 { return 2*data + spareData }

// loaderLimit is the loader's memory limit: what a container writes to a volume
// in memory counts as its own.
func loaderLimit(data int64) int64 { return volumeFor(data) + loaderBase }

// matcherLimit is the matcher's memory limit. It reserves nothing: a request
// would keep pods of small lists off small nodes.
func matcherLimit(data int64) int64 { return matcherBase + buildFactor*data }
