#!/bin/sh
# Installs what the tests need beside Python, where it may: Debian's packages, as root or with a
# sudo that asks no password. Otherwise says what is missing; the tests that need it say so too.
set -u

missing=""
have() { command -v "$1" >/dev/null 2>&1; }
want() { have "$1" || missing="$missing $2"; }

want redis-server redis-server
want curl curl
have chromium || have chromium-browser || have google-chrome || missing="$missing chromium"
want chromedriver chromium-driver
# Debian keeps its programs off the path, in a folder a version.
have postgres || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
"${PYTHON:-python3}" -c 'import ensurepip' 2>/dev/null || missing="$missing python3-venv"
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=""
elif have sudo && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "Missing, and not installed for want of root:$missing" >&2
    exit 0
fi
if ! have apt-get; then
    echo "Missing, and not installed for want of apt-get:$missing" >&2
    exit 0
fi

echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
# redis-server and postgresql are only needed as programs: the tests start their own on free ports.
if ! { $as_root apt-get update -q && $as_root apt-get install -y -q --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "Not installed:$missing" >&2
fi
rm -f "$log"
exit 0
