// SPDX-License-Identifier: Apache-2.0

package matcherpool

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/region/internal/workload"
	"github.com/frontline-screening/frontline/internal/autoscale"
)

const (
	// measureEvery is how often pods are asked how busy they were.
	measureEvery = 15 * time.Second
	// readTimeout bounds one pod's answer, atATime how many are asked together:
	// pods that hang delay nobody for longer than that.
	readTimeout = 3 * time.Second
	atATime     = 32
)

// ReadPod asks the pod at an address what it has counted.
type ReadPod func(ctx context.Context, ip string) (autoscale.Counters, error)

// metricsClient goes by no proxy and follows nobody elsewhere: a pod is asked
// for numbers and nothing else.
var metricsClient = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true, ResponseHeaderTimeout: readTimeout},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// readPod is what runs; tests have their own.
func readPod(ctx context.Context, ip string) (autoscale.Counters, error) {
	if ip == "" {
		return autoscale.Counters{}, errors.New("the pod has no address") // which would be this process's own
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	url := "http://" + net.JoinHostPort(ip, strconv.Itoa(int(workload.PortHealth))) + "/metrics"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return autoscale.Counters{}, err
	}
	response, err := metricsClient.Do(request)
	if err != nil {
		return autoscale.Counters{}, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return autoscale.Counters{}, fmt.Errorf("metrics: %s", response.Status)
	}
	return autoscale.ReadCounters(response.Body)
}

// unseen says why a pool's pods are not seen, without the words of an error,
// which may differ each time.
func unseen(trouble error) string {
	switch {
	case trouble == nil:
		return "no pod has answered for a minute"
	case errors.Is(trouble, autoscale.ErrNoCounters):
		return "the engine does not say how busy it is"
	default:
		return "the metrics of no pod can be read"
	}
}

func lookFor(trouble error) string {
	switch {
	case trouble == nil:
		return "look at the pods"
	case errors.Is(trouble, autoscale.ErrNoCounters):
		return "set spec.engine.image to one that has the metric " + autoscale.BusySeconds
	default:
		return "see whether a network policy keeps the agent from port " + strconv.Itoa(int(workload.PortHealth)) + " of the pods"
	}
}

// measure asks the pods of all pools that follow their load, all together, and
// returns the pools for which that changes something.
func (r *Reconciler) measure(ctx context.Context) (changed []string, err error) {
	var errs []error
	var asked sync.WaitGroup
	turns := make(chan struct{}, atATime)
	seen := map[string]*reading{}
	for _, pool := range r.loads.names() {
		owner := workload.Owner{Component: workload.ComponentMatcher, Region: r.Region.Name(), Name: pool}
		var list corev1.PodList
		if err := r.Client.List(ctx, &list, client.InNamespace(owner.Namespace()), client.MatchingLabels(owner.Selector())); err != nil {
			errs = append(errs, fmt.Errorf("pods of pool %s: %w", pool, err))
			continue
		}
		of := &reading{pods: map[string]*autoscale.Counters{}}
		seen[pool] = of
		for i := range list.Items {
			if pod := &list.Items[i]; podReady(pod) {
				asked.Go(func() {
					turns <- struct{}{}
					defer func() { <-turns }()
					of.read(ctx, r.ReadPod, pod)
				})
			}
		}
	}
	asked.Wait()
	for pool, of := range seen {
		if r.loads.take(pool, r.Now(), of.pods, of.trouble) {
			changed = append(changed, pool)
		}
	}
	return changed, errors.Join(errs...)
}

// reading is what one look at a pool's pods found.
type reading struct {
	mu      sync.Mutex
	pods    map[string]*autoscale.Counters
	trouble error
}

func (p *reading) read(ctx context.Context, read ReadPod, pod *corev1.Pod) {
	counters, err := read(ctx, pod.Status.PodIP)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.pods[string(pod.UID)], p.trouble = nil, err
		return
	}
	p.pods[string(pod.UID)] = &counters
}

// keepMeasuring returns a channel with an event for each pool whose load decided
// something.
func (r *Reconciler) keepMeasuring(mgr manager.Manager) <-chan event.GenericEvent {
	events := make(chan event.GenericEvent)
	// The error of Add is that of a manager that has stopped.
	_ = mgr.Add(manager.RunnableFunc(func(ctx context.Context) error {
		ticker := time.NewTicker(measureEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-ticker.C:
			}
			pools, err := r.measure(ctx)
			if err != nil && ctx.Err() == nil {
				log.FromContext(ctx).Error(err, "The load of pools is not known; it is asked for again")
			}
			for _, pool := range pools {
				obj := &metav1.PartialObjectMetadata{}
				obj.SetNamespace(screeningv1.RegionNamespace(r.Region.Name()))
				obj.SetName(pool)
				select {
				case events <- event.GenericEvent{Object: obj}:
				case <-ctx.Done():
					return nil
				}
			}
		}
	}))
	return events
}
