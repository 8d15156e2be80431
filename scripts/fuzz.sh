#!/usr/bin/env bash
# Runs the fuzz targets under libFuzzer with AddressSanitizer: all of them, or those named. FUZZ_SECONDS a target.
# What crashes one is written to Fuzz/Crashers/<target>; the Swift tests replay it from then on.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${FUZZ_SECONDS:-60}
jobs=${FUZZ_JOBS:-$(nproc)}
case "$seconds" in
    '' | *[!0-9]*) echo "fuzz: FUZZ_SECONDS is \"$seconds\"; allowed: whole seconds" >&2; exit 64 ;;
esac

package=${FUZZ_PACKAGE:-.}
build=(swift build --package-path "$package" --scratch-path "${FUZZ_SCRATCH:-.build/fuzz}" -c release
    -Xswiftc "-sanitize=fuzzer,address" --product FuzzRunner)
export TULLE_FUZZ=1
"${build[@]}" 2>&1 | { grep -v 'Cannot export local symbol' || true; }
runner=$("${build[@]}" --show-bin-path)/FuzzRunner

# The backtracer would read the debug information of the whole program for every crash.
export SWIFT_BACKTRACE=enable=no
mapfile -t known < <("$runner" list)
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then targets=("${known[@]}"); fi
for target in "${targets[@]}"; do
    if ! printf '%s\n' "${known[@]}" | grep -qx -- "$target"; then
        echo "fuzz: unknown target \"$target\"; allowed: ${known[*]}" >&2
        exit 64
    fi
done

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# One target: finds are kept in a cache outside of the repository, so that the next run goes on from there.
run() {
    local target=$1 cache=".build/fuzz-corpus/$1" found="Fuzz/Crashers/$1" status=0
    mkdir -p "$cache" "$found"
    TULLE_FUZZ_TARGET=$target timeout -k 5 $((seconds + 60)) "$runner" \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=256 -max_len=70000 \
        -use_value_profile=1 -print_final_stats=1 -artifact_prefix="$found/" \
        "$cache" "Fuzz/Corpus/$target" </dev/null >"$logs/$target" 2>&1 || status=$?
    rmdir "$found" 2>/dev/null || true
    local runs coverage
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$logs/$target")
    coverage=$(grep -o 'cov: [0-9]*' "$logs/$target" | tail -n 1 || true)
    if [ "$status" -eq 0 ]; then
        printf '%-24s %12s inputs  %s\n' "$target" "${runs:-0}" "$coverage"
    else
        printf '%-24s FAILED with status %s, see %s\n' "$target" "$status" "$found"
        grep -E 'violation|SUMMARY|ERROR|Fatal|fatal' "$logs/$target" | head -n 8 | sed 's/^/    /'
        touch "$logs/failed"
    fi
}

for target in "${targets[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n || true; done
    run "$target" &
done
wait
if [ -e "$logs/failed" ]; then exit 1; fi
