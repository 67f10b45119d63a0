#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Fails when the working tree differs from the commit, or when generation wrote a
# file that is not committed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

generated=(api config charts docs/spec)

if ! git --no-pager diff --exit-code --stat HEAD --; then
	echo "The tree differs from the commit: commit what make generate wrote, or what you changed." >&2
	exit 1
fi
untracked="$(git ls-files --others --exclude-standard -- "${generated[@]}")"
if [[ -n "$untracked" ]]; then
	echo "Generated but not committed:" >&2
	echo "$untracked" >&2
	exit 1
fi
