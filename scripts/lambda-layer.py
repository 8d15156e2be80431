#!/usr/bin/env python3
"""Writes out/tulle-lambda-layer.zip: the layer with which a Lambda function gets its ztunnel.

Lambda starts what a layer has in `extensions`, and knows it by its file's name. The same program gives the same bytes. Two
arguments name another program and another file.
"""
import pathlib
import stat
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAME = "extensions/tulle-ztunnel"


def main() -> int:
    program = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "out/ztunnel"
    layer = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "out/tulle-lambda-layer.zip"
    if not program.is_file():
        print(f"lambda-layer: {program} is missing; run scripts/build-release.sh ztunnel first", file=sys.stderr)
        return 1
    entry = zipfile.ZipInfo(NAME, date_time=(2026, 1, 1, 0, 0, 0))
    entry.create_system = 3  # Unix: the mode counts
    entry.external_attr = (stat.S_IFREG | 0o755) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(layer, "w") as archive:
        archive.writestr(entry, program.read_bytes(), compresslevel=9)
    print(f"✓ {layer.name} ({layer.stat().st_size / 1024:.0f} KiB)", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
