// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"fmt"
	"os"
	"path/filepath"
)

// Feed says how the feed intl/un-sc of the samples is changed for the stage.
type Feed struct {
	URL, Format, Interval string
}

const overlay = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [%q]
patches:
  - target: {kind: WatchlistFeed, name: un-sc}
    patch: |-
      - {op: replace, path: /spec/source/http/url, value: %q}
      - {op: replace, path: /spec/format, value: %q}
      - {op: replace, path: /spec/interval, value: %q}
      - {op: add, path: /spec/timeout, value: 5s}
      - {op: replace, path: /spec/gates/minRecords, value: 1}
  - target: {kind: RegionalCluster}
    patch: |-
      - {op: replace, path: /spec/heartbeat, value: {interval: 5s, degradedAfter: 15s, offlineAfter: 30s}}
`

// Overlay writes a kustomization over the samples into folder, for
// "kubectl apply -k".
func (s *Stage) Overlay(folder string, feed Feed) error {
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // manifests are no secret
		return fmt.Errorf("overlay: %w", err)
	}
	folder, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return fmt.Errorf("overlay: %w", err)
	}
	base, err := filepath.Rel(folder, filepath.Join(s.Root, "config/samples", s.Samples))
	if err != nil {
		return fmt.Errorf("overlay: %w", err)
	}
	text := fmt.Sprintf(overlay, base, feed.URL, feed.Format, feed.Interval)
	if err := os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		return fmt.Errorf("overlay: %w", err)
	}
	return nil
}
