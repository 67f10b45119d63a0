// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// DefaultClusters are the clusters of a demonstration: a hub and two regions.
var DefaultClusters = []string{"hub", "north", "south"}

// namePattern is what a cluster may be called: a DNS label short enough for
// every name that is made from it.
var namePattern = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$`)

// Options say which clusters to bring up.
type Options struct {
	// State is the folder that holds a folder for each cluster; empty means
	// DefaultState.
	State string
	// Clusters are the names; empty means DefaultClusters.
	Clusters []string
	// NoNodes leaves out everything that runs pods: the clusters are an API to
	// store objects in.
	NoNodes bool
	// Log receives progress for a person; nil discards it.
	Log io.Writer
}

// DefaultState is the folder frontline/clusters in the user's cache
// (os.UserCacheDir).
func DefaultState() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder for clusters: %w; set HOME or XDG_CACHE_HOME", err)
	}
	return filepath.Join(cache, "frontline", "clusters"), nil
}

// complete fills in defaults and refuses names that cannot be used.
func (o Options) complete() (Options, error) {
	if o.Log == nil {
		o.Log = io.Discard
	}
	if len(o.Clusters) == 0 {
		o.Clusters = DefaultClusters
	}
	state, err := statePath(o.State)
	if err != nil {
		return o, err
	}
	o.State = state
	for i, name := range o.Clusters {
		if !namePattern.MatchString(name) {
			return o, fmt.Errorf("cluster name %q: use 1 to 20 lower-case letters, digits and dashes, beginning with a letter and not ending with a dash", name)
		}
		if slices.Contains(o.Clusters[:i], name) {
			return o, fmt.Errorf("cluster name %q is given twice", name)
		}
	}
	return o, nil
}

func statePath(state string) (string, error) {
	if state == "" {
		return DefaultState()
	}
	absolute, err := filepath.Abs(state)
	if err != nil {
		return "", fmt.Errorf("state folder %s: %w", state, err)
	}
	return absolute, nil
}
