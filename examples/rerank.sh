#!/usr/bin/env bash
# Which of these documents answer the question best?
# URL=http://127.0.0.1:8000 KEY=... examples/rerank.sh [MODEL]
set -euo pipefail

curl --fail --silent --show-error "$URL/v1/rerank" \
  --header "authorization: Bearer $KEY" --header "content-type: application/json" \
  --data @- <<JSON
{
  "model": "${1:-ms-marco-minilm-l-12}",
  "query": "How many people live in Berlin?",
  "documents": [
    "Berlin is well known for its museums.",
    "Berlin had a population of 3,520,031 registered inhabitants in an area of 891.82 square kilometers.",
    "A trireme was rowed by 170 men in three rows."
  ],
  "top_n": 2
}
JSON
echo
