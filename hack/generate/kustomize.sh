#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Renders the chart's hub into config/default, for those who install with
# `kubectl apply -k`. The definitions come from config/crd, so that nothing is
# in the repository three times.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

{
	echo '# Generated from charts/frontline by hack/generate; do not edit.'
	hack/tool.sh helm template frontline charts/frontline \
		--namespace frontline-system \
		--set role=hub,crds.enabled=false |
		sed -e '/^# Source: /d' \
			-e '/helm\.sh\/chart:/d' \
			-e 's/app\.kubernetes\.io\/managed-by: Helm/app.kubernetes.io\/managed-by: kustomize/'
} >config/default/frontline.yaml
