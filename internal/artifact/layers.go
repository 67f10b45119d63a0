// SPDX-License-Identifier: Apache-2.0

package artifact

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"

	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"github.com/frontline-screening/frontline/internal/seal"
	"github.com/frontline-screening/frontline/internal/snapshot"
)

const (
	// groupSize is the most that the groups of a base have on average, in plain
	// bytes: small enough to be fetched again, large enough to be few.
	groupSize = 4 << 20
	// window of the Zstandard frames that are written, and the largest read.
	window    = 4 << 20
	maxWindow = 8 << 20
)

// base cuts the file of the release into groups and sees that the registry has
// each of them.
func (w *cutting) base(ctx context.Context) ([]Group, error) {
	file, err := snapshot.Open(w.c.Path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if sum := sha256.Sum256(file.Raw()); file.Size() != w.c.Size || "sha256:"+hex.EncodeToString(sum[:]) != w.c.Digest {
		return nil, fmt.Errorf("the file holds %d bytes of %s instead of %d: %w", file.Size(), hex.EncodeToString(sum[:]), w.c.Size, ErrDigest)
	}
	plains := cutGroups(file)
	layers := make([]ocispec.Descriptor, len(plains))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(runtime.GOMAXPROCS(0)) // compression is what takes the time
	for i, plain := range plains {
		work.Go(func() (err error) {
			layers[i], err = w.layer(ctx, TypeGroup, sha256.Sum256(plain), bytes.NewReader(plain))
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return nil, err
	}
	var groups []Group
	for i, plain := range plains {
		w.list = append(w.list, layers[i])
		groups = append(groups, Group{Layer: layers[i].Digest.String(), Size: int64(len(plain))})
	}
	return groups, nil
}

// cutGroups cuts a file at shard boundaries. The first group has the head of
// the file too.
func cutGroups(file *snapshot.Snapshot) [][]byte {
	raw, count := file.Raw(), groupCount(file.Size(), file.ShardCount())
	groups := make([][]byte, count)
	start, end := 0, len(file.Head())
	for i := range groups {
		for shard := range file.ShardCount() / count {
			end += len(file.Shard(i*file.ShardCount()/count + shard))
		}
		groups[i], start = raw[start:end:end], end
	}
	return groups
}

// groupCount is the smallest power of two that keeps the average at groupSize.
// Shards are a power of two too, so that each group has as many.
func groupCount(size int64, shards int) int {
	count := 1
	for int64(count)*groupSize < size && count < min(shards, MaxGroups) {
		count *= 2
	}
	return count
}

// patch sees that the registry has the delta of an edge.
func (w *cutting) patch(ctx context.Context, edge Edge) (layer string, err error) {
	i := slices.IndexFunc(w.c.Patches, func(p Patch) bool { return p.From == edge.From && p.To == edge.To })
	if i < 0 {
		return "", fmt.Errorf("no delta from v%d to v%d is at hand: %w", edge.FromRelease, edge.ToRelease, ErrDelta)
	}
	file, err := os.Open(w.c.Patches[i].Path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	desc, err := w.layer(ctx, TypeDelta, [sha256.Size]byte(sum.Sum(nil)), file)
	if err != nil {
		return "", err
	}
	w.list = append(w.list, desc)
	return desc.Digest.String(), nil
}

// layer returns the layer with the plaintext: that of the artifact before, or a
// new one that it seals and pushes. Several may be made at once.
func (w *cutting) layer(ctx context.Context, mediaType string, sum [sha256.Size]byte, plain io.Reader) (desc ocispec.Descriptor, err error) {
	keyed, desc, ok := w.found(mediaType, sum)
	if ok {
		return desc, nil
	}
	file, err := os.CreateTemp(w.c.Dir, ".cut-*.age")
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	hash, count := sha256.New(), &counter{}
	if err := sealLayer(io.MultiWriter(file, hash, count), mediaType, plain, w.c.Recipients); err != nil {
		return ocispec.Descriptor{}, err
	}
	desc = described(mediaType, keyed, digest.NewDigest(digest.SHA256, hash), count.n)
	open := func() (io.ReadCloser, error) { return os.Open(file.Name()) } //nolint:gosec // made above
	return desc, uploadBlob(ctx, w.repo, desc, open)
}

// sealLayer seals to the region alone. Groups are compressed first, deltas are
// compressed as they are.
func sealLayer(w io.Writer, mediaType string, plain io.Reader, recipients []string) error {
	sealed, err := seal.Seal(w, recipients...)
	if err != nil {
		return err
	}
	if mediaType == TypeDelta {
		_, err := io.Copy(sealed, plain)
		return errors.Join(err, sealed.Close())
	}
	encoder, err := zstd.NewWriter(sealed, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault),
		zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return err
	}
	_, err = io.Copy(encoder, plain)
	return errors.Join(err, encoder.Close(), sealed.Close())
}

type counter struct{ n int64 }

func (c *counter) Write(data []byte) (int, error) {
	c.n += int64(len(data))
	return len(data), nil
}
