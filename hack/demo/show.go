// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/frontline-screening/frontline/hack/stage"
)

const legend = `
AS DUE is yes when everything was searched and the list's record of the traveller is among the candidates;
for somebody not yet or no longer listed, when that record is not among them; for somebody on no list, when
there is no candidate at all. A removed person may still meet another, similar record.

`

// knownLimit is how long the regions' reports may take to show on the hub: a
// report goes out on a change, so this is many times what it needs.
const knownLimit = time.Minute

// waitKnown waits until the hub shows its feed as Ready, and each region's copy
// as held in the release that is wanted, which is the one the region's post
// answered from or a newer one.
func waitKnown(ctx context.Context, s *stage.Stage, releases map[string]int64) error {
	ctx, cancel := context.WithTimeout(ctx, knownLimit)
	defer cancel()
	return stage.Eventually(ctx, 500*time.Millisecond, func(ctx context.Context) error {
		ready, err := s.Kubectl(ctx, s.Hub, "-n", "intl", "get", "feed", "un-sc", "-o", `jsonpath={.status.conditions[?(@.type=="Ready")].status}`)
		if err != nil {
			return err
		}
		if ready != "True" {
			return errors.New("the hub does not show feed intl.un-sc as Ready; look at kubectl -n intl describe feed un-sc")
		}
		copies, err := s.Kubectl(ctx, s.Hub, "get", "repl", "-A", "-o",
			`jsonpath={range .items[*]}{.metadata.namespace}{"\t"}{.metadata.name}{"\t"}{.spec.release}{"\t"}{.status.held.release}{"\n"}{end}`)
		if err != nil {
			return err
		}
		return checkCopies(copies, releases)
	})
}

// checkCopies reads lines of namespace, name, wanted and held release, separated
// by tabs. Every copy is held as wanted, and each region has one that is at
// least of the release its post answered from.
func checkCopies(lines string, releases map[string]int64) error {
	newest := map[string]int64{}
	for line := range strings.Lines(lines) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) != 4 {
			return fmt.Errorf("the hub's list of copies has a line of %d columns instead of 4", len(f))
		}
		namespace, name, wanted, held := f[0], f[1], f[2], f[3]
		if wanted != held {
			return fmt.Errorf("the hub shows copy %s of %s as held in release %q and wanted in %q", name, namespace, held, wanted)
		}
		var number int64
		if _, err := fmt.Sscanf(held, "v%d", &number); err == nil {
			region := strings.TrimPrefix(namespace, "region-")
			newest[region] = max(newest[region], number)
		}
	}
	for region, release := range releases {
		if newest[region] < release {
			return fmt.Errorf("region %s answers from v%d, and the hub does not show that it holds it", region, release)
		}
	}
	return nil
}

// show prints the copy inventory and what kubectl shows on the hub.
func show(ctx context.Context, out io.Writer, s *stage.Stage) error {
	inventory, err := s.Frontline(ctx, s.Hub, "inventory", "--install-namespace", stage.Namespace)
	if err != nil {
		return err
	}
	objects, err := s.Kubectl(ctx, s.Hub, "get", "frontline", "-A")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\nThe copy inventory\n%s\nkubectl get frontline -A\n%s\n", inventory, objects)
	return err
}

const nextSteps = `Go on by hand, in this folder:

  export KUBECONFIG=$(go run ./hack/cluster kubeconfig --merged --path)
  %[1]s --context hub get frontline -A

  # Ask the post %[2]s of %[3]s, as an officer's system does.
  %[1]s --context %[3]s -n region-%[3]s get secret %[2]s-front-tls -o jsonpath='{.data.ca\.crt}' | base64 -d > /tmp/%[3]s-ca.crt
  curl --cacert /tmp/%[3]s-ca.crt --resolve %[4]s:%[5]s:%[6]s https://%[4]s:%[5]s/v1/screen \
    -H 'Content-Type: application/json' \
    -d '{"purpose":"BorderControl","subject":{"names":[{"full":"Ottilia Vandersprek"}]}}'

  # Publish a change: the feed looks every ten seconds at the file
  %[7]s
  # Everything else is %[8]s, such as
  %[8]s inventory --context hub

docs/spec/borderpost.md says what else a post takes, and what its answer means.

`

// goOn prints how to reach the clusters of this machine and the first region's post.
func goOn(ctx context.Context, out io.Writer, s *stage.Stage) error {
	region := s.Regions[0]
	post := stage.SamplePosts[region.Name]
	endpoint, err := s.Kubectl(ctx, region, "-n", "region-"+region.Name, "get", "post", post, "-o", "jsonpath={.status.endpoint}")
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(endpoint)
	if err != nil {
		return fmt.Errorf("endpoint of post %s: %w", post, err)
	}
	published, err := publishedFolder()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, nextSteps, s.KubectlPath(), post, region.Name, host, port, region.Address,
		stage.ListPath(published), "bin/frontline")
	return err
}
