// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"github.com/frontline-screening/frontline/internal/diskspace"
)

// ErrSpace means that this machine's volume, or the registry's, cannot take
// the content. It is the reason InsufficientSpace.
var ErrSpace = diskspace.ErrInsufficient

// partSuffix marks a blob of which only the beginning has arrived.
const partSuffix = ".part"

// fetchBlob downloads a blob to path. What has arrived stays in path.part,
// and whoever asks next, this process or another, asks for the rest alone
// (RFC 9110 section 14.2). Nothing is at path before all of it has the digest
// of desc. A line that breaks is taken up again here, for as long as
// patience; the pace is that of the context's Limiter.
//
// Two calls for the same path at the same time are the caller's mistake.
func (r *Registry) fetchBlob(ctx context.Context, repo string, desc ocispec.Descriptor, path string) error {
	limiter := limiterOf(ctx)
	leave, err := limiter.enter(ctx, desc.Size)
	if err != nil {
		return err
	}
	defer leave()
	// Whole, but not used before the process ended: it is checked again.
	if err := os.Rename(path, path+partSuffix); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	part, err := openPart(path+partSuffix, desc.Size)
	if err != nil {
		return err
	}
	defer part.file.Close()
	if err := diskspace.Need(filepath.Dir(path), desc.Size-part.size); err != nil {
		return errors.Join(err, part.dropEmpty())
	}
	if err := r.fetchPart(ctx, repo, desc, part); err != nil {
		return errors.Join(diskspace.Classify(err), part.dropEmpty())
	}
	if err := errors.Join(part.file.Sync(), part.file.Close()); err != nil {
		return diskspace.Classify(err)
	}
	return os.Rename(part.file.Name(), path)
}

// fetchPart completes a part. One that was put together from several answers
// and has another digest is thrown away and fetched once more, in one piece if
// it can be: the answers before it may have been at fault, or the disk.
func (r *Registry) fetchPart(ctx context.Context, repo string, desc ocispec.Descriptor, p *part) error {
	for {
		resumed := p.size > 0
		answers, err := r.fetchRests(ctx, repo, desc, p)
		if err != nil {
			return err
		}
		got := "sha256:" + hex.EncodeToString(p.hash.Sum(nil))
		if got == desc.Digest.String() {
			return nil
		}
		if err := p.restart(); err != nil {
			return err
		}
		if !resumed && answers <= 1 || p.retried {
			return fmt.Errorf("received %s: %w", got, ErrDigest)
		}
		p.retried = true
	}
}

// fetchRests asks for what is missing until all is there, and says how many
// answers it took.
func (r *Registry) fetchRests(ctx context.Context, repo string, desc ocispec.Descriptor, p *part) (answers int, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, r.patience.total(desc.Size), errTooSlow)
	defer cancel()
	moved, pauses := time.Now(), 0
	for p.size < desc.Size {
		before := p.size
		err := r.fetchRest(ctx, repo, desc, p)
		if p.size != before {
			answers++
		}
		if p.size > before {
			moved, pauses = time.Now(), 0
		}
		switch {
		case err == nil:
			continue
		case ctx.Err() != nil:
			return answers, stalled(ctx, err)
		case !temporary(err):
			return answers, err
		case time.Since(moved) > r.patience.quiet:
			return answers, fmt.Errorf("nothing arrived for %s: %w", r.patience.quiet, err)
		}
		r.forgetConnections(err)
		if !sleep(ctx, r.patience.pause(pauses, err)) {
			return answers, stalled(ctx, err)
		}
		pauses++
	}
	return answers, nil
}

// part is the beginning of a blob on disk and the hash of it.
type part struct {
	file    *os.File
	size    int64
	hash    hash.Hash
	retried bool
}

