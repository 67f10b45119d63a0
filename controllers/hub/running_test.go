// SPDX-License-Identifier: Apache-2.0

package hub_test

import (
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	hubcontrollers "github.com/frontline-screening/frontline/controllers/hub"
	"github.com/frontline-screening/frontline/controllers/hub/bootstrap"
	"github.com/frontline-screening/frontline/controllers/hub/internal/hubtest"
	"github.com/frontline-screening/frontline/controllers/hub/keystore"
	"github.com/frontline-screening/frontline/controllers/hub/regionalcluster"
	"github.com/frontline-screening/frontline/controllers/internal/conditions"
	"github.com/frontline-screening/frontline/internal/artifact"
	"github.com/frontline-screening/frontline/internal/gateway"
	"github.com/frontline-screening/frontline/internal/join"
	"github.com/frontline-screening/frontline/internal/link"
	signed "github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/pki"
	"github.com/frontline-screening/frontline/internal/registry"
	wire "github.com/frontline-screening/frontline/internal/report"
	"github.com/frontline-screening/frontline/internal/trust"
)

// running is a hub as a process runs it: bootstrapped Secrets, mutual TLS to
// its registry, a gateway that listens, all controllers in a manager.
type running struct {
	namespace string
	keys      bootstrap.Keys
	trust     *bootstrap.Trust
	gateway   string
	// registry is at the address, which transport reaches.
	registry  *artifact.Registry
	address   string
	transport *http.Transport
}

func run(t *testing.T) *running {
	t.Helper()
	r := prepare(t)
	env.StartManager(t, ctrl.Options{}, func(mgr manager.Manager) error {
		service, err := r.setup(t, mgr)
		if err != nil {
			return err
		}
		handler, err := gateway.NewHandler(service, r.address, r.transport)
		if err != nil {
			return err
		}
		r.gateway = serve(t, handler, pki.ServerConfig(r.keys.Gateway, nil, false))
		return nil
	})
	return r
}

// setup adds the hub to a manager.
func (r *running) setup(t *testing.T, mgr manager.Manager) (*gateway.Service, error) {
	t.Helper()
	return hubcontrollers.Setup(t.Context(), mgr, hubcontrollers.Options{
		Namespace: r.namespace, Registry: r.registry, HubUID: r.keys.HubUID, Signers: r.trust, StateDir: t.TempDir(),
		Keys:              keystore.New(env.Client, r.namespace, time.Now),
		TimestampInterval: 5 * time.Minute, TimestampLifetime: 15 * time.Minute, AllowPrivateSources: true, Clock: clock.RealClock{},
	})
}

