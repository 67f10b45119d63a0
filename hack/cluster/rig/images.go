// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/frontline-screening/frontline/hack/cluster/internal/binaries"
	"github.com/frontline-screening/frontline/hack/cluster/internal/imagetar"
	"github.com/frontline-screening/frontline/hack/cluster/internal/render"
	"github.com/frontline-screening/frontline/hack/cluster/internal/source"
)

// imageHost begins the references of the rig's own images; nothing is ever
// pulled from it.
const imageHost = "rig.localhost/"

// LoadImage imports every image of an archive (the form of `docker save`, or
// an OCI layout in a tar) into the cluster and returns their references. Pods
// use them with imagePullPolicy IfNotPresent or Never.
func (c *Cluster) LoadImage(ctx context.Context, archive string) ([]string, error) {
	r, err := readRecord(c.dir)
	if err != nil {
		return nil, err
	}
	if r.NoNodes {
		return nil, fmt.Errorf("cluster %s has no node to load images into; bring it up without --no-nodes", c.Name)
	}
	return loadImage(ctx, r.Layout, archive)
}

func loadImage(ctx context.Context, l render.Layout, archive string) ([]string, error) {
	if _, err := os.Stat(archive); err != nil {
		return nil, fmt.Errorf("load image into cluster %s: %w", l.Name, err)
	}
	out, err := ctr(ctx, l, "images", "import", "--snapshotter", l.Snapshotter, archive)
	if err != nil {
		return nil, fmt.Errorf("load image into cluster %s: %w", l.Name, err)
	}
	return importedRefs(string(out)), nil
}

// importedRefs reads the references out of the output of `ctr images import`:
// lines "unpacking REF (sha256:…)...done".
func importedRefs(output string) []string {
	var refs []string
	for line := range strings.Lines(output) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "unpacking" {
			refs = append(refs, fields[1])
		}
	}
	return refs
}

// ctr runs containerd's client in the namespace of Kubernetes.
func ctr(ctx context.Context, l render.Layout, args ...string) ([]byte, error) {
	return output(exec.CommandContext(ctx, "ctr", append([]string{"--address", l.Socket(), "--namespace", "k8s.io"}, args...)...))
}

// image is one of the rig's own images, packed.
type image struct{ ref, archive string }

// pauseImage builds and packs the program that holds the namespaces of a pod.
func pauseImage(ctx context.Context, store *binaries.Store) (image, error) {
	return ownImage(ctx, store, "pause")
}

// ProbeImage builds and packs the image of a small program that tests put in
// pods to look at the cluster from inside: it serves HTTP on port 8080 and on
// request resolves a name (/resolve?name=), fetches a URL (/get?url=) or writes
// and reads back a file (/write?path=). It returns the image's reference and
// the archive for LoadImage.
func ProbeImage(ctx context.Context, log io.Writer) (ref, archive string, err error) {
	store, err := binaries.Open(log)
	if err != nil {
		return "", "", err
	}
	probe, err := ownImage(ctx, store, "probe")
	return probe.ref, probe.archive, err
}

// ownImage builds a program of this repository's hack/cluster/internal and
// packs it; its tag is the digest of its source, so that it is built once.
func ownImage(ctx context.Context, store *binaries.Store, name string) (image, error) {
	root, err := source.Root()
	if err != nil {
		return image{}, err
	}
	content, err := os.ReadFile(filepath.Join(root, "hack", "cluster", "internal", name, "main.go"))
	if err != nil {
		return image{}, fmt.Errorf("build image %s: %w", name, err)
	}
	sum := sha256.Sum256(content)
	version := hex.EncodeToString(sum[:6])
	program := filepath.Join(store.Dir, name+"-"+version, name)
	if _, err := os.Stat(program); err != nil {
		if err := store.BuildStatic(ctx, "./hack/cluster/internal/"+name, program); err != nil {
			return image{}, err
		}
	}
	return pack(program, imageHost+name+":"+version)
}

// dnsImage packs the built CoreDNS.
func dnsImage(store *binaries.Store, program string) (image, error) {
	version, err := store.Version("coredns")
	if err != nil {
		return image{}, err
	}
	return pack(program, imageHost+"coredns:"+version)
}

// pack packs a program beside itself, once.
func pack(program, ref string) (image, error) {
	packed := image{ref: ref, archive: filepath.Join(filepath.Dir(program), "image.tar")}
	if _, err := os.Stat(packed.archive); err == nil {
		return packed, nil
	}
	user := fmt.Sprintf("%[1]d:%[1]d", render.NonRoot)
	return packed, imagetar.WriteFile(packed.archive, imagetar.Image{Ref: ref, Program: program, User: user})
}
