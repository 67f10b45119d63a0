// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// AssetsVariable is controller-runtime's environment variable that names a
// folder with kube-apiserver, etcd and kubectl.
const AssetsVariable = "KUBEBUILDER_ASSETS"

// EnvtestAssets returns a folder that holds kube-apiserver, etcd and kubectl:
// the one named by KUBEBUILDER_ASSETS where a developer set it, otherwise a
// folder of links into the store, built first where needed.
func (s *Store) EnvtestAssets(ctx context.Context) (string, error) {
	if dir := os.Getenv(AssetsVariable); dir != "" {
		for _, name := range Envtest {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				return "", fmt.Errorf("%s names %s, which lacks %s: %w; unset it to have the programs built", AssetsVariable, dir, name, err)
			}
		}
		return dir, nil
	}
	set, err := s.Ensure(ctx, Envtest...)
	if err != nil {
		return "", err
	}
	kubernetes, err := s.Version("kubernetes")
	if err != nil {
		return "", err
	}
	etcd, err := s.Version("etcd")
	if err != nil {
		return "", err
	}
	dir := filepath.Join(s.Dir, "envtest-"+kubernetes+"-etcd-"+etcd)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the folder of test programs: %w", err)
	}
	for name, path := range set {
		if err := linkTo(path, filepath.Join(dir, name)); err != nil {
			return "", fmt.Errorf("link %s for tests: %w", name, err)
		}
	}
	return dir, nil
}

// linkTo makes link a symbolic link to target; several test processes may do
// so at once.
func linkTo(target, link string) error {
	if current, err := os.Readlink(link); err == nil && current == target {
		return nil
	}
	temporary := fmt.Sprintf("%s.%d", link, os.Getpid())
	if err := os.Symlink(target, temporary); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return os.Rename(temporary, link)
}
