#!/usr/bin/env bash
# Runs the tunnel engine's tests under a sanitizer: "address" (the default) or "thread". Builds in a folder of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-address}
case "$kind" in
    address | thread) ;;
    *) echo "sanitize: unknown sanitizer \"$kind\"; allowed: address, thread" >&2; exit 64 ;;
esac
# The sanitizers' run time prints its own traces.
export SWIFT_BACKTRACE=enable=no
exec swift test --package-path "${SANITIZE_PACKAGE:-.}" --scratch-path "${SANITIZE_SCRATCH:-.build/sanitize-$kind}" \
    --sanitize="$kind" --no-parallel --filter TunnelEngineTests
