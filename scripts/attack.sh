#!/usr/bin/env bash
# Plays the attacks of Tests/Scenarios/test_attacks.py in their long form against the release binary. Needs root.
# TULLE_ATTACK_SCALE says how much more of everything (10).
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
if [ -z "${TULLE_ZTUNNEL:-}" ]; then
    scripts/build-release.sh ztunnel
    export TULLE_ZTUNNEL="$PWD/out/ztunnel"
fi
export TULLE_ATTACK_SCALE=${TULLE_ATTACK_SCALE:-10} PATH="$PWD/.venv/bin:$PATH"
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n --preserve-env); fi
exec "${as_root[@]}" .venv/bin/pytest -q -rs --durations=10 Tests/Scenarios/test_attacks.py "$@"
