{{- /* Generated from config/rbac by hack/generate; do not edit. */ -}}
{{- define "frontline.rules.hub.cluster" -}}
- apiGroups:
  - ""
  resources:
  - namespaces
  verbs:
  - create
  - get
  - list
  - patch
  - watch
- apiGroups:
  - screening.frontline.dev
  resources:
  - approvals
  - recordrequests
  - regionalclusters
  verbs:
  - get
  - list
  - watch
- apiGroups:
  - screening.frontline.dev
  resources:
  - approvals/status
  - borderposts/status
  - matcherpools/status
  - recordrequests/status
  - regionalclusters/status
  - watchlistfeeds/status
  - watchlistreleases/status
  - watchlistreplicas/status
  verbs:
  - patch
- apiGroups:
  - screening.frontline.dev
  resources:
  - borderposts
  - matcherpools
  - watchlistfeeds
  verbs:
  - get
  - list
  - patch
  - watch
- apiGroups:
  - screening.frontline.dev
  resources:
  - watchlistfeeds/finalizers
  verbs:
  - update
- apiGroups:
  - screening.frontline.dev
  resources:
  - watchlistreleases
  verbs:
  - create
  - delete
  - get
  - list
  - watch
- apiGroups:
  - screening.frontline.dev
  resources:
  - watchlistreplicas
  verbs:
  - create
  - delete
  - get
  - list
  - patch
  - watch
{{- end }}
{{- define "frontline.rules.hub.keys" -}}
- apiGroups:
  - ""
  resources:
  - secrets
  verbs:
  - create
  - get
  - update
{{- end }}
{{- define "frontline.rules.hub.install" -}}
- apiGroups:
  - ""
  resources:
  - secrets
  verbs:
  - create
  - get
  - update
- apiGroups:
  - coordination.k8s.io
  resources:
  - leases
  verbs:
  - create
  - get
  - list
  - update
  - watch
{{- end }}
{{- define "frontline.rules.agent.keys" -}}
- apiGroups:
  - ""
  resourceNames:
  - frontline-region
  resources:
  - secrets
  verbs:
  - create
  - get
  - patch
{{- end }}
{{- define "frontline.rules.agent.install" -}}
- apiGroups:
  - ""
  resourceNames:
  - frontline-invitation
  resources:
  - secrets
  verbs:
  - get
- apiGroups:
  - ""
  resourceNames:
  - frontline-registry-tls
  resources:
  - secrets
  verbs:
  - create
  - get
  - patch
{{- end }}
{{- define "frontline.rules.agent.region" -}}
- apiGroups:
  - ""
  resources:
  - namespaces
  verbs:
  - get
- apiGroups:
  - ""
  resources:
  - pods
  verbs:
  - get
  - list
  - watch
- apiGroups:
  - ""
  resources:
  - secrets
  verbs:
  - create
  - delete
  - get
  - patch
- apiGroups:
  - ""
  resources:
  - serviceaccounts
  - services
  verbs:
  - create
  - delete
  - get
  - list
  - patch
  - watch
- apiGroups:
  - apps
  resources:
  - deployments
  verbs:
  - create
  - delete
  - get
  - list
  - patch
  - update
  - watch
- apiGroups:
  - networking.k8s.io
  resources:
  - networkpolicies
  verbs:
  - create
  - delete
  - get
  - list
  - patch
  - watch
- apiGroups:
  - policy
  resources:
  - poddisruptionbudgets
  verbs:
  - create
  - delete
  - get
  - list
  - patch
  - watch
- apiGroups:
  - screening.frontline.dev
  resources:
  - borderposts
  - matcherpools
  - watchlistreplicas
  verbs:
  - create
  - delete
  - get
  - list
  - patch
  - watch
- apiGroups:
  - screening.frontline.dev
  resources:
  - borderposts/status
  - matcherpools/status
  - regionterms/status
  - watchlistreplicas/status
  verbs:
  - patch
- apiGroups:
  - screening.frontline.dev
  resources:
  - regionterms
  verbs:
  - get
  - list
  - watch
{{- end }}
