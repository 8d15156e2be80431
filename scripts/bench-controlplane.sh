#!/usr/bin/env bash
# Measures the control plane's serving side: 1,000, 3,000 and 10,000 workloads, CLIENTS (1,000) simulated data planes,
# CHANGES (60) changes each. Writes docs/controlplane-performance.json, and its table into docs/performance.md.
#
# Everything runs on this machine, over loopback, at a low priority: what else runs here is in the numbers, and the load is
# written down with them.
set -euo pipefail
cd "$(dirname "$0")/.."

read -r -a sizes <<<"${SIZES:-1000 3000 10000}"
clients=${CLIENTS:-1000}
changes=${CHANGES:-60}
json=docs/controlplane-performance.json
page=docs/performance.md

# A socket each in both processes, and some.
needed=$((clients + 512))
if [ "$(ulimit -Hn)" != unlimited ] && [ "$(ulimit -Hn)" -lt "$needed" ]; then
    echo "bench-controlplane: $clients data planes need $needed open files, the limit is $(ulimit -Hn)" >&2
    exit 69
fi

export TULLE_BENCH=1
build=(nice -n 10 swift build -c release --disable-index-store --scratch-path "${BENCH_SCRATCH:-.build/bench}"
    --product ControlPlaneBenchmark)
"${build[@]}"
program=$("${build[@]}" --show-bin-path)/ControlPlaneBenchmark

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
for size in "${sizes[@]}"; do
    echo "• $size workloads, $clients data planes, $changes changes" >&2
    nice -n 10 "$program" serve "$size" "$clients" "$changes" >"$results/$size.json"
done
python3 scripts/bench_controlplane.py "$json" "$page" "$results"/*.json
echo "bench-controlplane: $json and $page are written" >&2