// prepare makes what a hub has before it runs.
func prepare(t *testing.T) *running {
	t.Helper()
	r := &running{namespace: env.CreateNamespace(t, "install")}
	options := bootstrap.Options{Namespace: r.namespace, GatewayAddresses: []string{"127.0.0.1:8443", "hub.example:8443"}}
	var err error
	if r.keys, err = bootstrap.Ensure(t.Context(), env.Client, options, time.Now()); err != nil {
		t.Fatal(err)
	}
	r.trust = options.Trust(env.Client, time.Now)
	certificate, key, err := r.keys.CA.Issue(pki.LeafRequest{CommonName: "registry", Server: true, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	source, err := pki.FromPEM(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	store, err := registry.New(t.Context(), registry.Config{Root: t.TempDir(), Authorize: registry.BySPIFFE, Log: logr.Discard()})
	if err != nil {
		t.Fatal(err)
	}
	r.address = serve(t, store, pki.ServerConfig(source, r.keys.CA.Pool(), true))
	r.transport = &http.Transport{TLSClientConfig: pki.ClientConfig(r.keys.Client, r.keys.CA.Pool(), "")}
	t.Cleanup(r.transport.CloseIdleConnections)
	if r.registry, err = artifact.Connect(r.address, &http.Client{Transport: r.transport}); err != nil {
		t.Fatal(err)
	}
	return r
}

// serve listens with exactly the TLS configuration given; httptest would add a
// certificate of its own.
func serve(t *testing.T, handler http.Handler, config *tls.Config) string {
	t.Helper()
	return serveAt(t, "127.0.0.1:0", handler, config)
}

func serveAt(t *testing.T, address string, handler http.Handler, config *tls.Config) string {
	t.Helper()
	listener, err := tls.Listen("tcp", address, config)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return "https://" + listener.Addr().String()
}

func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if err = check(); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s: %v", what, err)
}

// join invites a region, as the command line does, and joins by a gateway.
func (r *running) join(t *testing.T, region, gateway string) (*link.HTTP, ed25519.PrivateKey, join.Acceptance) {
	t.Helper()
	record, err := regionalcluster.ReadRecord(t.Context(), env.Client, r.namespace, region)
	if err != nil {
		t.Fatal(err)
	}
	token, err := join.NewToken()
	if err != nil {
		t.Fatal(err)
	}
	record.Invitation = &regionalcluster.Invitation{TokenHash: join.HashToken(token), Expires: time.Now().Add(time.Hour)}
	if err := record.Write(t.Context(), env.Client); err != nil {
		t.Fatal(err)
	}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	certificate, keyPEM, err := pki.SelfSigned(key, "region "+region, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	identity, err := pki.FromPEM(certificate, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	line, err := link.NewHTTP([]string{gateway}, r.keys.CA.CertPEM(), identity)
	if err != nil {
		t.Fatal(err)
	}
	request, err := join.NewRequest(t.Context(), join.Invitation{Region: region, Token: token}, key)
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := line.Join(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	return line, key, accepted
}

func TestRunningHubServesARegion(t *testing.T) {
	r := run(t)
	region := &screeningv1.RegionalCluster{}
	region.Name, region.Spec.Jurisdiction = "running", "AL"
	hubtest.Create(t, env.Client, region)
	publisher := hubtest.NewPublisher(t, hubtest.List(1, 5))
	feed := hubtest.Feed(env.CreateNamespace(t, "owner"), "list", publisher.URL, "AL")
	hubtest.Create(t, env.Client, feed)
	pool := hubtest.Pool("running", "general", feed.ID())
	eventually(t, "create a pool in the namespace the hub makes", func() error { return env.Client.Create(t.Context(), pool) })

	// The region: its key, its line through the gateway, its trust.
	line, key, accepted := r.join(t, region.Name, r.gateway)
	root, err := r.trust.Root(t.Context(), region.Name)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := trust.Open(filepath.Join(t.TempDir(), "trust"), root, trust.Identity{HubUID: r.keys.HubUID, Term: 1, Region: region.Name})
	if err != nil {
		t.Fatal(err)
	}

	var obeyed *signed.Order
	pull := func() error {
		if _, _, err := line.WaitOrder(t.Context(), 0); err != nil {
			return err
		}
		files, _, err := line.Registry().FetchOrder(t.Context(), artifact.OrderRepository(region.Name), nil)
		if err != nil {
			return err
		}
		verified, err := verifier.Verify(files, time.Now())
		if err != nil {
			return err
		}
		obeyed, err = signed.Open(verified.Index, func(digest string) ([]byte, error) { return files[signed.PartFile(digest)], nil })
		return err
	}
	eventually(t, "pull an order that lists the feed", func() error {
		if err := pull(); err != nil {
			return err
		}
		if obeyed.Feed(string(feed.ID())) == nil || obeyed.Pool("general") == nil {
			return errors.New("it does not list the feed and the pool")
		}
		return nil
	})
	// The region says which key it made; the hub then cuts the content for it.
	keys := &feedKeys{current: 1}
	say := func(number int64, feeds ...wire.Feed) {
		t.Helper()
		envelope, err := wire.Sign(t.Context(), wire.Report{
			Format: wire.Format, Region: region.Name, RegionUID: obeyed.Region.UID, HubUID: r.keys.HubUID,
			Incarnation: accepted.Incarnation, Number: number,
			Observed: &wire.Observed{Term: obeyed.Term, Sequence: obeyed.Sequence, Digest: obeyed.IndexDigest, Issued: time.Now()},
			Feeds:    feeds,
		}, key, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := line.Report(t.Context(), envelope); err != nil {
			t.Fatal(err)
		}
	}
	say(1, wire.Feed{ID: string(feed.ID()), UID: string(feed.UID), State: "Serve", Keys: keys.announced()})
	eventually(t, "pull an order with content", func() error {
		if err := pull(); err != nil {
			return err
		}
		if obeyed.Feed(string(feed.ID())).Artifact == "" {
			return errors.New("it has no content of the feed")
		}
		return nil
	})
	listed := obeyed.Feed(string(feed.ID()))
	content, err := line.Registry().FetchSnapshot(t.Context(), artifact.FeedRepository(region.Name, listed.ID), listed.Artifact,
		artifact.FetchOptions{Dir: t.TempDir(), Content: listed.Content, Identities: keys.identities})
	if err != nil || content.Size != listed.Size {
		t.Fatalf("pull the snapshot through the gateway: %+v, %v", content, err)
	}

	say(2, wire.Feed{ID: listed.ID, UID: listed.UID, State: "Serve", Wanted: 1, Held: 1, Content: listed.Content, Served: 1, Servers: 1, Keys: keys.announced()})
	eventually(t, "region and feed are Ready", func() error {
		hubtest.Get(t, env.Client, region)
		hubtest.Get(t, env.Client, feed)
		if !conditions.IsTrue(region, screeningv1.ConditionReady) {
			return errors.New(conditions.Get(region, screeningv1.ConditionReady).Message)
		}
		if feed.Status.Regions != "1/1" {
			return errors.New("the feed serves in " + feed.Status.Regions)
		}
		return nil
	})
	if err := env.Client.Delete(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the deletion is witnessed", func() error {
		if hubtest.Get(t, env.Client, region); len(region.Status.Withdrawals) != 1 {
			return errors.New("no withdrawal is noted")
		}
		return nil
	})
}

func TestBootstrapIsDoneOnce(t *testing.T) {
	namespace := env.CreateNamespace(t, "install")
	options := bootstrap.Options{Namespace: namespace, GatewayAddresses: []string{"hub.example:8443", "192.0.2.1:8443"}}
	now := time.Now()
	first, err := bootstrap.Ensure(t.Context(), env.Client, options, now)
	if err != nil {
		t.Fatal(err)
	}
	leaf := func(k bootstrap.Keys) []byte {
		t.Helper()
		certificate, err := k.Gateway()
		if err != nil {
			t.Fatal(err)
		}
		return certificate.Certificate[0]
	}
	again, err := bootstrap.Ensure(t.Context(), env.Client, options, now)
	if err != nil {
		t.Fatal(err)
	}
	if again.HubUID != first.HubUID || string(leaf(again)) != string(leaf(first)) {
		t.Error("a second start made new keys")
	}
	options.GatewayAddresses = append(options.GatewayAddresses, "new.example:8443")
	named, err := bootstrap.Ensure(t.Context(), env.Client, options, now)
	if err != nil {
		t.Fatal(err)
	}
	if string(leaf(named)) == string(leaf(first)) {
		t.Error("a new address did not make a new certificate")
	}
	renewed, err := bootstrap.Ensure(t.Context(), env.Client, options, now.Add(61*24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if string(leaf(renewed)) == string(leaf(named)) || string(renewed.CA.CertPEM()) != string(first.CA.CertPEM()) {
		t.Error("after two thirds of its life the certificate is not renewed, or the authority changed")
	}
}
