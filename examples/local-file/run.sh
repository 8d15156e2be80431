#!/usr/bin/env bash
# Two ztunnels on loopback addresses, an application behind one, a request through the other. Needs no root.
#
#   ZTUNNEL=PATH   the program; else the debug build of this repository
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
ztunnel=${ZTUNNEL:-$here/../../.build/debug/ztunnel}
[ -x "$ztunnel" ] || { echo "run.sh: $ztunnel is not built; run 'swift build --product ztunnel', or set ZTUNNEL" >&2; exit 1; }
work=$(mktemp -d)
pids=()
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

"$here/certificates.sh" "$work"
cp "$here/mesh.yaml" "$work/mesh.yaml"

start() { # NAME ADDRESS
    XDS_ADDRESS='' LOCAL_XDS_PATH="$work/mesh.yaml" PROXY_WORKLOAD_INFO="demo/$1/$1" TULLE_LISTEN_ADDRESS="$2" \
        TULLE_CERT_FILE="$work/$1.pem" TULLE_KEY_FILE="$work/$1-key.pem" TULLE_ROOT_FILE="$work/root.pem" \
        ZTUNNEL_WORKER_THREADS=1 "$ztunnel" >"$work/$1.log" 2>&1 &
    pids+=($!)
}
start shell 127.1.0.1
start echo 127.1.0.2
python3 -m http.server 8080 --bind 127.1.0.2 --directory "$here" >/dev/null 2>&1 &
pids+=($!)

for address in 127.1.0.1 127.1.0.2; do
    for _ in $(seq 100); do
        TULLE_LISTEN_ADDRESS=$address "$ztunnel" healthcheck >/dev/null 2>&1 && break
        sleep 0.1
    done
done

echo "curl http://echo.demo.mesh.internal/mesh.yaml, through both ztunnels:"
for _ in $(seq 100); do
    curl -s --max-time 1 -o /dev/null http://127.1.0.2:8080/ && break
    sleep 0.1
done
answer=$(curl -sS --max-time 10 -x socks5h://127.1.0.1:15080 http://echo.demo.mesh.internal/mesh.yaml)
head -n 3 <<<"$answer"
echo
echo "echo's ztunnel saw, with both identities:"
for _ in $(seq 50); do
    grep -m 1 'direction="inbound"' "$work/echo.log" && exit 0
    sleep 0.1
done
cat "$work/echo.log" >&2
exit 1
