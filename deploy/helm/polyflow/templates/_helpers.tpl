{{- define "polyflow.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What selects pods: never changed by an upgrade. */}}
{{- define "polyflow.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "polyflow.labels" -}}
{{ include "polyflow.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "polyflow.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{/* What the restricted pod security standard asks for. */}}
{{- define "polyflow.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "polyflow.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/*
The variables of something that talks to Kafka: of (list $ OWN), those of Kafka that are not among OWN's.
*/}}
{{- define "polyflow.kafkaEnvironment" -}}
{{- $own := index . 1 }}
{{- with index . 0 }}
- name: POLYFLOW_BROKERS
  value: {{ required "kafka.bootstrapServers is required: host:port[,host:port]" .Values.kafka.bootstrapServers | quote }}
{{- with .Values.kafka.prefix }}
- name: POLYFLOW_PREFIX
  value: {{ . | quote }}
{{- end }}
{{- $plain := default dict .Values.kafka.environment }}
{{- $secret := default dict .Values.kafka.secrets }}
{{- range concat (keys (default dict $own.environment)) (keys (default dict $own.secrets)) }}
{{- $plain = omit $plain . }}
{{- $secret = omit $secret . }}
{{- end }}
{{- include "polyflow.environment" (dict "environment" $plain "secrets" $secret) }}
{{- end }}
{{- end -}}

{{/* Plain variables and those of secrets, of anything that has `environment` and `secrets`. */}}
{{- define "polyflow.environment" -}}
{{- range $name, $value := .environment }}
- name: {{ $name }}
  {{- /* Helm reads numbers of a file as floats, and would write 1e+06 for a million. */}}
  {{- if and (kindIs "float64" $value) (eq $value (floor $value)) }}
  value: {{ $value | int64 | quote }}
  {{- else }}
  value: {{ $value | quote }}
  {{- end }}
{{- end }}
{{- range $name, $from := .secrets }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef: {name: {{ $from.name }}, key: {{ $from.key }}}
{{- end }}
{{- end -}}

{{- define "polyflow.volumeMounts" -}}
- {name: tmp, mountPath: /tmp}
- {name: home, mountPath: /var/lib/polyflow}
{{- with .Values.kafka.files }}
{{- if .secret }}
- {name: kafka, mountPath: {{ .mountPath }}, readOnly: true}
{{- end }}
{{- end }}
{{- end -}}

{{- define "polyflow.kafkaVolume" -}}
{{- with .Values.kafka.files.secret }}
- name: kafka
  secret: {secretName: {{ . }}, defaultMode: 288}
{{- end }}
{{- end -}}

{{/* The clusters that commands may go to. */}}
{{- define "polyflow.clusters" -}}
{{ prepend .Values.otherClusters .Values.cluster.name | join "," }}
{{- end -}}
