// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	_ "embed"
	"fmt"
	"path/filepath"
	"text/template"
)

// VolumeCount is how many persistent volumes a cluster has.
const VolumeCount = 6

//go:embed manifests/dns.yaml
var dnsTemplate string

//go:embed manifests/storage.yaml
var storageTemplate string

// VolumeDirs returns the folders behind the persistent volumes pv-1, pv-2 …
func (l Layout) VolumeDirs() []string {
	dirs := make([]string, VolumeCount)
	for i := range dirs {
		dirs[i] = filepath.Join(l.Volumes(), fmt.Sprintf("pv-%d", i+1))
	}
	return dirs
}

// Manifests are the objects every cluster with a node begins with: cluster
// DNS, the default StorageClass and its volumes.
func (l Layout) Manifests() ([]byte, error) {
	type volume struct{ Name, Path string }
	values := struct {
		Layout
		Domain  string
		User    int
		Volumes []volume
	}{Layout: l, Domain: ClusterDomain, User: NonRoot}
	for _, dir := range l.VolumeDirs() {
		values.Volumes = append(values.Volumes, volume{Name: filepath.Base(dir), Path: dir})
	}
	var out bytes.Buffer
	for _, text := range []string{dnsTemplate, storageTemplate} {
		parsed, err := template.New("manifests").Option("missingkey=error").Parse(text)
		if err != nil {
			return nil, fmt.Errorf("parse the cluster's manifests: %w", err)
		}
		if err := parsed.Execute(&out, values); err != nil {
			return nil, fmt.Errorf("render the cluster's manifests: %w", err)
		}
	}
	return out.Bytes(), nil
}
