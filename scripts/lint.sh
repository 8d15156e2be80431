#!/usr/bin/env bash
# Formatting, shell rules, and dashboards that are what their script writes. Changes nothing; "make format" repairs the
# first kind.
set -euo pipefail
cd "$(dirname "$0")/.."
swift format lint --strict --parallel --recursive Package.swift Sources Tests Fuzz Benchmarks
for script in scripts/*.sh scripts/*/*.sh .ci/run; do
    if [ -e "$script" ]; then bash -n "$script"; fi
done
if command -v shellcheck >/dev/null; then shellcheck -x scripts/*.sh .ci/run; fi
python3 deploy/grafana/make_dashboards.py --check
echo "lint: clean"
