{{/* SPDX-License-Identifier: Apache-2.0 */}}

{{/*
Names are fixed, not derived from the release: certificates, Secrets and the
pods of the region refer to them. Hence one installation in a namespace.
*/}}

{{- define "frontline.labels" -}}
app.kubernetes.io/name: frontline
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: frontline
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Takes (dict "root" $ "component" NAME). */}}
{{- define "frontline.selector" -}}
app.kubernetes.io/name: frontline
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "frontline.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* The component that runs the agent in this role. */}}
{{- define "frontline.agentComponent" -}}
{{ eq .Values.role "all" | ternary "all" "agent" }}
{{- end }}

{{/* The name by which the API server knows the hub, the agent, or both in one. */}}
{{- define "frontline.account" -}}
system:serviceaccount:{{ .Release.Namespace }}:frontline-{{ eq .Values.role "region" | ternary "agent" .Values.role }}
{{- end }}

{{/* Who empties a namespace that somebody deleted; with --use-service-account-credentials the first. */}}
{{- define "frontline.namespaceControllers" -}}
'system:serviceaccount:kube-system:namespace-controller', 'system:kube-controller-manager'
{{- end }}

{{/*
Binds the policy of the same name; takes (dict "root" $ "name" NAME "namespace"
NAMESPACE), without a namespace for all. A namespace is chosen by the label that
nobody can change. What is refused stands in the audit log too.
*/}}
{{- define "frontline.policyBinding" -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ .name }}
  labels:
    {{- include "frontline.labels" .root | nindent 4 }}
spec:
  policyName: {{ .name }}
  validationActions: [Deny, Audit]
  {{- with .namespace }}
  matchResources:
    namespaceSelector:
      matchLabels: {kubernetes.io/metadata.name: {{ . }}}
  {{- end }}
{{- end }}

{{- define "frontline.runsHub" -}}
{{- if has .Values.role (list "hub" "all") }}true{{ end -}}
{{- end }}
{{- define "frontline.runsAgent" -}}
{{- if has .Values.role (list "region" "all") }}true{{ end -}}
{{- end }}

{{- define "frontline.regionNamespace" -}}
region-{{ required "region.name is needed for the roles region and all: set it to the name of the RegionalCluster" .Values.region.name }}
{{- end }}

{{/*
The namespace of the Secret that makes the region itself: where hub and region are
one process, that of the hub's keys.
*/}}
{{- define "frontline.regionKeyNamespace" -}}
{{- if eq .Values.role "all" -}}
{{ .Values.hub.keyNamespace | default .Release.Namespace }}
{{- else -}}
{{ .Values.region.keyNamespace.name | default (printf "frontline-keys-%s" .Values.region.name | trunc 63 | trimSuffix "-") }}
{{- end -}}
{{- end }}

