// SPDX-License-Identifier: Apache-2.0

// Package registry is the embedded OCI registry (distribution specification
// 1.1): the CNCF distribution as a library over a folder, behind mutual TLS
// and a rule of who may read and write which repositories. One process owns
// one folder, and removes what nothing refers to any more (package garbage).
package registry

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	// The storage driver registers itself under the name "filesystem".
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	"github.com/go-logr/logr"
	"github.com/sirupsen/logrus"

	"github.com/frontline-screening/frontline/internal/diskspace"
	"github.com/frontline-screening/frontline/internal/garbage"
)

// Defaults of a Config.
const (
	// DefaultGrace is longer than any push may take: a copy of a whole list over
	// a thin line pushes its first blob hours before its manifest.
	DefaultGrace = 24 * time.Hour
	// DefaultUntaggedAfter leaves a reader of an order on a thin line time to
	// read all of what it began to read.
	DefaultUntaggedAfter = 30 * time.Minute
	// DefaultReserve is what a volume keeps free, in bytes.
	DefaultReserve = 64 << 20
	// changeWait is how long a change waits for a collection, and the reverse.
	changeWait = time.Minute
)

// DefaultUntagged are the repositories whose tag moves every few minutes.
var DefaultUntagged = []string{"regions/*/order"}

// Config of a registry.
type Config struct {
	// Root is the folder that holds everything; it is made if it must.
	Root string
	// Authorize decides each request; BySPIFFE for the registries of an
	// installation. It is required.
	Authorize Authorizer
	// Log receives warnings and errors.
	Log logr.Logger
	// Grace is how long a blob that no manifest refers to, and an upload nobody
	// goes on with, are kept; DefaultGrace when zero.
	Grace time.Duration
	// Untagged and UntaggedAfter say which manifests go on the schedule of Run
	// (garbage.Options); DefaultUntagged and DefaultUntaggedAfter when zero.
	Untagged      []string
	UntaggedAfter time.Duration
	// Reserve is how many bytes of the volume stay free: what would take them
	// is refused with 507. DefaultReserve when zero.
	Reserve int64
}

// Server is a registry over one folder. It is an http.Handler.
type Server struct {
	app     http.Handler
	root    string
	log     logr.Logger
	gate    *gate
	grace   time.Duration
	reserve int64
	regular garbage.Options // of a collection on the schedule
	now     func() time.Time
	free    func(folder string) (int64, error)

	counts
	handler http.Handler
}

// New returns the registry, whose background work ends with ctx. Clients
// without right to what they ask for get 403 with the error body of the
// distribution specification.
func New(ctx context.Context, config Config) (*Server, error) {
	if config.Authorize == nil {
		return nil, errors.New("registry: no authorizer given; without one anybody could write")
	}
	s, err := newServer(ctx, config)
	if err != nil {
		return nil, err
	}
	s.handler = &guard{next: s, authorize: config.Authorize, log: config.Log}
	return s, nil
}

// NewUnprotected returns a registry that obeys everybody, for tests and for
// programs that are its only client.
func NewUnprotected(ctx context.Context, root string) (*Server, error) {
	s, err := newServer(ctx, Config{Root: root, Log: logr.Discard()})
	if err != nil {
		return nil, err
	}
	everybody := func(*http.Request, Access) error { return nil }
	open := &guard{next: s, authorize: everybody, log: s.log}
	s.handler = http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.URL.Path == garbage.Path {
			open.collect(w, request)
			return
		}
		s.serve(w, request)
	})
	return s, nil
}

func newServer(ctx context.Context, config Config) (*Server, error) {
	app, err := newApp(ctx, config.Root, config.Log)
	if err != nil {
		return nil, err
	}
	s := &Server{
		app: app, root: config.Root, log: config.Log, gate: newGate(changeWait),
		grace: config.Grace, reserve: config.Reserve, now: time.Now, free: diskspace.Free,
		regular: garbage.Options{Untagged: config.Untagged, UntaggedSeconds: int64(config.UntaggedAfter / time.Second)},
	}
	if s.grace == 0 {
		s.grace = DefaultGrace
	}
	if s.reserve == 0 {
		s.reserve = DefaultReserve
	}
	if s.regular.Untagged == nil {
		s.regular.Untagged = DefaultUntagged
	}
	if s.regular.UntaggedSeconds == 0 {
		s.regular.UntaggedSeconds = int64(DefaultUntaggedAfter / time.Second)
	}
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	s.handler.ServeHTTP(w, request)
}

// serve answers a request that was allowed.
func (s *Server) serve(w http.ResponseWriter, request *http.Request) {
	if reading(request) {
		s.app.ServeHTTP(w, request)
		return
	}
	s.change(w, request)
}

func newApp(ctx context.Context, root string, log logr.Logger) (app *handlers.App, err error) {
	if err := os.MkdirAll(root, 0o750); err != nil {
		return nil, fmt.Errorf("registry: %w; mount a writable volume there", err)
	}
	// The library writes to one logger of the whole process.
	quiet(log)
	// It also panics where others return an error.
	defer func() {
		if r := recover(); r != nil {
			app, err = nil, fmt.Errorf("registry in %s: %v", root, r)
		}
	}()
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return nil, fmt.Errorf("registry in %s: %w", root, err)
	}
	config := &configuration.Configuration{
		Storage: configuration.Storage{
			"filesystem": {"rootdirectory": root},
			"delete":     {"enabled": true},
			"redirect":   {"disable": true},
			// No "cache": it would go on naming blobs that were cleaned up. The
			// library's own cleaning of uploads knows nothing of the gate.
			"maintenance": {"uploadpurging": map[any]any{"enabled": false}},
		},
	}
	// The secret signs upload sessions: a restart ends them, and clients push
	// the blob again.
	config.HTTP.Secret = hex.EncodeToString(secret)
	// Behind the gateway the registry does not know its outer name.
	config.HTTP.RelativeURLs = true
	return handlers.NewApp(ctx, config), nil
}

var quietOnce sync.Once

// quiet turns the library's log, a line for each request, into the warnings
// and errors among them. The first registry of a process decides where to.
func quiet(log logr.Logger) {
	quietOnce.Do(func() {
		logrus.SetOutput(discard{})
		logrus.SetLevel(logrus.WarnLevel)
		logrus.AddHook(hook{log: log.WithName("distribution")})
	})
}

type discard struct{}

func (discard) Write(data []byte) (int, error) { return len(data), nil }

type hook struct{ log logr.Logger }

// Levels implements logrus.Hook.
func (hook) Levels() []logrus.Level {
	return []logrus.Level{logrus.PanicLevel, logrus.FatalLevel, logrus.ErrorLevel, logrus.WarnLevel}
}

// Fire implements logrus.Hook. What the library calls an error is most often a
// client asking for what is not there, so nothing of it is worth more than V(1).
func (h hook) Fire(entry *logrus.Entry) error {
	h.log.V(1).Info(entry.Message, "level", entry.Level.String(), "detail", entry.Data["err.detail"])
	return nil
}

// CheckRoot reports why the folder cannot be written to, if it cannot.
func CheckRoot(root string) error {
	probe := filepath.Join(root, ".probe")
	if err := os.WriteFile(probe, nil, 0o600); err != nil {
		return fmt.Errorf("registry: %w; look at the volume's free space and rights", err)
	}
	return os.Remove(probe)
}
