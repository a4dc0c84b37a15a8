#!/bin/sh
# Installs those of the given Debian packages that are missing. It needs root, or a sudo that asks
# for no password. Otherwise it prints what is missing and fails.
#     sh deploy/packages.sh nginx redis-server
set -u

# Debian puts nginx into /usr/sbin, which is not on the PATH of ordinary users, and PostgreSQL into
# one folder per version.
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
    echo "Missing packages:$missing. Installing them needs $1." >&2
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
# Debian starts services of some packages (nginx, Redis). Ours use other ports.
if ! { $as_root apt-get update -q && $as_root apt-get install -y -q --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "Not installed:$missing" >&2
    exit 1
fi
