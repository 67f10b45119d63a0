#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Fails on Go files that gofmt would change.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

unformatted="$(git ls-files -z --cached --others --exclude-standard --deduplicate -- '*.go' | xargs -0 -r gofmt -l)"
if [[ -n "$unformatted" ]]; then
	echo "not formatted; run make fmt:" >&2
	echo "$unformatted" >&2
	exit 1
fi
