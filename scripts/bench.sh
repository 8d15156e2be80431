#!/usr/bin/env bash
# Measures the release build's ztunnels beside a pair of Envoys on the same work, in one interleaved run of about eight
# minutes. Writes docs/performance.json, and its table into docs/performance.md. Needs root.
#
# PAIRS (5) pairs of rounds of ROUND_SECONDS (3) each, IDLE_SECONDS (10) of silence, WORKER_THREADS (1) in each proxy.
# BENCH_JSON and BENCH_PAGE name other files to write, for a try. TULLE_ZTUNNEL names another ztunnel.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
if [ -z "${TULLE_ZTUNNEL:-}" ]; then
    scripts/build-release.sh ztunnel
    export TULLE_ZTUNNEL="$PWD/out/ztunnel"
fi
if readelf -l "$TULLE_ZTUNNEL" | grep -q INTERP; then
    echo "bench: $TULLE_ZTUNNEL is linked dynamically: its memory is not that of the release binary" >&2
fi

compiler=
for each in "${CC:-cc}" gcc clang; do
    if command -v "$each" >/dev/null; then compiler=$each && break; fi
done
if [ -z "$compiler" ]; then
    echo "bench: no C compiler for the load driver; install gcc, or set CC" >&2
    exit 69
fi
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
# Root may be another user, who must be able to start it.
chmod 755 "$build"
"$compiler" -D_GNU_SOURCE -O2 -Wall -Wextra -o "$build/driver" Benchmarks/Tunnel/*.c

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n --preserve-env); fi
export PATH="$PWD/.venv/bin:$PATH"
"${as_root[@]}" .venv/bin/python Benchmarks/Tunnel/bench.py --driver "$build/driver" \
    --threads "${WORKER_THREADS:-1}" --seconds "${ROUND_SECONDS:-3}" --pairs "${PAIRS:-5}" \
    --idle-seconds "${IDLE_SECONDS:-10}" \
    --json "${BENCH_JSON:-docs/performance.json}" --page "${BENCH_PAGE:-docs/performance.md}" &
child=$!
# Who is told to end takes along what it made.
trap 'kill -TERM "$child" 2>/dev/null' INT TERM
status=0
wait "$child" || status=$?
while kill -0 "$child" 2>/dev/null; do wait "$child" || status=$?; done
exit "$status"
