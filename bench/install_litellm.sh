#!/bin/sh
# Makes .venv-litellm and .venv-litellm-newest, the environments of the proxies that make bench-gateway measures beside
# XiaoQ. Runs once; again only when a pin changes. Needs Python 3.11 and a package index; takes some minutes.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python3}

install() {
    venv="$root/$1"
    stamp="$venv/installed-pin.txt"
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$2" ]; then
        echo "$2 is in place ($1)."
        return
    fi
    echo "[litellm] $2 into $1"
    rm -f "$stamp"
    "$python" -m venv --clear "$venv"
    "$root/.venv/bin/uv" pip install --quiet --python "$venv/bin/python" "$2"
    echo "$2" >"$stamp"
}

set -- $(grep -v '^#' "$root/bench/requirements-litellm.txt")
install .venv-litellm "$1"
install .venv-litellm-newest "$2"
