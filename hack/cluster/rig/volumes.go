// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
)

// VolumesDir is the folder that holds the cluster's persistent volumes, for
// tests that damage what is stored.
func (c *Cluster) VolumesDir() string { return filepath.Join(c.dir, "volumes") }

// RecycleVolumes empties the volumes whose claims were deleted and offers them
// again. A cluster has six volumes, and Kubernetes keeps a released one with
// what is in it.
func (c *Cluster) RecycleVolumes(ctx context.Context) error {
	r, err := readRecord(c.dir)
	if err != nil {
		return err
	}
	client, err := openAPI(r.Layout)
	if err != nil {
		return err
	}
	defer client.close()
	var volumes struct {
		Items []struct {
			Metadata struct{ Name string }
			Spec     struct{ Local struct{ Path string } }
			Status   struct{ Phase string }
		}
	}
	const path = "/api/v1/persistentvolumes"
	if err := client.do(ctx, http.MethodGet, path, "", &volumes); err != nil {
		return fmt.Errorf("recycle the volumes of cluster %s: %w", c.Name, err)
	}
	for _, volume := range volumes.Items {
		if volume.Status.Phase != "Released" || !slices.Contains(r.Layout.VolumeDirs(), volume.Spec.Local.Path) {
			continue
		}
		if err := empty(volume.Spec.Local.Path); err != nil {
			return fmt.Errorf("recycle volume %s of cluster %s: %w", volume.Metadata.Name, c.Name, err)
		}
		if err := client.do(ctx, http.MethodPatch, path+"/"+volume.Metadata.Name, `{"spec":{"claimRef":null}}`, nil); err != nil {
			return fmt.Errorf("recycle volume %s of cluster %s: %w", volume.Metadata.Name, c.Name, err)
		}
	}
	return nil
}

// empty removes what is in a folder, but not the folder.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}
