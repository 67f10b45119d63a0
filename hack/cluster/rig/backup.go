// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"context"
	"fmt"
	"os"
)

// BackupEtcd copies etcd's data into a folder that does not exist yet, with
// etcd down for the while, so that the copy is whole.
func (c *Cluster) BackupEtcd(ctx context.Context, dir string) error {
	r, err := readRecord(c.dir)
	if err != nil {
		return err
	}
	if err := c.StopComponent(ctx, Etcd); err != nil {
		return err
	}
	if err := os.CopyFS(dir, os.DirFS(r.Layout.Data("etcd"))); err != nil {
		return fmt.Errorf("back up etcd of cluster %s: %w", c.Name, err)
	}
	if err := c.StartComponent(ctx, Etcd); err != nil {
		return err
	}
	return r.waitAPI(ctx)
}

// RestoreEtcd replaces etcd's data by a copy that BackupEtcd made, as an
// administrator would after a loss: with the control plane and the node's
// agents down, and all of them started afresh. Running pods go on running;
// objects younger than the backup are gone, and resource versions start again
// from its own.
func (c *Cluster) RestoreEtcd(ctx context.Context, dir string) error {
	r, err := readRecord(c.dir)
	if err != nil {
		return err
	}
	order := []string{Etcd, APIServer, ControllerManager, Scheduler}
	if !r.NoNodes {
		order = append(order, Kubelet, Proxy)
	}
	for _, name := range order {
		if err := c.StopComponent(ctx, name); err != nil {
			return err
		}
	}
	data := r.Layout.Data("etcd")
	if err := os.RemoveAll(data); err != nil {
		return fmt.Errorf("restore etcd of cluster %s: %w", c.Name, err)
	}
	if err := os.CopyFS(data, os.DirFS(dir)); err != nil {
		return fmt.Errorf("restore etcd of cluster %s from %s: %w", c.Name, dir, err)
	}
	// etcd refuses a data folder that others may read.
	if err := os.Chmod(data, 0o700); err != nil {
		return fmt.Errorf("restore etcd of cluster %s: %w", c.Name, err)
	}
	for _, name := range order {
		if err := c.StartComponent(ctx, name); err != nil {
			return err
		}
	}
	return nil
}
