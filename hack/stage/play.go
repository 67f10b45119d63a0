// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// SampleFeed is the id of the feed of the samples.
const SampleFeed = "intl.un-sc"

// SamplePosts names the border post of the samples in each region.
var SamplePosts = map[string]string{"north": "hani-i-hotit", "south": "bozaj", LocalRegion: "gate"}

// RegionManifest reads the RegionalCluster of the samples, with the stage's
// short heartbeat.
func (s *Stage) RegionManifest(ctx context.Context, overlayDir, region string) (string, error) {
	rendered, err := run(ctx, "", s.tools.kubectl, "kustomize", overlayDir)
	if err != nil {
		return "", err
	}
	return pickDocument(rendered, "RegionalCluster", region)
}

// Install installs the hub and lets every region join.
func (s *Stage) Install(ctx context.Context, overlayDir string) error {
	if err := s.InstallHub(ctx); err != nil {
		return err
	}
	for _, region := range s.Regions {
		manifest, err := s.RegionManifest(ctx, overlayDir, region.Name)
		if err != nil {
			return err
		}
		if err := s.Join(ctx, region, manifest); err != nil {
			return fmt.Errorf("%s: %w", region.Name, err)
		}
	}
	return nil
}

// Converge applies the overlay on the hub in one command and waits until each
// region's post is Ready.
func (s *Stage) Converge(ctx context.Context, overlayDir string) error {
	begin := time.Now()
	s.Progress.Step("hub: kubectl apply -k")
	if err := Eventually(ctx, time.Second, func(ctx context.Context) error {
		_, err := s.Kubectl(ctx, s.Hub, "apply", "-k", overlayDir)
		return err
	}); err != nil {
		return err
	}
	for _, region := range s.Regions {
		if err := s.WaitPost(ctx, region); err != nil {
			return err
		}
	}
	s.Progress.Step("every region answers, %.1f s after the apply", time.Since(begin).Seconds())
	return nil
}

// WaitPost waits until the hub shows the region's post as Ready, and says
// what it waits for.
func (s *Stage) WaitPost(ctx context.Context, region Site) error {
	last := ""
	return Eventually(ctx, 500*time.Millisecond, func(ctx context.Context) error {
		said, err := s.Kubectl(ctx, s.Hub, "-n", "region-"+region.Name, "get", "post", SamplePosts[region.Name],
			"-o", `jsonpath={.status.conditions[?(@.type=="Ready")].status} {.status.conditions[?(@.type=="Ready")].message}`)
		if err != nil {
			return err
		}
		if said != last {
			s.Progress.Step("%s: post %s: %s", region.Name, SamplePosts[region.Name], said)
			last = said
		}
		if len(said) >= 4 && said[:4] == "True" {
			return nil
		}
		return fmt.Errorf("post %s in %s is not Ready: %s", SamplePosts[region.Name], region.Name, said)
	})
}

// releaseLimit is how long a release may take to a post's answers.
const releaseLimit = 3 * time.Minute

// WaitRelease waits until the post names at least the release in its answers,
// for at most releaseLimit.
func (s *Stage) WaitRelease(ctx context.Context, post *Post, traveller Traveller, release int64) error {
	ctx, cancel := context.WithTimeout(ctx, releaseLimit)
	defer cancel()
	return Eventually(ctx, 250*time.Millisecond, func(ctx context.Context) error {
		answer, err := post.Screen(ctx, traveller.Request)
		if err != nil {
			return err
		}
		for _, f := range answer.Searched {
			if f.Feed == SampleFeed && f.Version >= release {
				return nil
			}
		}
		return fmt.Errorf("the post does not answer from release %d", release)
	})
}

// StateFolder is where the stage keeps what outlives a command.
func StateFolder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("state folder: %w", err)
	}
	folder := filepath.Join(cache, "frontline", "stage")
	return folder, os.MkdirAll(folder, 0o755) //nolint:gosec // published lists and manifests
}
