// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"errors"
	"os"
	"path/filepath"
)

// assets returns a folder with kube-apiserver, etcd and kubectl.
func assets(context.Context) (string, error) {
	if dir := os.Getenv("KUBEBUILDER_ASSETS"); dir != "" {
		return dir, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "frontline", "envtest")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	for _, program := range []string{"kubernetes-*/kube-apiserver", "kubernetes-*/kubectl", "etcd-*/etcd"} {
		found, err := filepath.Glob(filepath.Join(cache, "frontline", "bin", program))
		if err != nil || len(found) == 0 {
			return "", errors.Join(err, errors.New(program+" is not built"))
		}
		if err := os.Symlink(found[len(found)-1], filepath.Join(dir, filepath.Base(program))); err != nil && !errors.Is(err, os.ErrExist) {
			return "", err
		}
	}
	return dir, nil
}
