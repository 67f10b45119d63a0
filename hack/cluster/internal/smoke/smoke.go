// SPDX-License-Identifier: Apache-2.0

// Package smoke checks that running clusters do what the rig promises.
package smoke

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/frontline-screening/frontline/hack/cluster/internal/poll"
	"github.com/frontline-screening/frontline/hack/cluster/rig"
)

//go:embed probe.yaml
var manifest string

const namespace = "rig-check"

// site is one cluster with the probe in it.
type site struct {
	*rig.Cluster
	// address is the probe's NodePort, host and port.
	address string
}

// Run puts a probe into every cluster, checks what it sees, and removes it.
func Run(ctx context.Context, clusters []*rig.Cluster, out io.Writer) error {
	if len(clusters) < 2 {
		return errors.New("the check needs two running clusters; run: go run ./hack/cluster up")
	}
	ref, archive, err := rig.ProbeImage(ctx, out)
	if err != nil {
		return err
	}
	sites := make([]site, len(clusters))
	start := time.Now()
	group, groupCtx := errgroup.WithContext(ctx)
	for i, cluster := range clusters {
		group.Go(func() error {
			var err error
			sites[i], err = deploy(groupCtx, cluster, ref, archive)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	fmt.Fprintf(out, "ok  hardened pods with volumes Ready in %.1f s\n", time.Since(start).Seconds())
	for _, check := range []struct {
		what string
		run  func(context.Context, []site) error
	}{
		{"each pod resolves, reaches Services and writes to its volumes", inside},
		{"every cluster's pods reach every NodePort", func(ctx context.Context, sites []site) error { return reach(ctx, sites, "") }},
		{"a cut link is cut for both sides, and whole once mended", cutAndMend},
		{"pods answer while etcd and the API server are down", controlPlaneDown},
		{"a restored backup of etcd has the old objects, and pods go on", backup},
		{"volumes are taken back", remove},
	} {
		if err := check.run(ctx, sites); err != nil {
			return fmt.Errorf("FAILED: %s: %w", check.what, err)
		}
		fmt.Fprintf(out, "ok  %s\n", check.what)
	}
	return nil
}

func deploy(ctx context.Context, cluster *rig.Cluster, ref, archive string) (site, error) {
	if _, err := cluster.LoadImage(ctx, archive); err != nil {
		return site{}, err
	}
	objects := []byte(strings.ReplaceAll(manifest, "IMAGE", ref))
	if _, err := cluster.Kubectl(ctx, objects, "apply", "--filename", "-"); err != nil {
		return site{}, err
	}
	if _, err := cluster.Kubectl(ctx, nil, "--namespace", namespace, "rollout", "status", "deployment/probe", "--timeout=90s"); err != nil {
		return site{}, err
	}
	port, err := cluster.Kubectl(ctx, nil, "--namespace", namespace, "get", "service", "probe", "--output", "jsonpath={.spec.ports[0].nodePort}")
	if err != nil {
		return site{}, err
	}
	found := site{Cluster: cluster, address: cluster.NodeIP + ":" + string(port)}
	// The NodePort follows the pod's readiness by kube-proxy's next turn.
	err = poll.Until(ctx, "NodePort "+found.address, 100*time.Millisecond, 20*time.Second, func(ctx context.Context) error {
		return found.ask(ctx, "/", nil)
	})
	return found, err
}

// ask asks the probe from the host; what the probe could not do is an error.
func (s site) ask(ctx context.Context, path string, query url.Values) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.address+path+"?"+query.Encode(), http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the probe of %s: %w", s.Name, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("ask the probe of %s: %w", s.Name, err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("probe of %s: %s", s.Name, strings.TrimSpace(string(body)))
	}
	return nil
}

func inside(ctx context.Context, sites []site) error {
	for _, s := range sites {
		for _, look := range []struct{ path, key, value string }{
			{"/resolve", "name", "kubernetes.default.svc.cluster.local"},
			{"/resolve", "name", "probe"},
			{"/get", "url", "http://probe." + namespace + ".svc/"},
			{"/get", "url", "http://" + s.address + "/"},
			{"/write", "path", "/volume/file"},
			{"/write", "path", "/memory/file"},
		} {
			if err := s.ask(ctx, look.path, url.Values{look.key: {look.value}}); err != nil {
				return err
			}
		}
	}
	return nil
}

// reach has each cluster's probe ask each other's; where cut names a cluster,
// exactly what goes from or to it must fail.
func reach(ctx context.Context, sites []site, cut string) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, from := range sites {
		for _, to := range sites {
			if from.Name == to.Name {
				continue
			}
			group.Go(func() error {
				err := from.ask(ctx, "/get", url.Values{"url": {"http://" + to.address + "/"}})
				severed := from.Name == cut || to.Name == cut
				switch {
				case severed && err == nil:
					return fmt.Errorf("%s reaches %s although the link of %s is cut", from.Name, to.Name, cut)
				case !severed && err != nil:
					return fmt.Errorf("%s does not reach %s: %w", from.Name, to.Name, err)
				default:
					return nil
				}
			})
		}
	}
	return group.Wait()
}

