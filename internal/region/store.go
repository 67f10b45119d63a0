// SPDX-License-Identifier: Apache-2.0

package region

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/google/renameio/v2"
)

// Files of the state directory. Every document is replaced by rename, so that
// a crash leaves the old one or the new one.
const (
	identityKeyFile  = "identity/key.pem"
	identityCertFile = "identity/tls.crt"
	caCertFile       = "ca/tls.crt"
	caKeyFile        = "ca/tls.key"
	joinedFile       = "joined.json"
	orderFile        = "order/verified.json"
	orderPartsDir    = "order/parts"
	copiesFile       = "copies.json"
	acksFile         = "acks.json"
	linkFile         = "link.json"
	reportFile       = "report.json"
	templatesDir     = "templates"
	trustDir         = "trust"
	// copiedFile holds the digest of what was last copied here from a vault.
	copiedFile = "vault.digest"
)

// Store is the state directory of a region's agent, and the vault beside it. It
// holds private keys, so its folders are open to their owner alone. One process
// uses it at a time.
type Store struct {
	dir string
	// vaultMu makes one change of the vault at a time.
	vaultMu sync.Mutex
	vault   Vault
	// reportMu guards reserved, the numbers of reports that may be used without
	// asking the vault.
	reportMu sync.Mutex
	reserved reserve
	// keyMu keeps two callers from making the key of one epoch twice.
	keyMu sync.Mutex
}

// OpenStore makes the folders that are missing and returns the store. What makes
// the region itself is in it too, until another vault is to Keep that.
func OpenStore(dir string) (*Store, error) {
	for _, name := range []string{"identity", "ca", orderPartsDir, templatesDir, trustDir, keysDir, receiptsDir, erasingDir, proofsDir} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			return nil, fmt.Errorf("state directory %s: %w; give the agent a volume it can write", dir, err)
		}
	}
	s := &Store{dir: dir}
	s.vault = volume{s}
	return s, nil
}

func (s *Store) path(name string) string { return filepath.Join(s.dir, name) }

func (s *Store) write(name string, data []byte) error {
	if err := renameio.WriteFile(s.path(name), data, 0o600); err != nil {
		return fmt.Errorf("state directory: write %s: %w", name, err)
	}
	return nil
}

func (s *Store) writeJSON(name string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("state directory: encode %s: %w", name, err)
	}
	return s.write(name, append(data, '\n'))
}

// read returns the bytes of a file, or nil when there is none.
func (s *Store) read(name string) ([]byte, error) {
	data, err := os.ReadFile(s.path(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("state directory: read %s: %w", name, err)
	}
	return data, nil
}

// readJSON decodes a file into v and reports whether it was there.
func (s *Store) readJSON(name string, v any) (bool, error) {
	data, err := s.read(name)
	if err != nil || data == nil {
		return false, err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return false, fmt.Errorf("state directory: %s is damaged: %w; restore the volume from its backup, or remove the file and join again", name, err)
	}
	return true, nil
}
