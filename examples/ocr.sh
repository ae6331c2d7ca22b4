#!/usr/bin/env bash
# Reads a document: a PDF or an image.
# URL=http://127.0.0.1:8000 KEY=... examples/ocr.sh report.pdf [MODEL]
set -euo pipefail

{
  printf '{"model": "%s", "document": {"type": "document_url", "document_url": "data:;base64,' "${2:-pp-ocrv4}"
  base64 --wrap=0 "$1"
  printf '"}}'
} | curl --fail --silent --show-error "$URL/v1/ocr" \
  --header "authorization: Bearer $KEY" --header "content-type: application/json" --data @-
echo
