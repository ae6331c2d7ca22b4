# Shared first step of every script: a virtual environment at .venv with pinned packages.
# Usage: `. scripts/_setup.sh EXTRA[,EXTRA...]` from anywhere. Idempotent; the second time is instant.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
venv="$root/.venv"

_python() {  # the first interpreter of a supported version
  local candidate
  for candidate in "${PYTHON:-}" python3.11 python3 python3.12 python3.13; do
    [ -n "$candidate" ] && command -v "$candidate" >/dev/null || continue
    "$candidate" -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || continue
    echo "$candidate"
    return
  done
  echo "trireme needs Python 3.11, 3.12 or 3.13 with venv; none was found on PATH (PYTHON names another)" >&2
  return 1
}

_stamp() {  # what is installed, in one word: the extras and the files that pin them
  { echo "$1"; cat pyproject.toml constraints.txt; } | sha256sum | cut -c1-16
}

_setup() {
  local extras=$1 stamp
  stamp="$venv/.trireme-${extras//,/-}"
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(_stamp "$extras")" ] && return
  echo "setting up .venv for [$extras]: about 2 GB, a few minutes the first time" >&2
  local python
  python=$(_python)
  [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --progress-bar on \
    --constraint constraints.txt --editable ".[$extras]" >&2
  _stamp "$extras" > "$stamp"
  echo "set-up done" >&2
}

_setup "$1"
export VIRTUAL_ENV="$venv" PATH="$venv/bin:$PATH"
