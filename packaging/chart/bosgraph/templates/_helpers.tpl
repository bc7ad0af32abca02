{{- define "bosgraph.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "bosgraph.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains (include "bosgraph.name" .) .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "bosgraph.name" .) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "bosgraph.labels" -}}
{{ include "bosgraph.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- define "bosgraph.selector" -}}
app.kubernetes.io/name: {{ include "bosgraph.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "bosgraph.serverSelector" -}}
{{ include "bosgraph.selector" . }}
app.kubernetes.io/component: server
{{- end -}}

{{- define "bosgraph.redisSelector" -}}
{{ include "bosgraph.selector" . }}
app.kubernetes.io/component: redis
{{- end -}}

{{/* What the restricted pod security standard asks for. */}}
{{- define "bosgraph.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* Names under which clients address the server. */}}
{{- define "bosgraph.hosts" -}}
{{- $hosts := list -}}
{{- range $name := list (include "bosgraph.fullname" .) (printf "%s-metrics" (include "bosgraph.fullname" .)) -}}
{{- $service := printf "%s.%s" $name $.Release.Namespace -}}
{{- $hosts = concat $hosts (list $name $service (printf "%s.svc" $service) (printf "%s.svc.cluster.local" $service)) -}}
{{- end -}}
{{- if .Values.ingress.enabled -}}
{{- $hosts = concat $hosts .Values.ingress.hosts -}}
{{- end -}}
{{- concat $hosts .Values.allowHosts | uniq | join "," -}}
{{- end -}}

{{/* Values with which bosgraph would not start, or would lose data. */}}
{{- define "bosgraph.check" -}}
{{- $known := .Files.Lines "variables.txt" -}}
{{- range $kind, $given := dict "options" .Values.options "files" .Values.files -}}
{{- range $name := keys $given | sortAlpha -}}
{{- if not (has $name $known) -}}
{{- fail (printf "%s.%s: bosgraph serve has no option with this variable, see docs/options.md" $kind $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $auth := index .Values.options "BOSGRAPH_AUTH" | default "none" -}}
{{- if and (eq $auth "none") (ne (index .Values.options "BOSGRAPH_INSECURE" | default "" | toString) "true") -}}
{{- fail "options.BOSGRAPH_AUTH is missing: set it to tokens or oidc, or set BOSGRAPH_INSECURE to \"true\" if everybody may read and change everything" -}}
{{- end -}}
{{- if and (eq $auth "tokens") (not (index .Values.files "BOSGRAPH_TOKEN_FILE")) -}}
{{- fail "files.BOSGRAPH_TOKEN_FILE is missing: say which Secret has the digests of the tokens" -}}
{{- end -}}
{{- $several := ternary (gt (int .Values.autoscaling.maxReplicas) 1) (gt (int .Values.replicaCount) 1) .Values.autoscaling.enabled -}}
{{- if and (ne $auth "none") $several (not (index .Values.files "BOSGRAPH_LOGIN_KEY_FILE")) -}}
{{- fail "files.BOSGRAPH_LOGIN_KEY_FILE is missing: say which Secret has the key that all replicas seal logins with, or run one replica" -}}
{{- end -}}
{{- range $name := list "BOSGRAPH_LISTEN" "BOSGRAPH_METRICS_LISTEN" "BOSGRAPH_BASE_PATH" "BOSGRAPH_ALLOW_HOST" "BOSGRAPH_REDIS_URL" "BOSGRAPH_DATA_DIR" "BOSGRAPH_DATA_DIR_MEMORY" -}}
{{- if hasKey $.Values.options $name -}}
{{- fail (printf "options.%s is set by the chart: use basePath, allowHosts or redis" $name) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.redis.enabled (or .Values.redis.url .Values.redis.urlSecret.name) -}}
{{- fail "redis.url or redis.urlSecret.name is set, and redis.enabled as well: set redis.enabled to false to use that Redis instead of one of the chart" -}}
{{- end -}}
{{- if and (not .Values.redis.enabled) (not .Values.redis.url) (not .Values.redis.urlSecret.name) -}}
{{- fail "redis.url or redis.urlSecret.name is missing: replicas share a Redis" -}}
{{- end -}}
{{- end -}}