func openPart(path string, limit int64) (*part, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the caller's directory
	if err != nil {
		return nil, err
	}
	p := &part{file: file, hash: sha256.New()}
	p.size, err = io.Copy(p.hash, io.LimitReader(file, limit+1))
	if err == nil && p.size > limit {
		err = p.restart()
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return p, nil
}

func (p *part) restart() error {
	p.size = 0
	p.hash.Reset()
	_, seekErr := p.file.Seek(0, io.SeekStart)
	return errors.Join(p.file.Truncate(0), seekErr)
}

// dropEmpty removes the file of a part of which nothing has arrived.
func (p *part) dropEmpty() error {
	if p.size > 0 {
		return nil
	}
	return os.Remove(p.file.Name())
}

// Write implements io.Writer.
func (p *part) Write(data []byte) (int, error) {
	n, err := p.file.Write(data)
	p.hash.Write(data[:n])
	p.size += int64(n)
	return n, err
}

func (r *Registry) fetchRest(ctx context.Context, repo string, desc ocispec.Descriptor, p *part) error {
	transfer, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(r.patience.answer, func() { cancel(errStalled) })
	defer watch.Stop()

	response, err := r.get(transfer, repo, desc, p.size)
	if err != nil {
		return stalled(transfer, err)
	}
	defer response.Body.Close()
	if err := p.accept(response, desc.Size); err != nil {
		return err
	}
	body := &watched{reader: io.LimitReader(response.Body, desc.Size-p.size), watch: watch, limit: r.patience.stall}
	if _, err := io.Copy(p, limiterOf(ctx).reader(ctx, body)); err != nil {
		return stalled(transfer, err)
	}
	switch {
	case p.size >= desc.Size:
		return nil
	case response.ContentLength < 0 && response.ProtoMajor < 2 && len(response.TransferEncoding) == 0:
		return io.ErrUnexpectedEOF // ended by the connection's end, whatever the reason
	}
	return p.otherSize(p.size, desc.Size)
}

// accept makes the part ready for an answer's body. An answer that does not
// continue it costs this blob what it has, and no other.
func (p *part) accept(response *http.Response, size int64) error {
	switch response.StatusCode {
	case http.StatusOK: // from the beginning, asked or not
		if n := response.ContentLength; n >= 0 && n != size {
			return p.otherSize(n, size)
		}
		return p.restart()
	case http.StatusPartialContent:
		if start, ok := rangeStart(response.Header.Get("Content-Range")); ok && start == p.size {
			return nil
		}
		return p.refuse()
	case http.StatusRequestedRangeNotSatisfiable:
		return p.refuse()
	case http.StatusNotFound:
		return ErrNotFound
	}
	err := &errcode.ErrorResponse{Method: http.MethodGet, URL: response.Request.URL, StatusCode: response.StatusCode}
	if seconds, parseErr := strconv.Atoi(response.Header.Get("Retry-After")); parseErr == nil {
		return &retryAfter{error: err, wait: time.Duration(seconds) * time.Second}
	}
	return err
}

// otherSize throws away a part of a blob that has another size than it must.
func (p *part) otherSize(got, want int64) error {
	return errors.Join(fmt.Errorf("the registry has %d bytes instead of %d: %w", got, want, ErrDigest), p.restart())
}

// refuse throws away a part that the registry cannot continue.
func (p *part) refuse() error {
	if p.size == 0 {
		return fmt.Errorf("the registry does not send it from its beginning: %w", ErrMalformed)
	}
	return errors.Join(errRange, p.restart())
}

func (r *Registry) get(ctx context.Context, repo string, desc ocispec.Descriptor, from int64) (*http.Response, error) {
	request, err := r.request(ctx, http.MethodGet, repo, "blobs", desc.Digest.String(), auth.ActionPull)
	if err != nil {
		return nil, err
	}
	if from > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	return r.client.Do(request)
}

// rangeStart reads the first position of "bytes 100-199/200".
func rangeStart(contentRange string) (int64, bool) {
	rest, ok := strings.CutPrefix(contentRange, "bytes ")
	first, _, dash := strings.Cut(rest, "-")
	start, err := strconv.ParseInt(first, 10, 64)
	return start, ok && dash && err == nil && start >= 0
}
