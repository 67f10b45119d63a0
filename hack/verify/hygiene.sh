#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Looks through every committed file for what must not be there: a missing
# licence header, leftovers, key material, large files, folders of whoever built
# it. That nobody real is in it is what test/hygiene looks for.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

failed=false
report() { # report TITLE LINES
	[[ -n "$2" ]] || return 0
	failed=true
	printf '%s\n' "$1" >&2
	printf '%s\n' "$2" | sed 's/^/  /' >&2
}
this=hack/verify/hygiene.sh
search() { # search PATTERN PATHSPEC...
	local pattern="$1"
	shift
	git grep -nIE -e "$pattern" -- "$@" ":!$this" || true
}

mapfile -t sources < <(git ls-files -- '*.go' '*.sh' .ci/run)
headless=""
for file in "${sources[@]}"; do
	[[ -f "$file" ]] || continue
	head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' || headless+="$file"$'\n'
done
report "without the line SPDX-License-Identifier: Apache-2.0:" "${headless%$'\n'}"

report "leftovers; finish it or open an issue:" \
	"$(search '\b(TODO|FIXME|HACK)\b' '*.go' '*.sh' '*.yaml' Makefile '*.mk' ':!*.pb.go')"
report "tests that skip themselves:" \
	"$(search '\b[tb]\.Skip(f|Now)?\(' '*_test.go')"
report "key material; make keys in the test:" \
	"$(search 'BEGIN ([A-Z]+ )*PRIVATE KEY-----$' .)"
report "folder of a person or a machine:" \
	"$(search '(^|[^a-zA-Z0-9._/-])/(home|Users|root|work|workspace)/[a-z0-9._-]+' .)"

large=""
while IFS= read -r file; do
	[[ -f "$file" ]] || continue
	size="$(wc -c <"$file")"
	((size <= 1048576)) || large+="$file ($size bytes)"$'\n'
done < <(git ls-files)
report "larger than 1 MiB; generate it in the test:" "${large%$'\n'}"

! $failed
