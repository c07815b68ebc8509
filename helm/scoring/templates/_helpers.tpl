{{- define "scoring.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* 52 characters at most: a StatefulSet's pods carry it in a label with a hash of 10 behind it. */}}
{{- define "scoring.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains (include "scoring.name" .) .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "scoring.name" .) | trunc 52 | trimSuffix "-" -}}
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

{{- define "scoring.image" -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
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

{{/*
How the nodes find each other, as JSON: by the names that the StatefulSet gives them. More than half of them begin a cluster, so
that two halves can't begin two.
*/}}
{{- define "scoring.cluster" -}}
{{- $points := list -}}
{{- range $ordinal := until (int .Values.replicas) -}}
{{- $points = append $points (printf "%s-%d.%s-nodes.%s.svc:8558" (include "scoring.fullname" $) $ordinal (include "scoring.fullname" $) $.Release.Namespace) -}}
{{- end -}}
{{- $cluster := dict "Discovery" "ContactPoints" "Hostname" "0.0.0.0" "Port" 4053 "ManagementPort" 8558 "ContactPoints" $points -}}
{{- $_ := set $cluster "RequiredContactPoints" (add1 (div (int .Values.replicas) 2) | int) -}}
{{- $_ := set $cluster "Members" (max 5 (add1 (int .Values.replicas)) | int) -}}
{{- if .Values.cluster.tls.existingSecret -}}
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
{{- $_ := set $chart "State" (dict "Provider" "Postgres") -}}
{{- $_ := set $chart "Cluster" (include "scoring.cluster" . | fromJson) -}}
{{- if .Values.model.path -}}
{{- $_ := set $chart "Model" (dict "Path" (ternary (printf "/models/%s" .Values.model.path) .Values.model.path (not (empty .Values.model.volume)))) -}}
{{- end -}}
{{- if .Values.features.path -}}
{{- $_ := set $chart "Features" (dict "Path" (ternary (printf "/features/%s" .Values.features.path) .Values.features.path (not (empty .Values.features.volume)))) -}}
{{- end -}}
{{- $settings := dict "Logging" (dict "LogLevel" (dict "Default" .Values.logLevel)) "Scoring" (mergeOverwrite (deepCopy .Values.config) $chart) -}}
{{- toPrettyJson $settings -}}
{{- end -}}

{{/*
How long Kubernetes waits before it kills a node, in seconds. The stop is 2 s for waiting calls, the hand-over of all shards
(Source.RevocationTimeout), and the outputs' and the checkpoint's acknowledgement; 10 s over the hand-over hold the rest.
*/}}
{{- define "scoring.gracePeriodSeconds" -}}
{{- $handOver := dig "Source" "RevocationTimeout" "2s" .Values.config | toString -}}
{{- $seconds := 0 -}}
{{- if regexMatch "^[0-9]+:[0-9]{2}:[0-9]{2}([.][0-9]+)?$" $handOver -}}
{{- $parts := splitList ":" $handOver -}}
{{- $seconds = add (mul 3600 (index $parts 0 | atoi)) (mul 60 (index $parts 1 | atoi)) (index (splitList "." (index $parts 2)) 0 | atoi) -}}
{{- else if regexMatch "^[0-9]+([.][0-9]+)?(ms|s|m)$" $handOver -}}
{{- $unit := regexFind "[a-z]+$" $handOver -}}
{{- $number := trimSuffix $unit $handOver | float64 -}}
{{- $seconds = floor (divf (mulf $number (get (dict "ms" 1 "s" 1000 "m" 60000) $unit)) 1000) | int -}}
{{- else -}}
{{- fail (printf "config.Source.RevocationTimeout: %s is no duration; write 2s or 00:00:02" $handOver) -}}
{{- end -}}
{{- $least := add 10 1 $seconds -}}
{{- if lt (int .Values.stopSeconds) (int $least) -}}
{{- fail (printf "stopSeconds: %d is too short for config.Source.RevocationTimeout %s; at least %d are wanted" (int .Values.stopSeconds) $handOver $least) -}}
{{- end -}}
{{- add .Values.preStopSeconds .Values.stopSeconds -}}
{{- end -}}
