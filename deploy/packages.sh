#!/bin/sh
# Installs the Debian packages that are named and missing, where it may: as root, or with a sudo
# that asks no password. Otherwise says what is missing, and fails.
#     sh deploy/packages.sh nginx redis-server
set -u

# Debian keeps nginx off the path of ordinary users, and PostgreSQL in a folder a version.
PATH="$PATH:/usr/sbin:/sbin"
for folder in /usr/lib/postgresql/*/bin; do PATH="$PATH:$folder"; done

have() { command -v "$1" >/dev/null 2>&1; }

present() {
    case $1 in
        chromium) have chromium || have chromium-browser || have google-chrome ;;
        chromium-driver) have chromedriver ;;
        libc6-dev) [ -e /usr/include/stdio.h ] ;;
        libnginx-mod-nchan) [ -e /usr/lib/nginx/modules/ngx_nchan_module.so ] ;;
        nodejs) have node ;;
        postgresql) have postgres ;;
        python3-venv) "${PYTHON:-python3}" -c 'import ensurepip' 2>/dev/null ;;
        *) have "$1" ;;
    esac
}

missing=""
for package in "$@"; do present "$package" || missing="$missing $package"; done
[ -z "$missing" ] && exit 0

refuse() {
    echo "Missing, and not installed for want of $1:$missing" >&2
    exit 1
}
have apt-get || refuse apt-get
if [ "$(id -u)" = 0 ]; then
    as_root=""
elif have sudo && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    refuse "root (apt-get install$missing)"
fi

echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Debian starts services of its own for some of them; ours run beside those, on other ports.
if ! { $as_root apt-get update -q && $as_root apt-get install -y -q --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "Not installed:$missing" >&2
    exit 1
fi
