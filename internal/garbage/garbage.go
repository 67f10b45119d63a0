// SPDX-License-Identifier: Apache-2.0

// Package garbage is the contract of a registry's collection: what a client
// may ask of POST /v1/collect and what it is told. The embedded registry
// answers it; package artifact asks it.
package garbage

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Path of the request. Its body is Options as JSON, or empty.
const Path = "/v1/collect"

// MaxBytes of a request's body: 65,536 digests with their repositories.
const MaxBytes = 8 << 20

// Options of a collection. The zero value removes what nothing refers to and
// nobody has pushed lately.
type Options struct {
	// Untagged names repositories whose manifests go when no tag names them any
	// more; in a name, * stands for one path element ("regions/*/order"). In
	// all others, manifests stay until they are deleted.
	Untagged []string `json:"untagged,omitempty"`
	// UntaggedSeconds is how long such a manifest stays after a newer one took
	// its place, so that a reader may finish; the registry's own default when 0.
	UntaggedSeconds int64 `json:"untaggedSeconds,omitempty"`
	// Abandoned names, in the same way, repositories that nobody answers for any
	// more, unless Owned names them as well: all their manifests go, with their
	// tags, UntaggedSeconds after the last one came.
	Abandoned []string `json:"abandoned,omitempty"`
	Owned     []string `json:"owned,omitempty"`
	// Erase names, by repository, digests of manifests and blobs that go at
	// once, however lately they were pushed. A manifest goes with its tags. A
	// blob that a manifest of the repository still refers to stays and is
	// reported as kept.
	Erase map[string][]string `json:"erase,omitempty"`
	// Verify names digests whose bytes are read again. Those that are not what
	// their digest says are removed, so that a push replaces them.
	Verify []string `json:"verify,omitempty"`
}

// Collected says what a collection removed and what it left.
type Collected struct {
	// Blobs and Bytes are of the content removed, manifests included.
	Blobs int64 `json:"blobs"`
	Bytes int64 `json:"bytes"`
	// Manifests, Tags, Links (of blobs to repositories), Uploads (broken off)
	// and Repositories (empty) are counts of what was removed.
	Manifests    int64 `json:"manifests"`
	Tags         int64 `json:"tags"`
	Links        int64 `json:"links"`
	Uploads      int64 `json:"uploads"`
	Repositories int64 `json:"repositories"`
	// Kept are digests of Options.Erase that a manifest still refers to.
	Kept []string `json:"kept,omitempty"`
	// Damaged are digests of Options.Verify that were removed.
	Damaged []string `json:"damaged,omitempty"`
	// Unreadable are manifests ("repository@digest") that could not be read.
	// Nothing their repositories hold was removed, because nobody knows what
	// they refer to; the manifest itself is gone, so that it can be pushed again.
	Unreadable []string `json:"unreadable,omitempty"`
	// BlobsLeft and BytesLeft are what the registry holds now.
	BlobsLeft int64 `json:"blobsLeft"`
	BytesLeft int64 `json:"bytesLeft"`
	// Milliseconds that writers were kept waiting.
	Milliseconds int64 `json:"milliseconds"`
}

// UntaggedAfter is UntaggedSeconds as a duration.
func (o Options) UntaggedAfter() time.Duration {
	return time.Duration(o.UntaggedSeconds) * time.Second
}

// ReadOptions decodes a request's body; an empty one is the zero value.
func ReadOptions(body io.Reader) (Options, error) {
	var o Options
	decoder := json.NewDecoder(io.LimitReader(body, MaxBytes))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&o); err != nil && !errors.Is(err, io.EOF) {
		return Options{}, fmt.Errorf("the body is no request to collect: %w; send the fields of this version", err)
	}
	if o.UntaggedSeconds < 0 || o.UntaggedSeconds > int64(366*24*time.Hour/time.Second) {
		return Options{}, errors.New("untaggedSeconds is not between 0 and a year; send a number of seconds")
	}
	return o, nil
}
