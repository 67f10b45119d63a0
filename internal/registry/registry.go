// SPDX-License-Identifier: Apache-2.0

// Package registry is the embedded OCI registry (distribution specification
// 1.1): the CNCF distribution as a library over a folder, behind mutual TLS
// and a rule of who may read and write which repositories. One process owns
// one folder.
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

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	// The storage driver registers itself under the name "filesystem".
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	"github.com/go-logr/logr"
	"github.com/sirupsen/logrus"
)

// Config of a registry.
type Config struct {
	// Root is the folder that holds everything; it is made if it must.
	Root string
	// Authorize decides each request; BySPIFFE for the registries of an
	// installation. It is required.
	Authorize Authorizer
	// Log receives warnings and errors.
	Log logr.Logger
}

// New returns the registry's handler, whose background work ends with ctx.
// Clients without right to what they ask for get 403 with the error body of
// the distribution specification.
func New(ctx context.Context, config Config) (http.Handler, error) {
	if config.Authorize == nil {
		return nil, errors.New("registry: no authorizer given; without one anybody could write")
	}
	app, err := newApp(ctx, config.Root, config.Log)
	if err != nil {
		return nil, err
	}
	return &guard{next: app, authorize: config.Authorize, log: config.Log}, nil
}

// NewUnprotected returns a registry that obeys everybody, for tests and for
// programs that are its only client.
func NewUnprotected(ctx context.Context, root string) (http.Handler, error) {
	return newApp(ctx, root, logr.Discard())
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
			// No "cache": it would go on naming blobs that were cleaned up.
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
