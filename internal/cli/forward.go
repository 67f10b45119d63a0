// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// counter is where a process exchanges files with people: a loopback port of
// its pod, reached by a forwarded port.
type counter struct {
	// components are the values of app.kubernetes.io/component that have it.
	components []string
	port       int
}

var (
	hubCounter    = counter{components: []string{"hub", "all"}, port: 8444}
	regionCounter = counter{components: []string{"agent", "all"}, port: 9444}
)

// counterOptions are the flags of a command that exchanges files.
type counterOptions struct {
	kube    kubeOptions
	address string
}

func (o *counterOptions) addFlags(flags *pflag.FlagSet, at counter) {
	o.kube.addFlags(flags)
	flags.StringVar(&o.address, "address", "", fmt.Sprintf("HOST:PORT of a port that was forwarded by other means to port %d of the pod; empty to forward one", at.port))
}

// errElsewhere is the answer of a process that leaves the work to another.
var errElsewhere = errors.New("no process of the hub answers that leads; try again in a moment")

// post sends a request to the counter and returns the body of a good answer.
// body is asked for once a process tried.
func (o *counterOptions) post(ctx context.Context, at counter, path string, body func() (io.ReadCloser, error)) (answer io.ReadCloser, err error) {
	if o.address != "" {
		return postTo(ctx, o.address, path, body)
	}
	config, err := o.kube.config()
	if err != nil {
		return nil, err
	}
	pods, err := o.pods(ctx, at)
	if err != nil {
		return nil, err
	}
	for _, pod := range pods {
		address, stop, err := forward(ctx, config, pod, at.port)
		if err != nil {
			return nil, err
		}
		answer, err := postTo(ctx, address, path, body)
		if err == nil {
			return &forwarded{ReadCloser: answer, stop: stop}, nil
		}
		stop()
		if !errors.Is(err, errElsewhere) {
			return nil, err
		}
	}
	return nil, errElsewhere
}

// forwarded ends the forwarding with the answer.
type forwarded struct {
	io.ReadCloser
	stop func()
}

// Close implements io.Closer.
func (f *forwarded) Close() error {
	defer f.stop()
	return f.ReadCloser.Close()
}

// pods are the ready pods that have the counter.
func (o *counterOptions) pods(ctx context.Context, at counter) ([]corev1.Pod, error) {
	c, err := o.kube.client()
	if err != nil {
		return nil, err
	}
	component, err := labels.NewRequirement("app.kubernetes.io/component", selection.In, at.components)
	if err != nil {
		return nil, err
	}
	selector := labels.SelectorFromSet(labels.Set{"app.kubernetes.io/name": "frontline"}).Add(*component)
	list := &corev1.PodList{}
	if err := c.List(ctx, list, client.InNamespace(o.kube.namespace), client.MatchingLabelsSelector{Selector: selector}); err != nil {
		return nil, fmt.Errorf("list the pods of namespace %s: %w", o.kube.namespace, err)
	}
	ready := slices.DeleteFunc(list.Items, func(p corev1.Pod) bool {
		return !slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		})
	})
	if len(ready) == 0 {
		return nil, fmt.Errorf("namespace %s has no ready pod of Frontline's %s; look at: kubectl -n %s get pods", o.kube.namespace, at.components[0], o.kube.namespace)
	}
	return ready, nil
}

// forward opens a port of this machine to a port of the pod's loopback
// address, and returns where it is and what closes it.
func forward(ctx context.Context, config *rest.Config, pod corev1.Pod, port int) (address string, stop func(), err error) {
	fail := func(err error) (string, func(), error) {
		return "", nil, fmt.Errorf("forward a port to pod %s/%s: %w; you need the right to create pods/portforward, or give --address", pod.Namespace, pod.Name, err)
	}
	core := rest.CopyConfig(config)
	core.APIPath, core.GroupVersion, core.NegotiatedSerializer = "/api", &corev1.SchemeGroupVersion, clientgoscheme.Codecs.WithoutConversion()
	api, err := rest.RESTClientFor(core)
	if err != nil {
		return fail(err)
	}
	url := api.Post().Resource("pods").Namespace(pod.Namespace).Name(pod.Name).SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return fail(err)
	}
	dialer := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, url)
	if tunnel, err := portforward.NewSPDYOverWebsocketDialer(url, config); err == nil {
		// Older API servers, and some proxies before them, know SPDY alone. What
		// else is wrong with the first way shows with the second as well.
		dialer = portforward.NewFallbackDialer(tunnel, dialer, func(error) bool { return true })
	}
	end, ready := make(chan struct{}), make(chan struct{})
	forwarder, err := portforward.NewOnAddresses(dialer, []string{"127.0.0.1"}, []string{"0:" + strconv.Itoa(port)}, end, ready, io.Discard, io.Discard)
	if err != nil {
		return fail(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- forwarder.ForwardPorts() }()
	stop = func() { close(end) }
	select {
	case <-ctx.Done():
		stop()
		return fail(ctx.Err())
	case err := <-ended:
		if err == nil {
			err = errors.New("it ended at once")
		}
		return fail(err)
	case <-ready:
	}
	ports, err := forwarder.GetPorts()
	if err != nil || len(ports) != 1 {
		stop()
		return fail(errors.Join(errors.New("no port was opened"), err))
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(int(ports[0].Local))), stop, nil
}

// answerError is a refusal by the other side.
type answerError struct {
	reason, message string
}

// Error implements error.
func (e *answerError) Error() string {
	if e.reason == "" {
		return e.message
	}
	return e.reason + ": " + e.message
}

// ExitCode is 2 for what is refused for good, and 1 for what may be repeated.
func (e *answerError) ExitCode() int {
	if e.reason == "" {
		return 1
	}
	return 2
}

func postTo(ctx context.Context, address, path string, body func() (io.ReadCloser, error)) (io.ReadCloser, error) {
	var send io.ReadCloser
	if body != nil {
		var err error
		if send, err = body(); err != nil {
			return nil, err
		}
		defer send.Close()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+path, send)
	if err != nil {
		return nil, fmt.Errorf("--address %q has not the form HOST:PORT", address)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("reach the pod: %w; it must run with --files-bind", err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	var problem struct{ Reason, Message string }
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&problem); err != nil || problem.Message == "" {
		return nil, fmt.Errorf("the pod answered %s; is it of the same version?", resp.Status)
	}
	if resp.StatusCode == http.StatusServiceUnavailable && strings.Contains(problem.Message, "lead") {
		return nil, errElsewhere
	}
	return nil, &answerError{reason: problem.Reason, message: problem.Message}
}
