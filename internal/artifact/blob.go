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
	"strconv"
	"strings"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"
)

// stall is how long a transfer may bring nothing before it is given up.
const stall = time.Minute

// partSuffix marks a blob of which only the beginning has arrived.
const partSuffix = ".part"

// fetchBlob downloads a blob to path. What has arrived stays in path.part,
// and the next call asks for the rest alone (RFC 9110 section 14.2). Nothing
// is at path before all of it has the digest of desc.
//
// Two calls for the same path at the same time are the caller's mistake.
func (r *Registry) fetchBlob(ctx context.Context, repo string, desc ocispec.Descriptor, path string) error {
	// Whole, but not used before the process ended: it is checked again.
	if err := os.Rename(path, path+partSuffix); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	part, err := openPart(path+partSuffix, desc.Size)
	if err != nil {
		return err
	}
	defer part.file.Close()
	for part.size < desc.Size {
		before := part.size
		err := r.fetchRest(ctx, repo, desc, part)
		if err == nil {
			continue
		}
		// A broken connection is taken up again at once as long as each one
		// brings something; the caller backs off when none does.
		if ctx.Err() != nil || part.size <= before || isAnswer(err) {
			if part.size == 0 {
				err = errors.Join(err, os.Remove(part.file.Name()))
			}
			return err
		}
	}
	if got := "sha256:" + hex.EncodeToString(part.hash.Sum(nil)); got != desc.Digest.String() {
		return errors.Join(fmt.Errorf("received %s: %w", got, ErrDigest), os.Remove(part.file.Name()))
	}
	if err := errors.Join(part.file.Sync(), part.file.Close()); err != nil {
		return err
	}
	return os.Rename(part.file.Name(), path)
}

// part is the beginning of a blob on disk and the hash of it.
type part struct {
	file *os.File
	size int64
	hash hash.Hash
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

func (p *part) Write(data []byte) (int, error) {
	n, err := p.file.Write(data)
	p.hash.Write(data[:n])
	p.size += int64(n)
	return n, err
}

func (r *Registry) fetchRest(ctx context.Context, repo string, desc ocispec.Descriptor, p *part) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(stall, func() { cancel(fmt.Errorf("nothing arrived for %s", stall)) })
	defer watch.Stop()

	response, err := r.get(ctx, repo, desc, p.size)
	if err != nil {
		return stalled(ctx, err)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK: // from the beginning, asked or not
		if err := p.restart(); err != nil {
			return err
		}
	case http.StatusPartialContent:
		if start, ok := rangeStart(response.Header.Get("Content-Range")); !ok || start != p.size {
			return errors.Join(fmt.Errorf("the registry answered with another range: %w", ErrMalformed), p.restart())
		}
	case http.StatusNotFound:
		return ErrNotFound
	default:
		return &errcode.ErrorResponse{Method: http.MethodGet, URL: response.Request.URL, StatusCode: response.StatusCode}
	}
	body := &progress{reader: io.LimitReader(response.Body, desc.Size-p.size), seen: func() { watch.Reset(stall) }}
	if _, err := io.Copy(p, body); err != nil {
		return stalled(ctx, err)
	}
	if p.size < desc.Size {
		return io.ErrUnexpectedEOF
	}
	return nil
}

func (r *Registry) get(ctx context.Context, repo string, desc ocispec.Descriptor, from int64) (*http.Response, error) {
	scheme := "https"
	if r.plain {
		scheme = "http"
	}
	name := r.prefix + repo
	ctx = auth.AppendRepositoryScope(ctx, registry.Reference{Registry: r.host, Repository: name}, auth.ActionPull)
	address := fmt.Sprintf("%s://%s/v2/%s/blobs/%s", scheme, r.host, name, desc.Digest)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
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
	return start, ok && dash && err == nil
}

// isAnswer tells a registry that answered from a line that broke.
func isAnswer(err error) bool {
	var answer *errcode.ErrorResponse
	return errors.As(err, &answer) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrMalformed)
}

func stalled(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w (%w)", cause, err)
	}
	return err
}

type progress struct {
	reader io.Reader
	seen   func()
}

func (p *progress) Read(data []byte) (int, error) {
	n, err := p.reader.Read(data)
	if n > 0 {
		p.seen()
	}
	return n, err
}
