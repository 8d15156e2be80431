#!/usr/bin/env bash
# Runs tests under a sanitizer: "address" (the default) or "thread". ROOMS are those with memory or threads of their own
# to be careless with; each is built with nothing but what it leans on, and into one folder, so that the next room finds
# what it shares with the one before.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-address}
case "$kind" in
    address | thread) ;;
    *) echo "sanitize: unknown sanitizer \"$kind\"; allowed: address, thread" >&2; exit 64 ;;
esac
read -r -a rooms <<<"${ROOMS:-MeshModel MeshProtos MeshYAML MeshXDS BoringTLS TunnelEngine}"
for room in "${rooms[@]}"; do
    if [ ! -d "Tests/${room}Tests" ]; then
        echo "sanitize: there is no room \"$room\" with tests" >&2
        exit 64
    fi
done
# For the few tests that mean nothing under a sanitizer.
export TULLE_SANITIZER="$kind"
# The sanitizers' run time prints its own traces.
export SWIFT_BACKTRACE=enable=no
# XCTest, which looks for tests of its kind and finds none, loses two objects and would fail every run.
known=$(mktemp)
trap 'rm -f "$known"' EXIT
printf 'leak:libXCTest.so\n' >"$known"
export LSAN_OPTIONS="suppressions=$known:print_suppressions=0"
for room in "${rooms[@]}"; do
    echo "• $room under the $kind sanitizer" >&2
    TULLE_TARGETS="${room}Tests" swift test --package-path "${SANITIZE_PACKAGE:-.}" \
        --scratch-path "${SANITIZE_SCRATCH:-.build/sanitize-$kind}" --sanitize="$kind" \
        --no-parallel --filter "${room}Tests"
done
