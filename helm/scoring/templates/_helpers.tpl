{{- define "scoring.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* 46 characters at most: a pod's name, by which a node is known, has a hash of 10 and a suffix of 5 behind it, and 63 in all. */}}
{{- define "scoring.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 46 | trimSuffix "-" -}}
{{- else if contains (include "scoring.name" .) .Release.Name -}}
{{- .Release.Name | trunc 46 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "scoring.name" .) | trunc 46 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "scoring.selectorLabels" -}}
app.kubernetes.io/name: {{ include "scoring.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "scoring.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "scoring.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "scoring.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "scoring.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "scoring.version" -}}
{{- default .Chart.AppVersion .Values.image.tag -}}
{{- end -}}

{{- define "scoring.image" -}}
{{- printf "%s:%s" .Values.image.repository (include "scoring.version" .) -}}
{{- end -}}

{{/* What librdkafka is told besides its secrets, as JSON. The chart's own names come last: they can't be undone by accident. */}}
{{- define "scoring.kafkaClient" -}}
{{- $client := deepCopy .Values.kafka.client -}}
{{- $tls := .Values.kafka.tls -}}
{{- if and .Values.kafka.sasl.enabled $tls.enabled -}}
{{- $_ := set $client "security.protocol" "SASL_SSL" -}}
{{- else if .Values.kafka.sasl.enabled -}}
{{- $_ := set $client "security.protocol" "SASL_PLAINTEXT" -}}
{{- else if $tls.enabled -}}
{{- $_ := set $client "security.protocol" "SSL" -}}
{{- end -}}
{{- if .Values.kafka.sasl.enabled -}}
{{- $_ := set $client "sasl.mechanism" .Values.kafka.sasl.mechanism -}}
{{- end -}}
{{- if and $tls.enabled $tls.existingSecret -}}
{{- $_ := set $client "ssl.ca.location" (printf "/etc/scoring/kafka-tls/%s" $tls.caKey) -}}
{{- if $tls.certificateKey -}}
{{- $_ := set $client "ssl.certificate.location" (printf "/etc/scoring/kafka-tls/%s" $tls.certificateKey) -}}
{{- $_ := set $client "ssl.key.location" (printf "/etc/scoring/kafka-tls/%s" $tls.privateKeyKey) -}}
{{- end -}}
{{- end -}}
{{- toJson $client -}}
{{- end -}}

{{- define "scoring.claimName" -}}
{{- default (printf "%s-data" (include "scoring.fullname" .)) .Values.sqlite.existingClaim -}}
{{- end -}}

{{- define "scoring.hasClusterTls" -}}
{{- if and .Values.cluster.tls.existingSecret (not .Values.sqlite.enabled) -}}true{{- end -}}
{{- end -}}

{{/*
What would make of the nodes several services, or lose what they keep: an SQLite file is one node's, and only with sqlite.enabled does
it have a volume, and does an update stop the old node before it starts the new one.
*/}}
{{- define "scoring.refusals" -}}
{{- if and .Values.sqlite.enabled (ne (int .Values.replicas) 1) -}}
{{- fail (printf "replicas: %d nodes can't share an SQLite file; with sqlite.enabled there is 1, and more need PostgreSQL" (int .Values.replicas)) -}}
{{- end -}}
{{- range $section := list "State" "Ledger" -}}
{{- range $name, $value := get $.Values.config $section | default dict -}}
{{- if or (eq (lower $name) "path") (and (eq (lower $name) "provider") (or (eq $section "State") $.Values.sqlite.enabled (eq (lower (toString $value)) "sqlite"))) -}}
{{- fail (printf "config.%s.%s: is the chart's to set; sqlite.enabled keeps state and scores in SQLite files, for 1 node, and PostgreSQL is for any number" $section $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
How the nodes find each other, as JSON: by the pods that the API lists. More than half of them begin a cluster, so that two halves
can't begin two. By the image's version they know that an update is under way, and move no partition for balance until it is over.
*/}}
{{- define "scoring.cluster" -}}
{{- $cluster := dict "Discovery" "Kubernetes" "Hostname" "0.0.0.0" "Port" 4053 "ManagementPort" 8558 "PodPortName" "management" -}}
{{- $_ := set $cluster "PodNamespace" .Release.Namespace -}}
{{- $_ := set $cluster "PodLabelSelector" (printf "app.kubernetes.io/name=%s,app.kubernetes.io/instance=%s" (include "scoring.name" .) .Release.Name) -}}
{{- $_ := set $cluster "AppVersion" (include "scoring.version" .) -}}
{{- $_ := set $cluster "RequiredContactPoints" (add1 (div (int .Values.replicas) 2) | int) -}}
{{- /* An update adds one. */ -}}
{{- $_ := set $cluster "Members" (max 5 (add1 (int .Values.replicas)) | int) -}}
{{- if include "scoring.hasClusterTls" . -}}
{{- $_ := set $cluster "CertificatePath" (printf "/etc/scoring/cluster-tls/%s" .Values.cluster.tls.certificateKey) -}}
{{- $_ := set $cluster "CertificateKeyPath" (printf "/etc/scoring/cluster-tls/%s" .Values.cluster.tls.privateKeyKey) -}}
{{- $_ := set $cluster "CertificateAuthorityPath" (printf "/etc/scoring/cluster-tls/%s" .Values.cluster.tls.caKey) -}}
{{- else -}}
{{- $_ := set $cluster "AllowPlainRemoting" true -}}
{{- end -}}
{{- toJson $cluster -}}
{{- end -}}

{{/* appsettings.Production.json, which stands over the image's appsettings.json. */}}
{{- define "scoring.settings" -}}
{{- $chart := dict "Kafka" (dict "BootstrapServers" .Values.kafka.bootstrapServers "Client" (include "scoring.kafkaClient" . | fromJson)) -}}
{{- if .Values.sqlite.enabled -}}
{{- $_ := set $chart "State" (dict "Provider" "Sqlite" "Path" "/var/lib/scoring/state.db") -}}
{{- $_ := set $chart "Ledger" (dict "Provider" "Sqlite" "Path" "/var/lib/scoring/ledger.db") -}}
{{- $_ := set $chart "Cluster" (dict "Discovery" "Alone") -}}
{{- else -}}
{{- $_ := set $chart "State" (dict "Provider" "Postgres") -}}
{{- $_ := set $chart "Cluster" (include "scoring.cluster" . | fromJson) -}}
{{- end -}}
{{- if .Values.model.path -}}
{{- $_ := set $chart "Model" (dict "Path" (ternary (printf "/models/%s" .Values.model.path) .Values.model.path (not (empty .Values.model.volume)))) -}}
{{- end -}}
{{- if .Values.features.path -}}
{{- $_ := set $chart "Features" (dict "Path" (ternary (printf "/features/%s" .Values.features.path) .Values.features.path (not (empty .Values.features.volume)))) -}}
{{- end -}}
{{- $settings := dict "Logging" (dict "LogLevel" (dict "Default" .Values.logLevel)) "Scoring" (mergeOverwrite (deepCopy .Values.config) $chart) -}}
{{- toPrettyJson $settings -}}
{{- end -}}
