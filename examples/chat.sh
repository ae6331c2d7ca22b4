#!/usr/bin/env bash
# Asks a model, whole and in pieces.
# URL=http://127.0.0.1:8000 KEY=... examples/chat.sh [MODEL]
set -euo pipefail

ask() {
  curl --fail --silent --show-error --no-buffer "$URL/v1/chat/completions" \
    --header "authorization: Bearer $KEY" --header "content-type: application/json" \
    --data "{\"model\": \"$1\", \"messages\": [{\"role\": \"user\", \"content\": \"Who rowed a trireme?\"}], \"stream\": $2}"
  echo
}

ask "${1:-smollm2-135m-instruct}" false
ask "${1:-smollm2-135m-instruct}" true
