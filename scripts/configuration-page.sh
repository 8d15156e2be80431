#!/usr/bin/env bash
# Writes the parts of docs/configuration.md that tell what the code has: kinds, bounds, codes, fields.
# A test fails when the page is not what the code says.
set -euo pipefail
cd "$(dirname "$0")/.."
TULLE_WRITE_PAGES=1 swift test --no-parallel --filter ConfigurationPageTests
