// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/frontline-screening/frontline/hack/cluster/internal/certs"
	"github.com/frontline-screening/frontline/hack/cluster/internal/cgroup"
	"github.com/frontline-screening/frontline/hack/cluster/internal/hostnet"
	"github.com/frontline-screening/frontline/hack/cluster/internal/render"
)

// bringUp makes one cluster. The node's runtime starts, and takes its images,
// while etcd and the API server do.
func (k *kit) bringUp(ctx context.Context, r *record) error {
	l := r.Layout
	if err := writeFiles(r); err != nil {
		return fmt.Errorf("cluster %s: %w", l.Name, err)
	}
	groups, err := cgroup.For(r.ID)
	if err != nil {
		return err
	}
	if err := groups.Create(); err != nil {
		return fmt.Errorf("cluster %s: %w", l.Name, err)
	}
	if err := hostnet.Create(ctx, l.Plan, r.ID); err != nil {
		return fmt.Errorf("cluster %s: make its network: %w; the kernel must offer network namespaces, veth and nftables with NAT", l.Name, err)
	}
	if err := r.start(Etcd); err != nil {
		return err
	}
	if r.NoNodes {
		return k.controlPlane(ctx, r)
	}
	if err := r.start(Containerd); err != nil {
		return err
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return k.importImages(groupCtx, r) })
	if err := k.controlPlane(ctx, r); err != nil {
		return err
	}
	for _, name := range []string{Kubelet, Proxy} {
		if err := r.start(name); err != nil {
			return err
		}
	}
	manifests, err := l.Manifests()
	if err != nil {
		return err
	}
	if _, err := kubectl(ctx, r, manifests, "apply", "--server-side", "--filename", "-"); err != nil {
		return fmt.Errorf("cluster %s: %w", l.Name, err)
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return k.waitNode(ctx, r)
}

func (k *kit) controlPlane(ctx context.Context, r *record) error {
	if err := r.waitEtcd(ctx); err != nil {
		return err
	}
	if err := r.start(APIServer); err != nil {
		return err
	}
	if err := r.waitAPI(ctx); err != nil {
		return err
	}
	for _, name := range []string{ControllerManager, Scheduler} {
		if err := r.start(name); err != nil {
			return err
		}
	}
	k.say(r, "API server ready at "+r.Layout.Server())
	if r.NoNodes {
		return r.markReady()
	}
	return nil
}

// importImages hands the rig's own images to containerd once it serves.
func (k *kit) importImages(ctx context.Context, r *record) error {
	l := r.Layout
	err := r.wait(ctx, Containerd, "containerd", time.Minute, func(ctx context.Context) error {
		_, err := ctr(ctx, l, "version")
		return err
	})
	if err != nil {
		return err
	}
	for _, own := range []image{k.pause, k.dns} {
		if _, err := loadImage(ctx, l, own.archive); err != nil {
			return err
		}
	}
	return nil
}

func (k *kit) waitNode(ctx context.Context, r *record) error {
	client, err := openAPI(r.Layout)
	if err != nil {
		return err
	}
	defer client.close()
	err = r.wait(ctx, Kubelet, "the node", 2*time.Minute, func(ctx context.Context) error {
		return client.nodeReady(ctx, r.Layout.NodeName())
	})
	if err != nil {
		return err
	}
	k.say(r, "node Ready")
	if err := r.wait(ctx, Kubelet, "cluster DNS", 2*time.Minute, client.dnsReady); err != nil {
		return err
	}
	k.say(r, "cluster DNS answers")
	return r.markReady()
}

func (r *record) markReady() error {
	r.Ready = true
	return r.write()
}

// writeFiles writes certificates, configuration and the folders of volumes.
func writeFiles(r *record) error {
	l := r.Layout
	accesses, err := writePKI(l)
	if err != nil {
		return err
	}
	kubelet, err := l.KubeletConfig()
	if err != nil {
		return err
	}
	cni, err := l.CNIConfig()
	if err != nil {
		return err
	}
	files := map[string][]byte{
		l.Config("audit-policy.yaml"):         []byte(render.AuditPolicy),
		l.Config("kubelet.yaml"):              kubelet,
		l.Config("containerd.toml"):           []byte(l.ContainerdConfig()),
		l.Config("cni/10-frontline.conflist"): cni,
	}
	for name, access := range accesses {
		content, err := render.Kubeconfig(access)
		if err != nil {
			return err
		}
		files[l.Config(name+".kubeconfig")] = content
		if name == admin {
			files[filepath.Join(l.Dir, "kubeconfig")] = content
		}
	}
	for path, content := range files {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return fmt.Errorf("write configuration: %w", err)
		}
	}
	for _, dir := range l.VolumeDirs() {
		// Set-group-ID and group write: what pods with this fsGroup expect.
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make volume: %w", err)
		}
		if err := os.Chown(dir, 0, render.NonRoot); err != nil {
			return fmt.Errorf("make volume: %w", err)
		}
		if err := os.Chmod(dir, 0o770|os.ModeSetgid); err != nil {
			return fmt.Errorf("make volume: %w", err)
		}
	}
	return nil
}

// admin names the administrator's certificate and kubeconfig.
const admin = "admin"

// writePKI makes the cluster's certificates and returns the kubeconfig access
// of each client.
func writePKI(l render.Layout) (map[string]render.Access, error) {
	authority, err := certs.NewAuthority("kubernetes-" + l.Name)
	if err != nil {
		return nil, err
	}
	pairs := map[string]certs.Pair{"ca": authority.Pair}
	loopback := netip.MustParseAddr("127.0.0.1")
	pairs["apiserver"], err = authority.Server("kube-apiserver",
		[]string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + render.ClusterDomain},
		[]netip.Addr{l.Plan.Node, l.Plan.API, loopback})
	if err != nil {
		return nil, err
	}
	pairs["kubelet-server"], err = authority.Server(l.NodeName(), []string{l.NodeName()}, []netip.Addr{l.Plan.Node})
	if err != nil {
		return nil, err
	}
	accesses := map[string]render.Access{}
	for _, client := range []struct {
		name, user string
		groups     []string
	}{
		{admin, "kubernetes-admin", []string{"system:masters"}},
		{"apiserver-kubelet", "kube-apiserver-kubelet-client", []string{"system:masters"}},
		{ControllerManager, "system:kube-controller-manager", nil},
		{Scheduler, "system:kube-scheduler", nil},
		{Proxy, "system:kube-proxy", nil},
		{Kubelet, "system:node:" + l.NodeName(), []string{"system:nodes"}},
	} {
		pair, err := authority.Client(client.user, client.groups...)
		if err != nil {
			return nil, err
		}
		pairs[client.name] = pair
		accesses[client.name] = render.Access{Name: l.Name, Server: l.Server(), CA: authority.Cert, Cert: pair.Cert, Key: pair.Key}
	}
	dir := filepath.Dir(l.PKI("ca.crt"))
	for name, pair := range pairs {
		if err := pair.Write(dir, name); err != nil {
			return nil, err
		}
	}
	private, public, err := certs.NewSigningKey()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(l.PKI("sa.key"), private, 0o600); err != nil {
		return nil, fmt.Errorf("store the key of service account tokens: %w", err)
	}
	if err := os.WriteFile(l.PKI("sa.pub"), public, 0o644); err != nil {
		return nil, fmt.Errorf("store the key of service account tokens: %w", err)
	}
	return accesses, nil
}
