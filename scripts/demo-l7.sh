#!/usr/bin/env bash
# The L7 walkthrough on one machine, for root: a canary, a route by header, a policy by method, faults and retries.
#
#   TULLE_DEMO_SKIP_BUILD=1   take the binaries that are in out/, or those that TULLE_ZTUNNEL, … name
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
export PATH="$PWD/.venv/bin:$PWD/out:$PATH:/usr/sbin:/sbin"
if [ "${TULLE_DEMO_SKIP_BUILD:-}" != 1 ]; then
    mkdir -p out
    echo "• building release: ztunnel and waypoint (static), tulled, tulle, tulle-lab; the first time takes a while"
    scripts/build-release.sh ztunnel waypoint tulled tulle tulle-lab 2>&1 | tee out/build.log |
        { grep --line-buffered -E '^✓|error:' || true; }
fi
exec .venv/bin/python3 scripts/demo_l7.py
