#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Writes the markers of controllers/hub/rbac.go and controllers/region/rbac.go
# into the roles of config/rbac, and their rules into a file of named templates of
# the chart: frontline.rules.ROLE.cluster, .install, .keys and .region, by where they
# hold.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

into=charts/frontline/templates/_rules.tpl
rm -rf config/rbac
mkdir -p config/rbac

hack/tool.sh controller-gen paths=./controllers/hub \
	rbac:roleName=frontline-hub,fileName=hub.yaml output:rbac:dir=config/rbac
hack/tool.sh controller-gen paths=./controllers/region \
	rbac:roleName=frontline-agent,fileName=agent.yaml output:rbac:dir=config/rbac

{
	echo '{{- /* Generated from config/rbac by hack/generate; do not edit. */ -}}'
	for name in hub agent; do
		awk -v name="$name" '
			/^---$/ { where = "cluster"; rules = 0; if (open) print "{{- end }}"; open = 0; next }
			/^  namespace: frontline-system$/ { where = "install" }
			/^  namespace: frontline-keys$/ { where = "keys" }
			/^  namespace: region-name$/ { where = "region" }
			rules { print }
			/^rules:$/ { printf "{{- define \"frontline.rules.%s.%s\" -}}\n", name, where; rules = 1; open = 1 }
			END { if (!open) exit 1; print "{{- end }}" }
		' "config/rbac/$name.yaml"
	done
} >"$into"
