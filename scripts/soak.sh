#!/usr/bin/env bash
# Lets two ztunnels of the release build carry mixed load for SOAK_SECONDS (600), and checks that descriptors, memory
# and timers stay flat after the warm-up. Prints its figures. Needs root.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
if [ -z "${TULLE_ZTUNNEL:-}" ]; then
    scripts/build-release.sh ztunnel
    export TULLE_ZTUNNEL="$PWD/out/ztunnel"
fi
export SOAK_SECONDS=${SOAK_SECONDS:-600} PATH="$PWD/.venv/bin:$PATH"
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n --preserve-env); fi
exec "${as_root[@]}" .venv/bin/pytest -q -s -rs Tests/Scenarios/soak.py "$@"
