#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the binary bin/frontline and, without a daemon, the image around it,
# dist/frontline.tar (a docker-archive, as `ctr images import` takes it):
#
#   hack/image/build.sh IMAGE VERSION
#
# Needs Debian's buildah and ca-certificates (make packages installs them).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

image="${1:?name of the image, with tag}"
version="${2:?version to build as}"
output=dist/frontline.tar
limit=80000000

command -v buildah >/dev/null || {
	echo "buildah is not installed: run make packages as root" >&2
	exit 1
}
certificates=/etc/ssl/certs/ca-certificates.crt
[[ -r "$certificates" ]] || {
	echo "$certificates is missing: run make packages as root" >&2
	exit 1
}

context="$(mktemp -d)"
trap 'rm -rf "$context"' EXIT
mkdir -p bin dist

CGO_ENABLED=0 go build -trimpath \
	-ldflags "-s -w -X github.com/frontline-screening/frontline/internal/cli.version=$version" \
	-o bin/frontline .
cp bin/frontline "$certificates" "$context/"

# chroot and vfs need neither user namespaces nor overlay mounts. The timestamp
# makes the same sources the same image.
timestamp="$(git log -1 --format=%ct 2>/dev/null || echo 0)"
storage=(--storage-driver vfs --root "$context/storage" --runroot "$context/run")
buildah "${storage[@]}" bud --quiet --isolation chroot --format docker \
	--timestamp "$timestamp" --tag "$image" --file Dockerfile "$context" >/dev/null
rm -f "$output"
buildah "${storage[@]}" push --quiet "$image" "docker-archive:$output:$image"

size="$(wc -c <"$output")"
printf '%s: %s, %d.%d MB\n' "$output" "$image" $((size / 1000000)) $((size / 100000 % 10))
if ((size >= limit)); then
	echo "$output is larger than 80 MB: look for a new large dependency with go tool nm -size -sort size" >&2
	exit 1
fi
