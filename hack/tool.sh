#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs a pinned tool, building it on first use:
#
#   hack/tool.sh NAME [ARGUMENT...]
#   hack/tool.sh --path NAME        builds and prints where the binary is
#
# Binaries live in the user's cache folder, in a folder named after the hash of
# the module that pins them, so a change of a version is a new folder and an old
# checkout still finds its own.
set -euo pipefail

tools="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/tools"

usage() {
	echo "usage: hack/tool.sh [--path] controller-gen|golangci-lint|helm|kustomize [ARGUMENT...]" >&2
	exit 2
}

print_path=false
if [[ "${1:-}" == --path ]]; then
	print_path=true
	shift
fi
[[ $# -ge 1 ]] || usage
name="$1"
shift

module="$tools"
case "$name" in
controller-gen) package=sigs.k8s.io/controller-tools/cmd/controller-gen ;;
helm) package=helm.sh/helm/v4/cmd/helm ;;
kustomize) package=sigs.k8s.io/kustomize/kustomize/v5 ;;
golangci-lint)
	module="$tools/lint"
	package=sigs.k8s.io/kube-api-linter/cmd/golangci-lint-kube-api-linter
	;;
*) usage ;;
esac

case "$(uname -s)" in
Darwin) cache="$HOME/Library/Caches" ;;
*) cache="${XDG_CACHE_HOME:-$HOME/.cache}" ;;
esac
sum="$(cat "$module/go.mod" "$module/go.sum" | cksum | tr -d ' ')"
folder="$cache/frontline/tools/$sum-$(go env GOVERSION)"
binary="$folder/$name"

if [[ ! -x "$binary" ]]; then
	mkdir -p "$folder"
	echo "building $name (once; kept in $folder)" >&2
	# A name of its own a process: two builds at once each finish, the last rename wins.
	(cd "$module" && GOWORK=off GOFLAGS='' CGO_ENABLED=0 nice go build -trimpath -ldflags='-s -w' -o "$binary.$$" "$package")
	mv "$binary.$$" "$binary"
fi

if $print_path; then
	echo "$binary"
	exit 0
fi
exec "$binary" "$@"
