#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Writes everything that is derived: from the types in api/v1alpha1 deepcopy
# functions, apply configurations and the CRDs in config/crd/bases; from those the
# chart's templates and the tables of docs/spec; from the markers in controllers/
# the roles in config/rbac and the chart's rules; from the chart the manifests of
# config/default.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

generate() { hack/tool.sh controller-gen "$@" paths=./api/v1alpha1; }

# Files of kinds that are gone would otherwise stay behind.
rm -rf api/v1alpha1/applyconfiguration config/crd/bases

generate object:headerFile=hack/boilerplate.go.txt
generate applyconfiguration:headerFile=hack/boilerplate.go.txt
generate crd output:crd:dir=config/crd/bases

hack/generate/chart-crds.sh
hack/generate/rbac.sh
hack/generate/kustomize.sh
go run ./hack/fields config/crd/bases docs/spec
