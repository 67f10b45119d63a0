// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/frontline-screening/frontline/hack/cluster/rig"
	"github.com/frontline-screening/frontline/hack/stage"
)

// sites returns the clusters to play on, and the publisher's base URL there.
func sites(ctx context.Context, o options, progress *stage.Progress) (*stage.Stage, string, error) {
	root, err := checkout()
	if err != nil {
		return nil, "", err
	}
	if o.hub == "" {
		s, err := stage.OnRig(ctx, root, stage.Image{Reference: o.image, Archive: o.archive}, progress, os.Stderr)
		if err != nil {
			return nil, "", err
		}
		return s, "http://" + net.JoinHostPort(s.PublisherHost, publisherPort), nil
	}
	s, err := existing(ctx, root, o, progress)
	return s, strings.TrimSuffix(o.publisher, "/"), err
}

// existing uses clusters that the user already has.
func existing(ctx context.Context, root string, o options, progress *stage.Progress) (*stage.Stage, error) {
	if len(o.regions) != 2 || o.publisher == "" || o.image == "" {
		return nil, errors.New("existing clusters need --hub, two contexts in --regions, --image and --publisher")
	}
	s, err := stage.New(root, o.image, progress)
	if err != nil {
		return nil, err
	}
	if err := s.UseTools(ctx, ""); err != nil {
		return nil, err
	}
	kubeconfig := clientcmd.NewDefaultPathOptions().GetDefaultFilename()
	for i, name := range []string{"hub", "north", "south"} {
		site := stage.Site{Name: name, Kubeconfig: kubeconfig, Context: append([]string{o.hub}, o.regions...)[i]}
		address, err := s.Kubectl(ctx, site, "get", "nodes", "-o", `jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}`)
		if err != nil {
			return nil, fmt.Errorf("context %s: %w", site.Context, err)
		}
		site.Address = strings.TrimSpace(address)
		if name == "hub" {
			s.Hub = site
		} else {
			s.Regions = append(s.Regions, site)
		}
	}
	return s, nil
}

// checkout finds the folder of the checkout from the one the demo runs in.
func checkout() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "charts", "frontline", "Chart.yaml")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("run the demo inside a checkout of Frontline")
		}
		dir = parent
	}
}

func newDownCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "Stop the publisher and take the clusters of this machine down",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return down(cmd.Context(), cmd.OutOrStdout()) },
	}
}

func down(ctx context.Context, out io.Writer) error {
	folder, err := stage.StateFolder()
	if err != nil {
		return err
	}
	if err := stopPublisher(folder); err != nil {
		return err
	}
	return rig.Down(ctx, "", out)
}
