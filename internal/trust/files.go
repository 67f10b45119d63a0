// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// TargetPath is the target that is the index of the order. The other targets
// are the artifacts that the order serves.
const TargetPath = "order.json"

// Artifact is an OCI manifest that an order serves.
type Artifact struct {
	// Feed is the feed's id, Digest the manifest's, "sha256:<hex>".
	Feed, Digest string
	// Size is the length of the manifest in bytes.
	Size int64
}

// Path is the artifact's target path: feeds/<feed id>/<hex of the digest>.
func (a Artifact) Path() string {
	return "feeds/" + a.Feed + "/" + strings.TrimPrefix(a.Digest, "sha256:")
}

// Files are the files of a region's TUF repository by the names that section
// 3 and section 6.2 of the specification give them under consistent snapshots:
// N.root.json (all versions), timestamp.json, N.snapshot.json, N.targets.json
// and HASH.order.json.
type Files map[string][]byte

const (
	timestampFile = "timestamp.json"
	snapshotMeta  = "snapshot.json"
	targetsMeta   = "targets.json"
	// maxMetadata bounds one file before it is parsed, in bytes.
	maxMetadata = 1 << 20
	// maxVersion keeps versions exact in JSON readers that use floating point.
	maxVersion = 1<<53 - 1
)

func rootFile(version int64) string     { return strconv.FormatInt(version, 10) + ".root.json" }
func snapshotFile(version int64) string { return strconv.FormatInt(version, 10) + "." + snapshotMeta }
func targetsFile(version int64) string  { return strconv.FormatInt(version, 10) + "." + targetsMeta }

// indexFile is the target's file name under consistent snapshots (section 6.2).
func indexFile(index []byte) string {
	sum := sha256.Sum256(index)
	return hex.EncodeToString(sum[:]) + "." + TargetPath
}

// IsRepositoryFile reports whether a file of an order artifact belongs to the
// TUF repository; the others are parts of the order.
func IsRepositoryFile(name string) bool {
	if name == timestampFile {
		return true
	}
	prefix, rest, ok := strings.Cut(name, ".")
	if !ok || prefix == "" {
		return false
	}
	switch rest {
	case "root.json", snapshotMeta, targetsMeta:
		_, err := strconv.ParseInt(prefix, 10, 64)
		return err == nil
	case TargetPath:
		_, err := hex.DecodeString(prefix)
		return err == nil && len(prefix) == 2*sha256.Size
	}
	return false
}

func (f Files) get(name string) ([]byte, error) {
	data, ok := f[name]
	if !ok {
		return nil, refuse(Incomplete, name, "it is missing")
	}
	if len(data) > maxMetadata {
		return nil, refuse(Malformed, name, "it has %d bytes, at most %d are read", len(data), maxMetadata)
	}
	return data, nil
}

// extension is the name of the signed fields that TUF does not know.
const extension = "x-frontline"

// rootFields are signed in root.json: they fence hubs and regions off from
// each other.
type rootFields struct {
	HubUID string `json:"hubUID"`
	Term   int64  `json:"term"`
	Region string `json:"region"`
}

// targetFields are signed in the custom object of the target.
type targetFields struct {
	Region   string `json:"region"`
	Sequence int64  `json:"sequence"`
}

// timestampFields are signed in timestamp.json.
type timestampFields struct {
	Region        string               `json:"region"`
	Sequence      int64                `json:"sequence"`
	Digest        string               `json:"digest"`
	Issued        time.Time            `json:"issued"`
	SourceChecked map[string]time.Time `json:"sourceChecked,omitempty"`
}

// attach puts fields among the signed fields of a role.
func attach(unrecognized map[string]any, fields any) (map[string]any, error) {
	data, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	if unrecognized == nil {
		unrecognized = map[string]any{}
	}
	unrecognized[extension] = json.RawMessage(data)
	return unrecognized, nil
}

// extract is the reverse of attach, for metadata whose signature is verified.
func extract(file string, unrecognized map[string]any, into any) error {
	value, ok := unrecognized[extension]
	if !ok {
		return refuse(Malformed, file, "the field %s is missing", extension)
	}
	data, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		return refuse(Malformed, file, "field %s: %w", extension, err)
	}
	return nil
}

func readRootFields(root *metadata.Metadata[metadata.RootType]) (rootFields, error) {
	var fields rootFields
	file := rootFile(root.Signed.Version)
	if err := extract(file, root.Signed.UnrecognizedFields, &fields); err != nil {
		return fields, err
	}
	if fields.HubUID == "" || fields.Term < 1 || fields.Region == "" {
		return fields, refuse(Malformed, file, "it names no hub, no term or no region")
	}
	return fields, nil
}

func versionInRange(name string, version int64) error {
	if version < 1 || version > maxVersion {
		return fmt.Errorf("%s %d is out of range", name, version)
	}
	return nil
}
