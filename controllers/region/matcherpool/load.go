// SPDX-License-Identifier: Apache-2.0

package matcherpool

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"
	"time"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/controllers/region/internal/workload"
	"github.com/frontline-screening/frontline/internal/autoscale"
)

// loads are the pools of a region whose number of pods follows their load. What
// is known of them is kept in memory: a restarted agent begins with the pods
// there are.
type loads struct {
	region string

	mu    sync.Mutex
	pools map[string]*load
}

type load struct {
	limits autoscale.Limits
	meter  autoscale.Meter
	state  autoscale.State
	// trouble is why the last look saw no pod.
	trouble error
}

// follow begins or goes on to follow a pool, within the limits, and returns what
// is known. pods is how many it has, which counts only at the beginning.
func (l *loads) follow(pool string, limits autoscale.Limits, pods int32, now time.Time) load {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pools == nil {
		l.pools = map[string]*load{}
	}
	if l.pools[pool] == nil {
		l.pools[pool] = &load{state: autoscale.Start(pods, limits, now)}
	}
	followed := l.pools[pool]
	followed.limits = limits
	return *followed
}

func (l *loads) forget(pool string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.pools, pool)
	unmeasured(l.region, pool)
}

func (l *loads) names() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	names := make([]string, 0, len(l.pools))
	for name := range l.pools {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// take enters what was read of a pool's pods, nil of those that could not be
// read, and reports whether that changes anything but numbers.
func (l *loads) take(pool string, now time.Time, pods map[string]*autoscale.Counters, trouble error) (changed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	followed := l.pools[pool]
	if followed == nil {
		return false
	}
	before := followed.state
	sample := followed.meter.Sample(now, pods)
	followed.state, followed.trouble = autoscale.Next(before, followed.limits, sample), trouble
	measured(l.region, pool, sample)
	return followed.state.Wanted != before.Wanted || followed.state.Lost != before.Lost
}

// What an order means that leaves the defaults of the hub's API out.
const (
	defaultTarget    = 60
	defaultDownAfter = 10 * time.Minute
)

func limitsOf(a screeningv1.PoolAutoscaling, s scale, bounds screeningv1.PoolBounds) autoscale.Limits {
	return autoscale.Limits{
		Target: float64(cmp.Or(a.TargetUtilization, defaultTarget)) / 100, Floor: s.wanted, Max: bounds.Max,
		DownAfter: cmp.Or(a.ScaleDownAfter.Duration(), defaultDownAfter),
	}
}

// followLoad lets load add to the pods that the hub wishes for. The wish of
// somebody in the region stands against it.
func (r *Reconciler) followLoad(ctx context.Context, s *scope) error {
	a := s.spec.Autoscaling
	if a == nil || a.Mode != screeningv1.AutoscalingLoad || s.scale.by == screeningv1.ScaledByLocal {
		r.loads.forget(s.owner.Name)
		return nil
	}
	live, err := workload.Live(ctx, r.Client, s.owner)
	if err != nil {
		return err
	}
	pods := s.scale.wanted
	if live != nil && live.Spec.Replicas != nil {
		pods = *live.Spec.Replicas
	}
	limits := limitsOf(*a, s.scale, boundsOf(s.spec))
	followed := r.loads.follow(s.owner.Name, limits, pods, r.Now())
	s.load = &followed
	if wanted := min(max(followed.state.Wanted, limits.Floor), limits.Max); wanted > s.scale.wanted {
		s.scale = scale{wish: wanted, wanted: wanted, by: screeningv1.ScaledByLoad}
	}
	return nil
}

// followsLoad says in the status what load decided, and whether it is known.
func (s *scope) followsLoad() {
	a := s.spec.Autoscaling
	if a == nil || a.Mode != screeningv1.AutoscalingLoad {
		s.pool.Status.Load = nil
		conditions.Delete(s.pool, screeningv1.ConditionFollowsLoad)
		return
	}
	if s.load == nil {
		s.pool.Status.Load = nil
		conditions.False(s.pool, screeningv1.ConditionFollowsLoad, screeningv1.ReasonScaledLocally,
			"somebody in the region asked for %s; frontline pool release ends that", pods(s.scale.wish))
		return
	}
	state := s.load.state
	s.pool.Status.Load = &screeningv1.PoolLoad{Wanted: new(state.Wanted)}
	if state.Utilization >= 0 {
		s.pool.Status.Load.Utilization = new(int32(math.Round(state.Utilization * 100)))
	}
	if state.Lost {
		conditions.False(s.pool, screeningv1.ConditionFollowsLoad, screeningv1.ReasonMetricsLost,
			"%s, so the number of pods stays; %s", unseen(s.load.trouble), lookFor(s.load.trouble))
		return
	}
	conditions.True(s.pool, screeningv1.ConditionFollowsLoad, screeningv1.ReasonLoadKnown,
		"%.0f%% is the target, %d the least number of pods", s.load.limits.Target*100, s.load.limits.Floor)
}
