#!/usr/bin/env bash
# build-release.sh PRODUCT…: release binaries into out/.
#
# All are linked a second time, stripped and with unused sections dropped. ztunnel and waypoint become one static file each
# (static-pie): only the objects of our own rooms and BoringSSL go in, with identical code folded; SwiftNIO is built because
# BoringSSL comes in its package, but no object of it is linked. Why, and what was measured: docs/decisions/0005.
#
# The others are whole: SwiftNIO, gRPC, Foundation and the Swift runtime go in, but the C library stays the system's. Foundation
# asks it for the owners of files, and for users that no file names it loads further libraries, which ends a static program.
#
#   TULLE_STATIC_PIE=0   link a classic static image at a fixed address instead (about 0.3 MiB less anonymous memory)
#   TULLE_SCRATCH=PATH   build in PATH and not in .build
#   TULLE_OUT=PATH       write into PATH and not into out
#   TULLE_SYMBOLS=1      keep symbols, for tools that name functions
#
# InstructionCounts, which is no product, is linked as the data planes are (scripts/instruction-counts.py).
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$#" -eq 0 ]; then
    echo "usage: scripts/build-release.sh PRODUCT…   (ztunnel, waypoint, tulled, tulle, tulle-lab)" >&2
    exit 64
fi

flags=(-c release --disable-index-store --scratch-path "${TULLE_SCRATCH:-.build}")
release=$(swift build "${flags[@]}" --show-bin-path)
out=${TULLE_OUT:-out}
mkdir -p "$out"
strip=(-Xlinker -s)
# Debug information goes in any case: valgrind of Debian 12 gives up on that of our compiler.
if [ "${TULLE_SYMBOLS:-0}" = 1 ]; then strip=(-Xlinker --strip-debug); fi

# Rooms in a data plane's closure; the same list stands in Tests/StructureTests, which fails when one is missing here.
# CLibYAML has no objects: it names the system's libyaml, of which the static archive is linked (docs/decisions/0006).
data_plane_rooms='ZTunnelMain|ZTunnel|WaypointMain|Waypoint|HTTPRouting|DataPlane|TunnelEngine|BoringTLS'
data_plane_rooms+='|CMeshLinux|AWSSignature|CLibYAML'
data_plane_rooms+='|MeshModel|MeshProtos|MeshTelemetry|MeshIdentity|MeshXDS|MeshDNS|MeshYAML|CNIOBoringSSL'

link_static() { # PRODUCT MODULE FLAGS…
    local product=$1 module=$2 objects="$release/$1.static.objects" why="$release/$1.static.why"
    grep -E "/($data_plane_rooms|$module)\.build/" "$release/$product.product/Objects.LinkFileList" >"$objects"
    if ! grep -q "/$module\.build/" "$objects"; then
        echo "build-release: $product.product/Objects.LinkFileList names no object of $module; nothing to link" >&2
        exit 1
    fi
    shift 2
    local pie=(-Xclang-linker -static-pie)
    if [ "${TULLE_STATIC_PIE:-1}" = 0 ]; then pie=(); fi
    # glibc warns that dlopen in a static program needs its shared libraries; the Swift runtime asks for it only
    # when an environment variable of its own debugging is set.
    swiftc -emit-executable -o "$out/$product" -module-name "$module" "@$objects" \
        -static-executable -use-ld=lld "${pie[@]}" -lstdc++ "$@" \
        -Xlinker --defsym -Xlinker "main=${module}_main" \
        -Xlinker --gc-sections -Xlinker -z -Xlinker nostart-stop-gc -Xlinker --icf=all "${strip[@]}" \
        -Xlinker "--why-extract=$why" -Xlinker --pack-dyn-relocs=relr -Xlinker -z -Xlinker relro -Xlinker -z -Xlinker now \
        2>&1 | { grep -v -E "statically linked applications requires at runtime|^$" >&2 || true; }
    test -x "$out/$product"
    # One call of String.contains(String) links the engine for regular expressions, a megabyte of code.
    if grep -q 'libswift_StringProcessing' "$why"; then
        echo "build-release: $product links Swift's regular expressions, asked for by:" >&2
        grep 'libswift_StringProcessing' "$why" | cut -f1,3 | head -n 5 >&2
        exit 1
    fi
}

# Foundation's parts name each other, and no import of ours names them all.
foundation=(-lFoundation -lFoundationEssentials -lFoundationInternationalization -lCoreFoundation)
foundation+=(-l_FoundationICU -l_FoundationCShims -l_FoundationCollections -ldispatch -lswiftDispatch -lBlocksRuntime -lz)

link_whole() { # PRODUCT MODULE
    local product=$1 module=$2 objects="$release/$1.product/Objects.LinkFileList"
    if ! grep -q "/$module\.build/" "$objects"; then
        echo "build-release: $objects names no object of $module; nothing to link" >&2
        exit 1
    fi
    swiftc -emit-executable -o "$out/$product" -module-name "$module" "@$objects" \
        -static-stdlib -use-ld=lld -lstdc++ "${foundation[@]}" \
        -Xlinker --defsym -Xlinker "main=${module}_main" \
        -Xlinker --gc-sections -Xlinker -z -Xlinker nostart-stop-gc "${strip[@]}" \
        -Xlinker -z -Xlinker relro -Xlinker -z -Xlinker now
}

for product in "$@"; do
    rm -f "$out/$product"
    swift build "${flags[@]}" --product "$product"
    case "$product" in
        ztunnel) link_static ztunnel ZTunnelMain ;;
        waypoint) link_static waypoint WaypointMain ;;
        tulled) link_whole tulled TulledMain ;;
        tulle) link_whole tulle TulleMain ;;
        tulle-lab) link_whole tulle-lab TulleLabMain ;;
        # It has a clock of its own.
        InstructionCounts)
            link_static InstructionCounts InstructionCounts -Xlinker --wrap=clock_gettime
            ;;
        *)
            echo "build-release: no product \"$product\"" >&2
            exit 64
            ;;
    esac
    printf '✓ %s/%s (%s)\n' "$out" "$product" "$(du -h --apparent-size "$out/$product" | cut -f1)" >&2
done
