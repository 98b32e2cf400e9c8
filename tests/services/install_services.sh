#!/bin/sh
# The tests of shared limits start a real Redis, those of clock jumps need libfaketime: installs both from Debian where
# this user may, else says what is missing; those tests then skip and say so.
set -eu
have_faketime() { ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1; }
if command -v redis-server >/dev/null && have_faketime; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing redis-server and libfaketime ..."
    apt-get update -qq
    # Under run level 1 Debian does not start the server it installs: the tests start their own.
    DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq redis-server libfaketime >/dev/null
else
    echo "Some tests need Redis and libfaketime: sudo apt-get install redis-server libfaketime" >&2
fi
