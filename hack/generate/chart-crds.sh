#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Turns config/crd/bases into templates of the chart, so that a definition is
# written once, follows `helm upgrade` and is kept when a release is uninstalled.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

from=config/crd/bases
into=charts/frontline/templates/crds
mkdir -p "$into"
rm -f "$into"/*.yaml

shopt -s nullglob
for crd in "$from"/*.yaml; do
	# kubectl apply stores the whole object in an annotation of at most 256 KiB.
	size="$(wc -c <"$crd")"
	if ((size >= 262144)); then
		echo "$crd is $size bytes; client-side kubectl apply refuses 262144 and more" >&2
		exit 1
	fi
	{
		echo '{{- /* Generated from config/crd/bases by hack/generate; do not edit. */ -}}'
		echo '{{- if .Values.crds.enabled }}'
		awk '
			# What looks like a template in a description stays text.
			{ gsub(/\{\{/, "{{ \"{{\" }}") }
			/^---$/ { next }
			{ print }
			/^  annotations:$/ && !done {
				print "    {{- if .Values.crds.keep }}"
				print "    helm.sh/resource-policy: keep"
				print "    {{- end }}"
				done = 1
			}
			END { if (!done) exit 1 }
		' "$crd"
		echo '{{- end }}'
	} >"$into/$(basename "$crd" | sed 's/^[^_]*_//')" || {
		echo "$crd has no annotations to add the keep policy to" >&2
		exit 1
	}
done
