// SPDX-License-Identifier: Apache-2.0

// Package election lets the processes of a hub elect the one that leads, and
// find it.
package election

import (
	"context"
	"fmt"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// leaseName is the Lease that the processes elect one by.
const leaseName = "frontline-hub"

// Election is one process's part in it.
type Election struct {
	Namespace string
	// Address is HOST:PORT at which the others reach this process's gateway;
	// empty when they do not.
	Address string
	// Lease is how long after its last sign of life the place of a process is
	// taken, RenewDeadline how long one that leads tries to give a sign, and Retry
	// the time between two.
	Lease, RenewDeadline, Retry time.Duration

	identity string
}

// Apply makes a manager take part. A process that ends in order leaves its place
// at once. The Lease names a process by its address.
func (e *Election) Apply(options *ctrl.Options, config *rest.Config) error {
	options.LeaderElection = true
	options.LeaderElectionID = leaseName
	options.LeaderElectionNamespace = e.Namespace
	options.LeaderElectionReleaseOnCancel = true
	options.LeaseDuration, options.RenewDeadline, options.RetryPeriod = &e.Lease, &e.RenewDeadline, &e.Retry
	e.identity = e.Address + "_" + string(uuid.NewUUID())
	lock, err := resourcelock.NewFromKubeconfig(resourcelock.LeasesResourceLock, e.Namespace, leaseName,
		resourcelock.ResourceLockConfig{Identity: e.identity}, config, e.RenewDeadline)
	if err != nil {
		return fmt.Errorf("take part in the election of a leader: %w", err)
	}
	options.LeaderElectionResourceLockInterface = lock
	return nil
}

// Leader finds the gateway of the process that leads; empty when none does, when
// this one is about to, or when it does not say where it is.
func (e *Election) Leader(reader client.Reader) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		lease := &coordinationv1.Lease{}
		err := reader.Get(ctx, types.NamespacedName{Namespace: e.Namespace, Name: leaseName}, lease)
		switch {
		case apierrors.IsNotFound(err):
			return "", nil
		case err != nil:
			return "", fmt.Errorf("find the process that leads: %w", err)
		case lease.Spec.HolderIdentity == nil || *lease.Spec.HolderIdentity == e.identity:
			return "", nil
		}
		address, _, _ := strings.Cut(*lease.Spec.HolderIdentity, "_")
		return address, nil
	}
}
