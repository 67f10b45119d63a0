// SPDX-License-Identifier: Apache-2.0

package region

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/frontline-screening/frontline/internal/report"
	"github.com/frontline-screening/frontline/internal/seal"
)

// keysDir holds a folder for each feed with one file for each epoch. It is
// the only place of the private halves: destroying a file is the region's
// crypto-erase of what was sealed to it.
const keysDir = "keys"

const keySuffix = ".age"

// feedIDForm keeps a feed's id one name in a folder.
var feedIDForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,315}[a-z0-9])?$`)

// EpochKey is the region's key of a feed for one epoch.
type EpochKey struct {
	Epoch int64
	// Identity is the private half, Recipient the public one.
	Identity, Recipient string
}

// FeedKeys makes the keys of a feed that are missing and returns the current
// and the next one as reports announce them. ordered is the epoch of the order
// in force, zero when it names none.
//
// The current epoch is the one ordered. A region that has not got its key lost
// or destroyed it: it goes on after that epoch, so that no epoch ever has two keys.
func (s *Store) FeedKeys(feed string, ordered int64) (report.Keys, error) {
	s.keyMu.Lock()
	defer s.keyMu.Unlock()
	keys, err := s.EpochKeys(feed)
	if err != nil {
		return report.Keys{}, err
	}
	destroyed, err := s.destroyed(feed)
	if err != nil {
		return report.Keys{}, err
	}
	current := max(ordered+1, destroyed+1, 1)
	for _, k := range keys { // newest first
		if k.Epoch >= max(ordered, 1) {
			current = k.Epoch
		}
	}
	var out report.Keys
	for i, into := range []*report.Key{&out.Current, &out.Next} {
		key, err := s.ensureKey(feed, current+int64(i), keys)
		if err != nil {
			return report.Keys{}, err
		}
		*into = report.Key{Epoch: key.Epoch, Recipient: key.Recipient}
	}
	return out, nil
}

// EpochKeys returns the keys of a feed that exist, newest first.
func (s *Store) EpochKeys(feed string) ([]EpochKey, error) {
	if !feedIDForm.MatchString(feed) {
		return nil, fmt.Errorf("keys of feed %q: the id is not one of a feed", feed)
	}
	entries, err := os.ReadDir(s.path(filepath.Join(keysDir, feed)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("keys of feed %s: %w", feed, err)
	}
	var keys []EpochKey
	for _, e := range entries {
		number, isKey := strings.CutSuffix(e.Name(), keySuffix)
		epoch, err := strconv.ParseInt(number, 10, 64)
		if !isKey || err != nil || epoch < 1 {
			continue
		}
		data, err := s.read(keyFile(feed, epoch))
		if err != nil {
			return nil, err
		}
		identity := strings.TrimSpace(string(data))
		recipient, err := seal.Recipient(identity)
		if err != nil {
			return nil, fmt.Errorf("keys of feed %s: epoch %d cannot be read; the volume is damaged: remove the file, the region goes on with the next epoch", feed, epoch)
		}
		keys = append(keys, EpochKey{Epoch: epoch, Identity: identity, Recipient: recipient})
	}
	slices.SortFunc(keys, func(a, b EpochKey) int { return cmp.Compare(b.Epoch, a.Epoch) })
	return keys, nil
}

// KeysHeld is how many private keys of feeds exist.
func (s *Store) KeysHeld() (int, error) {
	found, err := filepath.Glob(s.path(filepath.Join(keysDir, "*", "*"+keySuffix)))
	if err != nil {
		return 0, fmt.Errorf("keys of feeds: %w", err)
	}
	return len(found), nil
}

// lacksKey reports whether the key of an epoch of the feed is gone.
func (s *Store) lacksKey(feed string, epoch int64) (bool, error) {
	keys, err := s.EpochKeys(feed)
	return !slices.ContainsFunc(keys, func(k EpochKey) bool { return k.Epoch == epoch }), err
}

// DestroyKeys destroys the keys of a feed below an epoch and returns the
// epochs destroyed, ascending. Bytes are overwritten before the file goes;
// what a disk keeps beside that is not in its hands.
func (s *Store) DestroyKeys(feed string, below int64) ([]int64, error) {
	s.keyMu.Lock()
	defer s.keyMu.Unlock()
	keys, err := s.EpochKeys(feed)
	if err != nil {
		return nil, err
	}
	before, err := s.destroyed(feed)
	if err != nil {
		return nil, err
	}
	// The mark comes first: no epoch gets a second key, whatever happens next.
	if mark := newest(keys, below); mark > before {
		if err := s.write(destroyedFile(feed), strconv.AppendInt(nil, mark, 10)); err != nil {
			return nil, err
		}
	}
	var destroyed []int64
	var errs []error
	for _, k := range slices.Backward(keys) {
		if k.Epoch >= below {
			continue
		}
		if err := shred(s.path(keyFile(feed, k.Epoch))); err != nil {
			errs = append(errs, fmt.Errorf("destroy the key of feed %s, epoch %d: %w", feed, k.Epoch, err))
			continue
		}
		destroyed = append(destroyed, k.Epoch)
	}
	return destroyed, errors.Join(errs...)
}

// newest is the newest epoch of keys below an epoch, zero when there is none.
func newest(keys []EpochKey, below int64) int64 {
	for _, k := range keys { // newest first
		if k.Epoch < below {
			return k.Epoch
		}
	}
	return 0
}

// destroyed is the newest epoch whose key was destroyed, zero when none was.
func (s *Store) destroyed(feed string) (int64, error) {
	data, err := s.read(destroyedFile(feed))
	if err != nil || data == nil {
		return 0, err
	}
	epoch, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("keys of feed %s: the mark of the last epoch destroyed is damaged; write into %s the number of the epoch that the order in force names", feed, destroyedFile(feed))
	}
	return epoch, nil
}

func (s *Store) ensureKey(feed string, epoch int64, keys []EpochKey) (EpochKey, error) {
	if i := slices.IndexFunc(keys, func(k EpochKey) bool { return k.Epoch == epoch }); i >= 0 {
		return keys[i], nil
	}
	identity, recipient := seal.NewIdentity()
	if err := os.MkdirAll(s.path(filepath.Join(keysDir, feed)), 0o700); err != nil {
		return EpochKey{}, fmt.Errorf("state directory: %w", err)
	}
	// On disk before anybody can seal to it.
	path := s.path(keyFile(feed, epoch))
	if err := renameio.WriteFile(path, []byte(identity+"\n"), 0o600); err != nil {
		return EpochKey{}, fmt.Errorf("state directory: write the key of feed %s: %w", feed, err)
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return EpochKey{}, err
	}
	return EpochKey{Epoch: epoch, Identity: identity, Recipient: recipient}, nil
}

func keyFile(feed string, epoch int64) string {
	return filepath.Join(keysDir, feed, strconv.FormatInt(epoch, 10)+keySuffix)
}

func destroyedFile(feed string) string { return filepath.Join(keysDir, feed, "destroyed") }

func shred(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.Write(make([]byte, info.Size()))
	}
	if err := errors.Join(err, f.Sync(), f.Close(), os.Remove(path)); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
