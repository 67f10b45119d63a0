// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/region/borderpost"
	"github.com/frontline-screening/frontline/controllers/region/internal/workload"
	"github.com/frontline-screening/frontline/controllers/region/matcherpool"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/region"
)

// Options of an agent.
type Options struct {
	// Region is the region's name, InstallNamespace where the agent and the
	// registry run.
	Region, InstallNamespace string
	// KeyNamespace is where the Secret is that makes the region itself; empty for
	// InstallNamespace.
	KeyNamespace string
	// StateDir is the state directory, which outlives the process.
	StateDir string
	// Registry is the URL of the region's registry, https://host:port.
	Registry string
	// Bind is the address of the API for loaders.
	Bind string
	// FilesBind is the loopback address of the API for bundles and reports in
	// files. Empty for none.
	FilesBind string
	// Image is this agent's own. Fronts run it, and loaders from when their pool
	// first runs its engine. EngineImage is what pools run that name none, from
	// when they are first made.
	Image, EngineImage string
	// PriorityClass is that of matcher pods; empty for the cluster's default.
	PriorityClass string
	// Version of this program, for reports.
	Version string
	Now     func() time.Time
	// Local is set in a region that runs in the hub's own cluster.
	Local *Local
}

// Agent is the region's side of Frontline in a manager.
type Agent struct {
	options Options
	region  *region.Region
	ca      *pki.CA
	issuer  *workload.Issuer
	// reader reads Secrets by name, past the cache.
	reader   client.Reader
	registry *artifact.Registry
	orders   *Reconciler
	// files is what can be exchanged by files, nil before the region has joined.
	files atomic.Pointer[region.Files]
}

// CacheOptions limits a manager's cache to what the agent needs: the region's
// namespace. Secrets are never cached; see ClientOptions.
func CacheOptions(regionName string) cache.Options {
	return cache.Options{DefaultNamespaces: map[string]cache.Config{screeningv1.RegionNamespace(regionName): {}}}
}

// ClientOptions keep Secrets out of the cache: the agent may read them by name
// and may not list them.
func ClientOptions() client.Options {
	return client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}}}
}

// Add opens the state directory and adds the agent's controllers and its line
// to the hub to the manager. It asks nothing of the hub.
func Add(mgr ctrl.Manager, o Options) (*Agent, error) {
	registerMetrics()
	store, err := region.OpenStore(o.StateDir)
	if err != nil {
		return nil, err
	}
	kept, err := openVault(mgr.GetClient(), cmp.Or(o.KeyNamespace, o.InstallNamespace), o.Region)
	if err != nil {
		return nil, err
	}
	if err := store.Keep(kept); err != nil {
		return nil, err
	}
	r, err := region.New(o.Region, store, o.Now)
	if err != nil {
		return nil, err
	}
	keys.add(o.Region, store)
	a := &Agent{options: o, region: r, reader: mgr.GetAPIReader()}
	if a.ca, err = a.authority(store); err != nil {
		return nil, err
	}
	a.issuer = &workload.Issuer{Client: mgr.GetClient(), CA: a.ca, Now: o.Now}
	client, err := a.registryClient()
	if err != nil {
		return nil, err
	}
	if a.registry, err = artifact.Connect(o.Registry, client); err != nil {
		return nil, err
	}
	a.orders = NewReconciler(mgr.GetClient(), r, o.Now, o.Local != nil)
	if err := a.orders.SetupWithManager(mgr); err != nil {
		return nil, fmt.Errorf("agent: %w", err)
	}
	if err := a.addWorkloads(mgr); err != nil {
		return nil, fmt.Errorf("agent: %w", err)
	}
	runnables := []manager.RunnableFunc{a.serveLoaders, a.keepLink, a.keepRegistryCertificate}
	if o.FilesBind != "" {
		runnables = append(runnables, a.serveFiles)
	}
	for _, runnable := range runnables {
		if err := mgr.Add(runnable); err != nil {
			return nil, fmt.Errorf("agent: %w", err)
		}
	}
	return a, mgr.AddMetricsServerExtraHandler("/status", http.HandlerFunc(a.serveStatus))
}

// authority is the region's own, or that of the hub in whose cluster it runs. A
// region that lost its own makes another: pods hold certificates of the former
// one, whose own stands beside the registry's.
func (a *Agent) authority(store *region.Store) (*pki.CA, error) {
	o := a.options
	if o.Local != nil {
		return o.Local.CA, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), vaultTimeout)
	defer cancel()
	var secret corev1.Secret
	key := types.NamespacedName{Namespace: o.InstallNamespace, Name: RegistrySecret}
	if err := a.reader.Get(ctx, key, &secret); client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("certificate of the registry: %w", err)
	}
	return store.CAAfter(secret.Data[workload.KeyCA], o.Region, o.Now())
}

