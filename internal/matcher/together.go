// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// searching is how many searches are under way in the process, helping how many goroutines
// help one of them.
var searching, helping atomic.Int32

// helped is how long they did, in nanoseconds.
var helped atomic.Int64

// together calls f for each i below n, on the processors that no other search needs. Each
// goroutine has a scratch of its own; that of the caller is s.
func together(s *scratch, n int, f func(s *scratch, i int)) {
	var next atomic.Int32
	work := func(s *scratch) {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			f(s, i)
		}
	}
	var others sync.WaitGroup
	var broken atomic.Value // what another goroutine panicked with
	for range min(n-1, runtime.GOMAXPROCS(0)-1) {
		if searching.Load()+helping.Add(1) > int32(runtime.GOMAXPROCS(0)) { //nolint:gosec // small
			helping.Add(-1)
			break
		}
		others.Go(func() {
			defer helping.Add(-1)
			defer func() {
				if r := recover(); r != nil {
					broken.Store(fmt.Sprint(r)) // the caller's, as if it had done the work itself
				}
			}()
			began := time.Now()
			s := scratches.Get().(*scratch)
			work(s)
			scratches.Put(s)
			helped.Add(int64(time.Since(began)))
		})
	}
	work(s)
	others.Wait()
	if r := broken.Load(); r != nil {
		panic(r)
	}
}
