// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"

	"github.com/go-logr/logr"

	"github.com/frontline-screening/frontline/internal/httpserver"
	"github.com/frontline-screening/frontline/internal/region"
)

// serveFiles answers those who bring bundles and fetch reports by a forwarded
// port, until the context ends.
func (a *Agent) serveFiles(ctx context.Context) error {
	if err := httpserver.CheckLoopback(a.options.FilesBind); err != nil {
		return err
	}
	handler := region.FileAPI(func() region.Files {
		if files := a.files.Load(); files != nil {
			return *files
		}
		return region.Files{}
	})
	return httpserver.Run(ctx, httpserver.Options{}, httpserver.Server{Name: "files", Bind: a.options.FilesBind, Handler: handler})
}

// exchange lets files in and out while the region follows a hub. They go
// through the same follower and reporter as the line.
func (a *Agent) exchange(follower *region.Follower, reporter *region.Reporter, logger logr.Logger) {
	importer := region.NewImporter(follower, a.registry, logger.WithName("bundles"))
	a.files.Store(&region.Files{Import: importer.Import, Report: reporter.Make})
}
