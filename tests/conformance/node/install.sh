#!/bin/sh
# Installs OpenAI's client for JavaScript beside its lock, for the tests that ask XiaoQ through it. Needs Node 20 and npm;
# where they are missing, those tests are skipped and say so.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
stamp="$here/node_modules/installed-lock.json"

if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
    echo "No node here: the tests with OpenAI's JavaScript client will be skipped. On Debian: apt-get install nodejs npm"
    exit 0
fi
if [ -f "$stamp" ] && cmp -s "$here/package-lock.json" "$stamp"; then
    echo "OpenAI's JavaScript client is in place."
    exit 0
fi
npm ci --prefix "$here" --ignore-scripts --no-audit --no-fund
cp "$here/package-lock.json" "$stamp"
