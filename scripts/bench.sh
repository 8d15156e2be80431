#!/usr/bin/env bash
# Measures the release build beside other programs on the same work, each part in one interleaved run, and writes
# docs/performance.json, the tables in docs/performance.md and the plots in docs/images. Needs root.
#
#   bench.sh [PART…]   tunnel (ztunnels beside Envoys, 8 minutes), waypoint (beside Envoy, 5), names (the name server beside
#                      unbound, 1), plots (from what was measured); all of them unless some are said
#
# PAIRS (5) pairs of rounds of ROUND_SECONDS (3) each, IDLE_SECONDS (10) of silence, WORKER_THREADS (1) in each proxy.
# BENCH_JSON, BENCH_PAGE and BENCH_IMAGES name other files and directory to write, for a try. TULLE_ZTUNNEL,
# TULLE_WAYPOINT, TULLE_TULLED and TULLE_CLI name programs that are built already.
set -euo pipefail
cd "$(dirname "$0")/.."
parts=("$@")
if [ "${#parts[@]}" -eq 0 ]; then parts=(tunnel waypoint names plots); fi
for part in "${parts[@]}"; do
    case "$part" in
        tunnel | waypoint | names | plots) ;;
        *) echo "bench: no part is called $part; there are tunnel, waypoint, names and plots" >&2 && exit 64 ;;
    esac
done
has() { [[ " ${parts[*]} " == *" $1 "* ]]; }
export BENCH_JSON="${BENCH_JSON:-docs/performance.json}"
child=
build=
cleanup() { if [ -n "$build" ]; then rm -rf "$build"; fi; }
trap cleanup EXIT
# Who is told to end takes along what it made.
trap 'if [ -n "$child" ]; then kill -TERM "$child" 2>/dev/null; fi' INT TERM

data_plane() { # VARIABLE NAME
    if [ -z "${!1:-}" ]; then
        scripts/build-release.sh "$2"
        export "$1=$PWD/out/$2"
    fi
    if readelf -l "${!1}" | grep -q INTERP; then
        echo "bench: ${!1} is linked dynamically: its memory is not that of the release binary" >&2
    fi
}

# The control plane gives the waypoint its state before anything is measured: a debug build does.
control_plane() { # VARIABLE NAME
    if [ -z "${!1:-}" ]; then
        swift build --product "$2"
        export "$1=$PWD/.build/debug/$2"
    fi
}

measure() { # PROGRAM OPTIONS…
    local as_root=() status=0
    if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n --preserve-env); fi
    PATH="$PWD/.venv/bin:$PATH" "${as_root[@]}" .venv/bin/python "$@" \
        --threads "${WORKER_THREADS:-1}" --seconds "${ROUND_SECONDS:-3}" --pairs "${PAIRS:-5}" \
        --idle-seconds "${IDLE_SECONDS:-10}" --json "$BENCH_JSON" --page "${BENCH_PAGE:-docs/performance.md}" &
    child=$!
    wait "$child" || status=$?
    while kill -0 "$child" 2>/dev/null; do wait "$child" || status=$?; done
    child=
    if [ "$status" -ne 0 ]; then exit "$status"; fi
}

tunnel() {
    local compiler='' each
    for each in "${CC:-cc}" gcc clang; do
        if command -v "$each" >/dev/null; then compiler=$each && break; fi
    done
    if [ -z "$compiler" ]; then
        echo "bench: no C compiler for the load driver; install gcc, or set CC" >&2
        exit 69
    fi
    build=$(mktemp -d)
    # Root may be another user, who must be able to start it.
    chmod 755 "$build"
    "$compiler" -D_GNU_SOURCE -O2 -Wall -Wextra -o "$build/driver" Benchmarks/Tunnel/*.c
    measure Benchmarks/Tunnel/bench.py --driver "$build/driver"
}

plots() {
    local stamp=.venv-bench/requirements.installed
    if ! cmp -s scripts/requirements-bench.txt "$stamp"; then
        python3 -m venv --clear .venv-bench
        .venv-bench/bin/pip install --quiet --disable-pip-version-check --no-deps -r scripts/requirements-bench.txt
        cp scripts/requirements-bench.txt "$stamp"
    fi
    .venv-bench/bin/python Benchmarks/Plots/plots.py "$BENCH_JSON" "${BENCH_IMAGES:-docs/images}"
}

if has tunnel || has waypoint || has names; then
    scripts/setup.sh bench
    data_plane TULLE_ZTUNNEL ztunnel
fi
if has waypoint; then
    data_plane TULLE_WAYPOINT waypoint
    control_plane TULLE_TULLED tulled
    control_plane TULLE_CLI tulle
fi
if has tunnel; then tunnel; fi
if has waypoint; then measure Benchmarks/Waypoint/bench.py; fi
if has names; then measure Benchmarks/Names/bench.py; fi
if has plots; then plots; fi
