// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/frontline-screening/frontline/hack/cluster/internal/addrplan"
	"github.com/frontline-screening/frontline/hack/cluster/internal/binaries"
	"github.com/frontline-screening/frontline/hack/cluster/internal/cgroup"
	"github.com/frontline-screening/frontline/hack/cluster/internal/hostnet"
	"github.com/frontline-screening/frontline/hack/cluster/internal/render"
)

// kit is what all clusters that come up together share.
type kit struct {
	Options
	programs   programs
	pause, dns image
	snapshot   string
	cni        string
	servers    []string
	resolvConf string
	start      time.Time
}

// Up brings up the named clusters and returns them in the order of their
// names in the options. A cluster that already runs as asked is left as it is;
// one that is there only in part, after a crash or a reboot, is taken down
// and made anew. What fails is left standing for a look at its logs, until
// Down.
func Up(ctx context.Context, options Options) ([]*Cluster, error) {
	options, err := options.complete()
	if err != nil {
		return nil, err
	}
	if err := CheckMachine(); err != nil {
		return nil, err
	}
	unlock, err := lockState(options.State)
	if err != nil {
		return nil, err
	}
	defer unlock()

	k, err := prepare(ctx, options)
	if err != nil {
		return nil, err
	}
	records, fresh, err := k.plan(ctx)
	if err != nil {
		return nil, err
	}
	group, groupCtx := errgroup.WithContext(ctx)
	for _, r := range fresh {
		group.Go(func() error { return k.bringUp(groupCtx, r) })
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("bring up clusters: %w", err)
	}
	if err := mergeKubeconfigs(options.State); err != nil {
		return nil, err
	}
	var clusters []*Cluster
	for _, r := range records {
		clusters = append(clusters, r.cluster())
	}
	return clusters, nil
}

// prepare has the programs and images built and looks at the machine.
func prepare(ctx context.Context, options Options) (*kit, error) {
	k := &kit{Options: options}
	store, err := binaries.Open(options.Log)
	if err != nil {
		return nil, err
	}
	names := binaries.ControlPlane
	if !options.NoNodes {
		names = append(slices.Clip(names), binaries.Node...)
	}
	built, err := store.Ensure(ctx, names...)
	if err != nil {
		return nil, err
	}
	k.programs = programs(built)
	k.start = time.Now()
	if options.NoNodes {
		return k, nil
	}
	if k.pause, err = pauseImage(ctx, store); err != nil {
		return nil, err
	}
	if k.dns, err = dnsImage(store, built["coredns"]); err != nil {
		return nil, err
	}
	if k.snapshot, err = snapshotter(ctx, options.State); err != nil {
		return nil, err
	}
	if k.cni, err = findCNI(); err != nil {
		return nil, err
	}
	k.servers, k.resolvConf = nameservers()
	return k, nil
}

// plan decides which clusters to make, clears what is left of earlier ones,
// and writes down a record for each before anything of it exists.
func (k *kit) plan(ctx context.Context) (all, fresh []*record, err error) {
	running, err := k.clear(ctx)
	if err != nil {
		return nil, nil, err
	}
	used, err := hostnet.Used(ctx)
	if err != nil {
		return nil, nil, err
	}
	taken := map[int]bool{}
	for _, r := range running {
		taken[r.Layout.Plan.Index] = true
	}
	for _, name := range k.Clusters {
		if r, found := running[name]; found {
			fmt.Fprintf(k.Log, "%s: already up\n", name)
			all = append(all, r)
			continue
		}
		addresses, err := addrplan.Choose(taken, used)
		if err != nil {
			return nil, nil, err
		}
		taken[addresses.Index] = true
		r, err := k.newRecord(name, addresses)
		if err != nil {
			return nil, nil, err
		}
		all, fresh = append(all, r), append(fresh, r)
	}
	return all, fresh, nil
}

// clear takes down what is left of the named clusters where they do not run as
// asked, and returns every other cluster of the state folder by name.
func (k *kit) clear(ctx context.Context) (map[string]*record, error) {
	existing, err := readRecords(k.State)
	if err != nil {
		return nil, err
	}
	running := map[string]*record{}
	for _, r := range existing {
		name := r.Layout.Name
		if !slices.Contains(k.Clusters, name) || (r.NoNodes == k.NoNodes && r.healthy()) {
			running[name] = r
			continue
		}
		fmt.Fprintf(k.Log, "%s: clearing what is left of an earlier cluster\n", name)
		if err := r.tearDown(ctx); err != nil {
			return nil, err
		}
	}
	return running, nil
}

func (k *kit) newRecord(name string, addresses addrplan.Plan) (*record, error) {
	id := addresses.ID(name)
	groups, err := cgroup.For(id)
	if err != nil {
		return nil, err
	}
	r := &record{
		ID: id, NoNodes: k.NoNodes, Programs: k.programs,
		Layout: render.Layout{
			Name: name, Plan: addresses,
			Dir: filepath.Join(k.State, name), Run: filepath.Join(runDir, id),
			CgroupRoot: groups.Path, CNIPlugins: k.cni, Snapshotter: k.snapshot,
			ResolvConf: k.resolvConf, Nameservers: k.servers,
			PauseImage: k.pause.ref, DNSImage: k.dns.ref,
		},
	}
	if err := rememberHost(); err != nil {
		return nil, err
	}
	for _, dir := range r.Layout.Folders() {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("make the folders of cluster %s: %w", name, err)
		}
	}
	return r, r.write()
}

// say reports a step of one cluster with the time since the programs were
// there.
func (k *kit) say(r *record, step string) {
	fmt.Fprintf(k.Log, "%s: %s (%.1f s)\n", r.Layout.Name, step, time.Since(k.start).Seconds())
}

// mergeKubeconfigs writes one kubeconfig for all clusters of a state folder.
func mergeKubeconfigs(state string) error {
	clusters, err := Load(state)
	if err != nil {
		return err
	}
	var files [][]byte
	for _, c := range clusters {
		content, err := os.ReadFile(c.Kubeconfig)
		if err != nil {
			return fmt.Errorf("merge kubeconfigs: %w", err)
		}
		files = append(files, content)
	}
	merged, err := render.MergeKubeconfigs(files...)
	if err != nil {
		return err
	}
	path, err := MergedKubeconfig(state)
	if err != nil {
		return err
	}
	return os.WriteFile(path, merged, 0o600)
}
