// SPDX-License-Identifier: Apache-2.0

package source

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/google/renameio/v2"
)

const (
	partSuffix  = ".part"
	stateSuffix = ".part.json"
	// checkpoint is how many bytes may be lost to a process that is killed.
	checkpoint   = 8 << 20
	maxValidator = 1 << 10
	maxState     = 4 << 10
)

// part is the beginning of a file that was interrupted. Its state is written
// after the bytes it speaks of are on the disk.
type part struct {
	path string // of the whole file
	// name is the digest of what is fetched: addresses may hold secrets.
	name string
	// validator names the version that the bytes are of; "" when it cannot be
	// resumed.
	validator string
	// size is how many bytes are there.
	size int64
}

// partState is what the file beside the part holds.
type partState struct {
	Name      string `json:"name"`
	Validator string `json:"validator"`
	Size      int64  `json:"size"`
}

// openPart looks for the beginning of what is fetched to path. What is of
// something else, or over the limit, is removed.
func openPart(path, what string, limit int64) *part {
	sum := sha256.Sum256([]byte(what))
	p := &part{path: path, name: hex.EncodeToString(sum[:])}
	state, err := readState(path + stateSuffix)
	if err != nil {
		p.discard()
		return p
	}
	info, err := os.Stat(path + partSuffix)
	if err != nil || state.Name != p.name || state.Validator == "" || len(state.Validator) > maxValidator ||
		state.Size <= 0 || state.Size > info.Size() || state.Size >= limit {
		p.discard()
		return p
	}
	p.validator, p.size = state.Validator, state.Size
	return p
}

func readState(path string) (partState, error) {
	file, err := os.Open(path)
	if err != nil {
		return partState{}, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxState))
	if err != nil {
		return partState{}, err
	}
	var state partState
	err = json.Unmarshal(data, &state)
	return state, err
}

// Discard removes what an interrupted fetch to path left behind.
func Discard(path string) error {
	var errs []error
	for _, suffix := range []string{stateSuffix, partSuffix} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (p *part) discard() {
	p.validator, p.size = "", 0
	// What cannot be removed is overwritten by the next fetch.
	_ = Discard(p.path)
}

// restart makes the part the empty beginning of the version validator.
func (p *part) restart(validator string) {
	p.discard()
	p.validator = validator
}

// take appends body to the part until want bytes are there, or, when want is
// negative, until body ends, and makes the part the file. It returns the
// digest of the whole, which must be named when that is not empty.
func (p *part) take(body io.Reader, want, limit int64, named string) (digest string, err error) {
	file, err := os.OpenFile(p.path+partSuffix, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", &localError{err}
	}
	defer file.Close()
	sum := sha256.New()
	if err := p.resume(file, sum); err != nil {
		return "", &localError{err}
	}
	if want >= 0 {
		limit = min(limit, want)
	}
	err = p.copy(file, sum, io.LimitReader(body, limit-p.size+1))
	switch {
	case err != nil:
		return "", err
	case want >= 0 && p.size > want:
		return "", &Error{Reason: RangeMismatch, Err: fmt.Errorf("the answer goes on after the %d bytes it announced", want)}
	case p.size > limit:
		return "", errTooLarge
	case p.size < want:
		return "", io.ErrUnexpectedEOF
	}
	digest = "sha256:" + hex.EncodeToString(sum.Sum(nil))
	if named != "" && digest != named {
		return "", &Error{Reason: DigestMismatch, Err: fmt.Errorf("the content has the digest %s and should have %s", digest, named)}
	}
	if err := errors.Join(file.Close(), os.Rename(p.path+partSuffix, p.path), Discard(p.path)); err != nil {
		return "", &localError{err}
	}
	return digest, nil
}

// resume brings file and sum to the end of what is there.
func (p *part) resume(file *os.File, sum hash.Hash) error {
	if err := file.Truncate(p.size); err != nil {
		return err
	}
	n, err := io.Copy(sum, file)
	if err == nil && n != p.size {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// copy appends in pieces, and takes note after each.
func (p *part) copy(file *os.File, sum hash.Hash, body io.Reader) error {
	for {
		n, err := io.CopyN(io.MultiWriter(&localWriter{file}, sum), body, checkpoint)
		p.size += n
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := p.note(file); err != nil {
			return &localError{err}
		}
	}
}

// note makes durable how far the part is.
func (p *part) note(file *os.File) error {
	if p.validator == "" {
		return nil
	}
	data, err := json.Marshal(partState{Name: p.name, Validator: p.validator, Size: p.size})
	if err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	return renameio.WriteFile(p.path+stateSuffix, data, 0o600)
}

// keep decides after a failure whether what is there can be gone on from, and
// returns how many bytes that are.
func (p *part) keep(reason Reason) int64 {
	switch reason {
	case TooLarge, Storage, RangeMismatch, Compressed, Unexpected, DigestMismatch:
		p.discard()
		return 0
	}
	if p.validator == "" || p.size == 0 {
		p.discard()
		return 0
	}
	file, err := os.OpenFile(p.path+partSuffix, os.O_RDWR, 0o600)
	if err != nil {
		p.discard()
		return 0
	}
	defer file.Close()
	if err := p.note(file); err != nil {
		p.discard()
		return 0
	}
	return p.size
}
