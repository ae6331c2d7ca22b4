#!/usr/bin/env bash
# Builds a model beside what serves, shows what was measured, and asks it for a vector.
# URL=http://127.0.0.1:8000 KEY=... examples/add_model.sh SOURCE NAME [option of `trireme models add`]...
set -euo pipefail

source=$1 name=$2
shift 2

trireme models add "$source" --name "$name" --task embedding --data "${DATA:-data}" "$@"
trireme models show "$name" --data "${DATA:-data}"

curl --fail --silent --show-error "$URL/text-vectorisation" \
  --header "x-api-key: $KEY" --header "content-type: application/json" \
  --data "{\"text\": \"a galley with three rows of oars\", \"model\": \"$name\"}"
echo
