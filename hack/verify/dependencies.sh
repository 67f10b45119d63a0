#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Fails when a module that the product requires directly has no row in
# docs/dependencies.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

unexplained="$(go list -m -f '{{if not (or .Indirect .Main)}}{{.Path}}{{end}}' all |
	while read -r module; do
		grep -qF "\`$module\`" docs/dependencies.md || echo "  $module"
	done)"
if [[ -n "$unexplained" ]]; then
	echo "required directly, but without a row in docs/dependencies.md:" >&2
	echo "$unexplained" >&2
	exit 1
fi
