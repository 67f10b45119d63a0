#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Lints and renders the chart in each role and builds the kustomize default.
# What the manifests must hold is asserted by test/chart.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

for values in role=hub role=region,region.name=north role=all,region.name=north; do
	hack/tool.sh helm lint charts/frontline --strict --quiet --set "$values"
	hack/tool.sh helm template frontline charts/frontline --namespace frontline-system --set "$values" >/dev/null
done
hack/tool.sh kustomize build config/default >/dev/null
