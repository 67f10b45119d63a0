// SPDX-License-Identifier: Apache-2.0

// Package command is the command line of the rig.
package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/hack/cluster/rig"
)

// The exit codes of the command, as its help lists them.
const (
	exitDone = iota
	exitFailed
	exitUsage
	exitMachine
)

const longHelp = `Run complete Kubernetes clusters on one Linux machine, without a container
registry, a container engine or a download outside the Go module proxy and the
distribution's packages.

Each cluster is a network namespace with real etcd, kube-apiserver,
kube-controller-manager, kube-scheduler, containerd, kubelet, kube-proxy and
CoreDNS. Their programs are built once from the modules pinned in hack/tools
into the user's cache folder. Clusters go on running after the command ends.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 this machine lacks something.
("go run" itself turns every failure into 1.)`

// usageError marks what the user can put right on the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// options are the flags common to all subcommands.
type options struct{ state string }

// Execute runs the command line and returns the exit code.
func Execute() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := newRoot().ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintf(os.Stderr, "Error: %v\n", err)
	}
	return exitCode(err)
}

func exitCode(err error) int {
	var usage usageError
	var machine *rig.MachineError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &machine):
		return exitMachine
	default:
		return exitFailed
	}
}

func newRoot() *cobra.Command {
	o := &options{}
	root := &cobra.Command{
		Use:   "cluster",
		Short: "Run complete Kubernetes clusters on one Linux machine",
		Long:  longHelp,
		Example: `  go run ./hack/cluster up
  go run ./hack/cluster kubeconfig --merged > /tmp/kubeconfig
  go run ./hack/cluster load-image frontline.tar
  go run ./hack/cluster cut north
  go run ./hack/cluster down`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
	}
	root.PersistentFlags().StringVar(&o.state, "state", "", "folder of the clusters' state (default: frontline/clusters in the user's cache folder)")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(
		newUp(o), newDown(o), newStatus(o), newKubeconfig(o), newLoadImage(o),
		newLink(o, "cut"), newLink(o, "mend"), newAssets(), newCheck(o),
	)
	for _, c := range root.Commands() {
		positional := c.Args
		c.Args = func(c *cobra.Command, args []string) error {
			if err := positional(c, args); err != nil {
				return usageError{fmt.Errorf("%w\nUsage: %s", err, c.UseLine())}
			}
			return nil
		}
	}
	return root
}