{{/* A namespace that is kept when the release is uninstalled; takes (dict "root" $ "name" NAME "labels" YAML). */}}
{{- define "frontline.keptNamespace" -}}
{{- /* One that somebody else made, as `frontline region join` does, stays theirs. */}}
{{- $present := lookup "v1" "Namespace" "" .name }}
{{- $owner := dig "metadata" "annotations" "meta.helm.sh/release-name" "" $present }}
{{- if or (not $present) (eq $owner .root.Release.Name) }}
apiVersion: v1
kind: Namespace
metadata:
  name: {{ .name }}
  labels:
    {{- include "frontline.labels" .root | nindent 4 }}
    {{- with .labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    # As hub and `frontline region join` spell it: the version that this chart was
    # tested with, so that an upgrade of the cluster refuses no running template.
    {{- range list "enforce" "audit" "warn" }}
    pod-security.kubernetes.io/{{ . }}: restricted
    pod-security.kubernetes.io/{{ . }}-version: v1.36
    {{- end }}
  annotations:
    # What screens people, and what makes a region itself, is not taken away with the operator.
    helm.sh/resource-policy: keep
{{- end }}
{{- end }}

{{- define "frontline.registryURL" -}}
{{- with .Values.registry.external.url }}
{{- if ne $.Values.role "hub" }}
{{- fail "registry.external is for the role hub: a region keeps its copies in Frontline's own registry" }}
{{- end }}
{{- . }}
{{- else -}}
https://frontline-registry.{{ .Release.Namespace }}.svc:5000
{{- end }}
{{- end }}

{{/* Flags of the hub's gateway, which a hub with a local region does not have. */}}
{{- define "frontline.gatewayArgs" -}}
- --gateway-bind=:8443
- --gateway-address={{ .Values.hub.gateway.address | default (printf "frontline-gateway.%s.svc:%v" .Release.Namespace .Values.hub.gateway.service.port) }}
{{- if .Values.registry.external.url }}
- --registry-credential=/etc/frontline/registry
{{- if .Values.registry.external.caKey }}
- --registry-ca=/etc/frontline/registry/{{ .Values.registry.external.caKey }}
{{- end }}
{{- end }}
{{- with .Values.hub.gateway.downloadBytesPerSecond }}
- --download-bytes-per-second={{ int64 . }}
{{- end }}
{{- end }}

{{/* Flags that hub and all share. */}}
{{- define "frontline.hubArgs" -}}
{{- $elect := and (eq .Values.role "hub") .Values.hub.leaderElection }}
- --leader-elect={{ $elect }}
{{- if $elect }}
- --leader-lease={{ .Values.hub.lease.duration }}
- --leader-renew-deadline={{ .Values.hub.lease.renewDeadline }}
- --leader-retry={{ .Values.hub.lease.retry }}
- --advertise-ip=$(POD_IP)
{{- end }}
- --timestamp-interval={{ .Values.hub.timestamps.interval }}
- --timestamp-lifetime={{ .Values.hub.timestamps.lifetime }}
{{- with .Values.hub.keyNamespace }}
- --key-namespace={{ . }}
{{- end }}
{{- if .Values.hub.allowPrivateSources }}
- --allow-private-sources
{{- end }}
{{- end }}

{{/* Where a hub keeps lists in plain form while it works on them: in memory alone. */}}
{{- define "frontline.contentVolume" -}}
- name: content
  emptyDir: {medium: Memory, sizeLimit: {{ .Values.hub.content.size }}}
{{- end }}

{{/* Flags that agent and all share. */}}
{{- define "frontline.agentArgs" -}}
- --region={{ .Values.region.name }}
- --bind=:9443
- --image={{ include "frontline.image" . }}
- --engine-image={{ .Values.agent.engineImage | default (include "frontline.image" .) }}
{{- with .Values.agent.matcherPriority.className }}
- --priority-class={{ . }}
{{- end }}
{{- end }}

{{/* Flags that hub, agent and all share. */}}
{{- define "frontline.commonArgs" -}}
- --install-namespace={{ .Release.Namespace }}
- --registry={{ include "frontline.registryURL" . }}
- --state-dir=/var/lib/frontline
- --metrics-bind=:8080
- --health-bind=:8081
- --log-level={{ .Values.logLevel }}
{{- end }}

{{- define "frontline.podMetadata" -}}
labels:
  {{- include "frontline.labels" .root | nindent 2 }}
  app.kubernetes.io/component: {{ .component }}
  {{- with .root.Values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .root.Values.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What all pods have in common; passes Pod Security restricted. */}}
{{- define "frontline.podSpec" -}}
enableServiceLinks: false
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* What all containers have in common. */}}
{{- define "frontline.container" -}}
image: {{ include "frontline.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities: {drop: [ALL]}
  seccompProfile: {type: RuntimeDefault}
livenessProbe:
  httpGet: {path: /livez, port: health}
  periodSeconds: 10
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: health}
  periodSeconds: 5
{{- end }}

{{/* A claim of a StatefulSet; takes a `persistence` value. */}}
{{- define "frontline.claimSpec" -}}
accessModes: [ReadWriteOnce]
{{- with .storageClass }}
storageClassName: {{ . }}
{{- end }}
resources:
  requests: {storage: {{ .size }}}
{{- end }}
