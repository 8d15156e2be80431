#!/usr/bin/env python3
"""Writes out/SHA256SUMS and out/sbom.cdx.json for the release binaries that are in out/.

The second is a CycloneDX 1.5 document: each binary with its hash, and every package of Package.resolved with version,
revision and place. The same inputs give the same bytes. Two arguments name another directory and another Package.resolved.
"""
import hashlib
import json
import pathlib
import re
import sys
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
PRODUCTS = ["ztunnel", "waypoint", "tulled", "tulle", "tulle-lab"]
# Other people's code that is linked and stands in no Package.resolved of its own.
VENDORED = [
    ("BoringSSL", "in swift-nio-ssl and swift-crypto"),
    ("libyaml", "the system's static archive"),
    ("swift-runtime", "the toolchain's static libraries; Foundation in all but ztunnel and waypoint"),
    ("glibc", "the system's: its static archive in ztunnel and waypoint"),
]
# Linked with nothing but the vendored code; the others take everything.
DATA_PLANES = {"ztunnel", "waypoint"}


def version() -> str:
    text = (ROOT / "Sources/TulleCLI/Commands/VersionCommand.swift").read_text()
    return re.search(r'let version = "([^"]+)"', text).group(1)


def digest(path: pathlib.Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def package(pin: dict) -> dict:
    place = re.sub(r"\.git$", "", pin["location"])
    state = pin["state"]
    number = state.get("version") or state["revision"]
    return {
        "type": "library",
        "bom-ref": f"{pin['identity']}@{number}",
        "name": pin["identity"],
        "version": number,
        "purl": f"pkg:swift/{re.sub(r'^[a-z]+://', '', place)}@{number}",
        "externalReferences": [{"type": "vcs", "url": pin["location"], "comment": state["revision"]}],
    }


def main() -> int:
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "out"
    resolved = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "Package.resolved"
    binaries = {name: out / name for name in PRODUCTS if (out / name).is_file()}
    if not binaries:
        print(f"release-manifest: {out} holds no binary; run scripts/build-release.sh first", file=sys.stderr)
        return 1
    if not resolved.is_file():
        print(f"release-manifest: {resolved} is missing; a build writes it", file=sys.stderr)
        return 1
    hashes = {name: digest(path) for name, path in binaries.items()}
    sums = "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes))
    pins = json.loads(resolved.read_text())["pins"]
    programs = [
        {
            "type": "application",
            "bom-ref": f"tulle/{name}",
            "name": name,
            "version": version(),
            "hashes": [{"alg": "SHA-256", "content": hashes[name]}],
        }
        for name in sorted(hashes)
    ]
    libraries = sorted((package(pin) for pin in pins), key=lambda one: one["name"])
    libraries += [
        {"type": "library", "bom-ref": name, "name": name, "description": place} for name, place in VENDORED
    ]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": "tulle", "name": "tulle", "version": version()}},
        "components": programs + libraries,
        "dependencies": [
            {"ref": "tulle", "dependsOn": [one["bom-ref"] for one in programs]},
        ]
        + [
            {
                "ref": one["bom-ref"],
                "dependsOn": [
                    two["bom-ref"] for two in libraries if "purl" not in two or one["name"] not in DATA_PLANES
                ],
            }
            for one in programs
        ],
    }
    # Made from what is described, so that the same release has the same number.
    text = json.dumps(document, indent=2)
    document["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, text)}"
    (out / "SHA256SUMS").write_text(sums)
    (out / "sbom.cdx.json").write_text(json.dumps(document, indent=2) + "\n")
    print(f"✓ {out}/SHA256SUMS, {out}/sbom.cdx.json ({len(hashes)} programs, {len(libraries)} libraries)", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
