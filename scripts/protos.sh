#!/usr/bin/env bash
# Our .proto files are the contract; most Swift messages in Sources/MeshProtos are written by hand against them, and
# the tests hold them against Python's protobuf. This checks that every file compiles for that oracle.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(mktemp -d)
trap 'rm -rf "$target"' EXIT
mapfile -t files < <(find Protos -name '*.proto' | sort)
if [ "${#files[@]}" -eq 0 ]; then echo "protos: no file under Protos" >&2; exit 1; fi
.venv/bin/python -m grpc_tools.protoc -I Protos --python_out="$target" "${files[@]}"
echo "protos: ${#files[@]} files compile"
# Those of our own package are written by a script: what is committed must be what it writes.
.venv/bin/python scripts/l7-messages.py
git diff --exit-code --stat -- Sources/MeshProtos/TulleL7