func (a *Agent) addWorkloads(mgr ctrl.Manager) error {
	o := a.options
	pools := matcherpool.New(matcherpool.Options{
		Client: mgr.GetClient(), Region: a.region, Issuer: a.issuer, Now: o.Now, Local: o.Local != nil,
		EngineImage: o.EngineImage, LoaderImage: o.Image, PriorityClass: o.PriorityClass, InstallNamespace: o.InstallNamespace,
		Agent: fmt.Sprintf("https://%s:%d", agentHost(o.InstallNamespace), workload.PortAgent), Registry: o.Registry,
	})
	if err := pools.SetupWithManager(mgr); err != nil {
		return err
	}
	posts := borderpost.New(borderpost.Options{
		Client: mgr.GetClient(), Region: a.region, Issuer: a.issuer, Now: o.Now,
		FrontImage: o.Image, InstallNamespace: o.InstallNamespace,
	})
	return posts.SetupWithManager(mgr)
}

func agentHost(installNamespace string) string { return "frontline-agent." + installNamespace + ".svc" }

// certificate returns a source of a certificate of the region's authority,
// made anew at two thirds of its life.
func (a *Agent) certificate(request pki.LeafRequest) pki.CertificateSource {
	var mu sync.Mutex
	var certPEM []byte
	var current *tls.Certificate
	return func() (*tls.Certificate, error) {
		mu.Lock()
		defer mu.Unlock()
		now := a.options.Now()
		if current != nil && !pki.NeedsRenewal(certPEM, now) {
			return current, nil
		}
		newPEM, keyPEM, err := a.ca.Issue(request, now)
		if err != nil {
			return nil, err
		}
		pair, err := tls.X509KeyPair(newPEM, keyPEM)
		if err != nil {
			return nil, err
		}
		certPEM, current = newPEM, &pair
		return current, nil
	}
}

func (a *Agent) registryClient() (*http.Client, error) {
	source := a.certificate(pki.LeafRequest{
		CommonName: "agent " + a.options.Region, SPIFFE: pki.AgentID(a.options.Region), Client: true,
	})
	if _, err := source(); err != nil {
		return nil, err
	}
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig:       pki.ClientConfig(source, a.ca.Pool(), ""),
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: time.Minute,
		IdleConnTimeout:       90 * time.Second,
	}}, nil
}

// keepRegistryCertificate keeps the Secret that the registry's pod waits for.
// In the hub's cluster the hub keeps it.
func (a *Agent) keepRegistryCertificate(ctx context.Context) error {
	if a.options.Local != nil {
		return nil
	}
	host := "frontline-registry." + a.options.InstallNamespace + ".svc"
	want := workload.Certificate{
		Namespace: a.options.InstallNamespace, Secret: RegistrySecret,
		Labels:  map[string]string{"app.kubernetes.io/name": "frontline", "app.kubernetes.io/managed-by": "frontline-agent"},
		Manager: workload.ManagerAgent,
		Request: pki.LeafRequest{CommonName: "registry " + a.options.Region, DNSNames: []string{host, host + ".cluster.local"}, Server: true},
	}
	logger := ctrl.LoggerFrom(ctx).WithName("registry-certificate")
	for ctx.Err() == nil {
		wait := 10 * time.Minute
		if _, err := a.issuer.Ensure(ctx, want); err != nil && ctx.Err() == nil {
			logger.Error(err, "The registry's certificate is not written; it is tried again")
			wait = 5 * time.Second
		}
		sleep(ctx, wait)
	}
	return nil
}

// Names of Secrets in the installation's namespace.
const (
	// RegistrySecret holds the registry's certificate.
	RegistrySecret = "frontline-registry-tls"
	// InvitationSecret holds the invitation by which the region joins.
	InvitationSecret = "frontline-invitation"
	// InvitationKey is the key of the invitation in its Secret.
	InvitationKey = "invitation.json"
)

func (a *Agent) invitation(ctx context.Context) ([]byte, error) {
	var secret corev1.Secret
	err := a.reader.Get(ctx, types.NamespacedName{Namespace: a.options.InstallNamespace, Name: InvitationSecret}, &secret)
	if client.IgnoreNotFound(err) != nil {
		return nil, err
	}
	return secret.Data[InvitationKey], nil
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