func cutAndMend(ctx context.Context, sites []site) error {
	victim := sites[0]
	for range 2 {
		if err := victim.Cut(ctx); err != nil {
			return err
		}
	}
	failed := reach(ctx, sites, victim.Name)
	if failed == nil {
		failed = victim.ask(ctx, "/", nil)
	}
	for range 2 {
		if err := victim.Mend(ctx); err != nil {
			return err
		}
	}
	if failed != nil {
		return failed
	}
	return reach(ctx, sites, "")
}

func controlPlaneDown(ctx context.Context, sites []site) error {
	victim := sites[len(sites)-1]
	stopped := []string{rig.APIServer, rig.Etcd}
	for _, name := range stopped {
		if err := victim.StopComponent(ctx, name); err != nil {
			return err
		}
	}
	failed := victim.ask(ctx, "/resolve", url.Values{"name": {"probe"}})
	for _, name := range []string{rig.Etcd, rig.APIServer} {
		if err := victim.StartComponent(ctx, name); err != nil {
			return err
		}
	}
	if failed != nil {
		return failed
	}
	_, err := victim.Kubectl(ctx, nil, "get", "nodes")
	return err
}

// backup makes an object after a backup; the restored cluster must lack it.
func backup(ctx context.Context, sites []site) error {
	victim := sites[0]
	parent, err := os.MkdirTemp("", "rig-check-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(parent)
	dir := filepath.Join(parent, "etcd")
	if err := victim.BackupEtcd(ctx, dir); err != nil {
		return err
	}
	if _, err := victim.Kubectl(ctx, nil, "--namespace", namespace, "create", "configmap", "younger"); err != nil {
		return err
	}
	if err := victim.RestoreEtcd(ctx, dir); err != nil {
		return err
	}
	found, err := victim.Kubectl(ctx, nil, "--namespace", namespace, "get", "configmap", "younger", "--ignore-not-found", "--output", "name")
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return fmt.Errorf("%s is there after a backup older than it was restored", found)
	}
	return victim.ask(ctx, "/", nil)
}

func remove(ctx context.Context, sites []site) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range sites {
		group.Go(func() error {
			if _, err := s.Kubectl(ctx, nil, "delete", "namespace", namespace, "--timeout=60s"); err != nil {
				return err
			}
			return poll.Until(ctx, "volumes of "+s.Name, 200*time.Millisecond, 20*time.Second, func(ctx context.Context) error {
				if err := s.RecycleVolumes(ctx); err != nil {
					return err
				}
				phases, err := s.Kubectl(ctx, nil, "get", "persistentvolumes", "--output", "jsonpath={.items[*].status.phase}")
				if err == nil && strings.Trim(strings.ReplaceAll(string(phases), "Available", ""), " ") != "" {
					return fmt.Errorf("volumes are %s", phases)
				}
				return err
			})
		})
	}
	return group.Wait()
}
