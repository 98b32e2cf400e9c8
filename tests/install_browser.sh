#!/bin/sh
# The browser tests drive Debian's chromium: installs it where this user may, else says what is missing.
set -eu
if command -v chromium >/dev/null && fc-list :lang=zh 2>/dev/null | grep -q .; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing chromium and a Chinese font ..."
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk fontconfig >/dev/null
else
    echo "The browser tests need chromium and a Chinese font: sudo apt-get install chromium fonts-noto-cjk" >&2
fi
